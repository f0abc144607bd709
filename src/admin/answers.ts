/** What the admin room answers, over HTTP and gRPC alike: the messages of proto/signalbox/admin/v1, with times as Date. Each is made here from the model. */
import type { ExposedHostname } from "../placement/fleet.ts";
import type { WorkloadEntry } from "../placement/lookup.ts";
import type { Claim, HostnamePlacement, PlacedReplica } from "../placement/placement.ts";
import { type Problem, type Subject, subjectText } from "../placement/problem.ts";
import type { ProxyClient, Rejection, TypeSnapshot } from "../xds/observer.ts";
import type { AdminModel, FleetFacts, FleetStanding, ProxyFacts } from "./model.ts";

/** Message GetStatusResponse. */
export interface StatusAnswer {
  readonly version: string;
  readonly startedAt: Date;
  readonly ready: boolean;
  readonly waitingFor: readonly string[];
  readonly stale: string;
  readonly hostnames: number;
  readonly problems: number;
  readonly fleets: readonly FleetAnswer[];
  readonly unassigned: number;
}

/** Message FleetStatus. */
interface FleetAnswer {
  readonly name: string;
  readonly hostnames: number;
  readonly withoutEndpoint: number;
  readonly proxies: number;
  readonly current: number;
}

/** Whether this replica serves, from what, and how much. */
export function statusAnswer(model: AdminModel): StatusAnswer {
  const readiness = model.readiness();
  const proxies = model.proxies();
  return {
    version: model.version,
    startedAt: new Date(model.startedAtMs),
    ready: readiness.ready,
    waitingFor: readiness.ready ? [] : readiness.waitingFor,
    stale: model.stale()?.because ?? "",
    hostnames: model.placement.size,
    problems: model.problems().length,
    fleets: model.fleets().map((fleet) => fleetAnswer(fleet, proxies)),
    unassigned: model.unassigned().length,
  };
}

function fleetAnswer({ name, exposed }: FleetFacts, all: readonly ProxyFacts[]): FleetAnswer {
  const proxies = all.filter(({ fleet }) => fleet === name);
  let withoutEndpoint = 0;
  for (const { endpoints } of exposed.values()) if (endpoints.length === 0) withoutEndpoint += 1;
  return {
    name,
    hostnames: exposed.size,
    withoutEndpoint,
    proxies: proxies.length,
    current: proxies.filter(isCurrent).length,
  };
}

/** True for a proxy that has acknowledged everything there is for it. What it still has for the grace of a removal is no longer there for it. */
export function isCurrent({ types }: ProxyFacts): boolean {
  return types.every(({ subscribed, acknowledged, withheld, pending, rejected }) => {
    return acknowledged === subscribed && withheld === 0 && pending === 0 && rejected.length === 0;
  });
}

/** Message Hostname. */
export interface HostnameAnswer {
  readonly hostname: string;
  readonly owner: string;
  readonly claims: readonly ClaimAnswer[];
  readonly replicas: readonly ReplicaAnswer[];
  readonly fleets: readonly OnFleetAnswer[];
}

/** Message HostnameOnFleet. */
interface OnFleetAnswer {
  readonly fleet: string;
  readonly endpoints: readonly EndpointAnswer[];
  readonly proxies: number;
  readonly acknowledged: number;
}

/** Message Claim. */
interface ClaimAnswer {
  readonly object: string;
  readonly root: string;
  readonly since: Date | undefined;
  readonly spelling: string;
  readonly verdict: string;
}

/** Message Replica. */
interface ReplicaAnswer {
  readonly workload: string;
  readonly workloadId: string;
  readonly host: string;
  readonly hostGroup: string;
  readonly address: string;
  readonly phase: string;
  readonly contaminated: boolean;
}

/** Message Endpoint. */
interface EndpointAnswer {
  readonly address: string;
  readonly phase: string;
  readonly weight: number;
  readonly authority: string;
  readonly workloadId: string;
}

/** Hostnames with everything that serves each, found in steps as `standings` is; names that nobody claims are left out. */
export function* hostnameAnswers(
  names: readonly string[],
  model: AdminModel,
): Generator<undefined, readonly HostnameAnswer[]> {
  const standings = yield* model.standings(names);
  const fleets = model.fleets();
  const answers: HostnameAnswer[] = [];
  for (const [at, name] of names.entries()) {
    const placed = model.placement.get(name);
    if (placed !== undefined) answers.push(hostnameAnswer(placed, fleets, standings[at] ?? []));
    if (at % ANSWERS_AT_ONCE === 0) yield;
  }
  return answers;
}

/** Answers that take about a tenth of a millisecond together. */
const ANSWERS_AT_ONCE = 10;

function hostnameAnswer(
  placed: HostnamePlacement,
  fleets: readonly FleetFacts[],
  standings: readonly FleetStanding[],
): HostnameAnswer {
  const { hostname, owner = "", claims, replicas } = placed;
  const onFleets = fleets.flatMap(({ name, exposed }) => {
    const seen = exposed.get(hostname);
    if (seen === undefined) return [];
    const { proxies = 0, acknowledged = 0 } = standings.find(({ fleet }) => fleet === name) ?? {};
    return [{ fleet: name, endpoints: seen.endpoints.map(endpointAnswer), proxies, acknowledged }];
  });
  return { hostname, owner, claims: claims.map(claimAnswer), replicas: replicas.map(replicaAnswer), fleets: onFleets };
}

function claimAnswer({ kind, namespace, name, root, at, spelling, verdict }: Claim): ClaimAnswer {
  return {
    object: `${kind} ${namespace}/${name}`,
    root: `${root.kind}/${root.name}`,
    since: at === 0 ? undefined : new Date(at),
    spelling,
    verdict,
  };
}

function replicaAnswer(replica: PlacedReplica): ReplicaAnswer {
  const { workload, workloadId, hostName, hostGroup, address, phase, contaminated } = replica;
  return { workload, workloadId, host: hostName, hostGroup, address, phase, contaminated };
}

function endpointAnswer({ address, phase, weight, authority, workloadId = "" }: Endpoint): EndpointAnswer {
  return { address, phase, weight, authority, workloadId };
}

type Endpoint = ExposedHostname["endpoints"][number];

/** Message Workload. */
export interface WorkloadAnswer {
  readonly namespace: string;
  readonly name: string;
  readonly workloadId: string;
  readonly root: string;
  readonly hostId: string;
  readonly host: string;
  readonly addresses: readonly string[];
  readonly phase: string;
  readonly because: string;
  readonly hostnames: WorkloadEntry["hostnames"];
}

/** One workload with the hostnames it registers. */
export function workloadAnswer(workload: WorkloadEntry): WorkloadAnswer {
  const { namespace, name, workloadId, root, hostId, hostName, addresses, phase, because, hostnames } = workload;
  const rootText = `${root.kind}/${root.name}`;
  return { namespace, name, workloadId, root: rootText, hostId, host: hostName, addresses, phase, because, hostnames };
}

/** Message Proxy. */
export interface ProxyAnswer {
  readonly serial: number;
  readonly nodeId: string;
  readonly nodeCluster: string;
  readonly fleet: string;
  readonly peer: string;
  readonly names: readonly string[];
  readonly transport: string;
  readonly layout: string;
  readonly userAgent: string;
  readonly connectedAt: Date;
  readonly streams: number;
  readonly types: readonly ProxyTypeAnswer[];
}

/** Message ProxyType. */
interface ProxyTypeAnswer {
  readonly type: string;
  readonly subscribed: number;
  readonly acknowledged: number;
  readonly withheld: number;
  readonly leaving: number;
  readonly pending: number;
  readonly oldestPendingMs: number;
  readonly rejected: readonly RejectionAnswer[];
}

/** Message Rejection. */
interface RejectionAnswer {
  readonly name: string;
  readonly version: string;
  readonly object: string;
  readonly detail: string;
  readonly kept: string;
}

/** Message UnassignedProxy. */
export interface UnassignedAnswer {
  readonly nodeId: string;
  readonly nodeCluster: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly peer: string;
  readonly names: readonly string[];
  readonly transport: string;
  readonly userAgent: string;
}

/** One proxy without a fleet, by what `proxies` of a fleet selects. */
export function unassignedAnswer({ node, peer, names = [], transport }: ProxyClient): UnassignedAnswer {
  const { id: nodeId, cluster: nodeCluster, metadata } = node;
  const said = { nodeId, nodeCluster, metadata: Object.fromEntries(metadata), userAgent: userAgentOf(node) };
  return { ...said, peer, names, transport };
}

/** `envoy 1.40.0`. */
function userAgentOf({ userAgentName, userAgentVersion }: ProxyClient["node"]): string {
  return `${userAgentName} ${userAgentVersion}`.trim();
}

/** One proxy and how far it has come. */
export function proxyAnswer(proxy: ProxyFacts): ProxyAnswer {
  const { serial, node, fleet, peer, names = [], transport, layout, connectedAtMs, streams, types } = proxy;
  return {
    ...{ serial, nodeId: node.id, nodeCluster: node.cluster, fleet, peer, names, transport, layout },
    userAgent: userAgentOf(node),
    connectedAt: new Date(connectedAtMs),
    streams,
    types: types.map(typeAnswer),
  };
}

function typeAnswer(facts: TypeSnapshot): ProxyTypeAnswer {
  const { type, subscribed, acknowledged, withheld, leaving, pending, oldestPendingMs = 0, rejected } = facts;
  const oldest = Math.round(oldestPendingMs);
  return {
    ...{ type: shortType(type), subscribed, acknowledged, withheld, leaving, pending, oldestPendingMs: oldest },
    rejected: rejected.map(rejectionAnswer),
  };
}

function rejectionAnswer({ name, version, subject, detail, kept = "" }: Rejection): RejectionAnswer {
  return { name, version, object: subject === undefined ? "" : subjectText(subject), detail, kept };
}

/** `Cluster` of `type.googleapis.com/envoy.config.cluster.v3.Cluster`: what people call it. */
export function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
}

/** Message Problem. */
export interface ProblemAnswer {
  readonly code: string;
  readonly subject: string;
  readonly cause: string;
  readonly remedy: string;
  readonly place: string;
}

/** One problem, its subject in a phrase. */
export function problemAnswer({ code, subject, cause, remedy, place = "" }: Problem): ProblemAnswer {
  return { code, subject: subjectText(subject satisfies Subject), cause, remedy, place };
}
