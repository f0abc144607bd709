/** What one fleet sees of a hostname (rules 4, 7, 8). */
import type { Endpoint, ExposedHostname, Exposure, FleetView } from "./fleet.ts";
import { covers } from "./hostname-pattern.ts";
import type { Claim, HostnamePlacement, PlacedReplica } from "./placement.ts";
import { compareAge, type ObjectMarks } from "./records.ts";

/**
 * The hostname as the fleet exposes it; undefined if the fleet admits neither a claim nor a replica of its owner: the hostname is unknown there.
 * Ownership is decided before: a fleet never sees a loser, also where it does not admit the owner.
 */
export function viewOf(
  { exposes, contaminated }: FleetView,
  placement: HostnamePlacement,
): ExposedHostname | undefined {
  const { hostname, owner, protocolGroup, claims, replicas } = placement;
  if (owner === undefined || !admitsName(exposes, hostname, owner)) return undefined;
  const admitted = replicas.filter((replica) => admitsObject(exposes, replica));
  const exists =
    admitted.length > 0 || claims.some((claim) => claim.verdict === "owner" && admitsObject(exposes, claim));
  if (!exists) return undefined;
  const endpoints = byAddress(admitted).map((group) => endpointOf(group, replicas));
  return { hostname, owner, protocolGroup, endpoints: select(endpoints, contaminated).map(({ endpoint }) => endpoint) };
}

/** Replicas of one address, at least one. */
type AddressGroup = readonly [PlacedReplica, ...PlacedReplica[]];

/** An endpoint, and whose answers it gives: the owner's alone by name or by an alias of its own, or a loser's among them. */
interface Candidate {
  readonly endpoint: Endpoint;
  readonly answers: "clean" | "clean-by-alias" | "mixed";
}

function admitsName({ namespaces, hostnames }: Exposure, hostname: string, owner: string): boolean {
  return (
    admitsValue(namespaces, owner) && (hostnames.length === 0 || hostnames.some((pattern) => covers(pattern, hostname)))
  );
}

/** What differs between the owner's objects. Strict: an object that names no environment or host group is not admitted by a selector for them. */
function admitsObject(exposes: Exposure, { marks, environment, hostGroup }: Claim | PlacedReplica): boolean {
  return (
    admitsValue(exposes.environments, environment) &&
    admitsValue(exposes.hostGroups, hostGroup) &&
    admitsMarks(exposes, marks)
  );
}

function admitsValue(selector: readonly string[], value: string): boolean {
  return selector.length === 0 || selector.includes(value);
}

function admitsMarks({ labels, annotations }: Exposure, marks: ObjectMarks): boolean {
  return isSubset(labels, marks.labels) && isSubset(annotations, marks.annotations);
}

function isSubset(pairs: Readonly<Record<string, string>>, of: Readonly<Record<string, string>>): boolean {
  for (const key in pairs) if (!Object.hasOwn(of, key) || of[key] !== pairs[key]) return false;
  return true;
}

/** Groups replicas that are sorted by address. */
function byAddress(replicas: readonly PlacedReplica[]): readonly AddressGroup[] {
  const groups: [PlacedReplica, ...PlacedReplica[]][] = [];
  for (const replica of replicas) {
    const last = groups.at(-1);
    if (last !== undefined && last[0].address === replica.address) last.push(replica);
    else groups.push([replica]);
  }
  return groups;
}

/**
 * Rule 7, best first: if an address answers cleanly and is ready, mixed ones are left out; if one does so by an alias only, those without are;
 * else the fleet's policy decides over mixed ones. Clean draining addresses stay, but stand for nobody: they may stop within milliseconds.
 */
function select(candidates: readonly Candidate[], policy: FleetView["contaminated"]): readonly Candidate[] {
  const ready = (wanted: Candidate["answers"]) =>
    candidates.some(({ endpoint, answers }) => answers === wanted && endpoint.phase === "ready");
  if (ready("clean")) return candidates.filter(({ answers }) => answers === "clean");
  if (ready("clean-by-alias") || policy === "refuse") return candidates.filter(({ answers }) => answers !== "mixed");
  return candidates;
}

/** Rule 4: ready with the number of its ready replicas if there is one, else draining with the number of all. */
function endpointOf(group: AddressGroup, all: readonly PlacedReplica[]): Candidate {
  const ready = group.filter(({ phase }) => phase === "ready");
  const [speaker, ...others] = ready.length > 0 ? ready : group;
  const { address, spelling, operatorAlias, workloadId, hostId, hostGroup, contaminated } = others.reduce(
    older,
    speaker ?? group[0],
  );
  const aliased = contaminated && group.every((replica) => replica.operatorAlias !== undefined);
  const answers = !contaminated ? "clean" : aliased ? "clean-by-alias" : "mixed";
  // The host picks among everything it has under the name, admitted here or not, so only a replica alone on its address can be named.
  const alone = answers !== "mixed" && all.filter((replica) => replica.address === address).length === 1;
  const endpoint: Endpoint = {
    address,
    phase: ready.length > 0 ? "ready" : "draining",
    authority: aliased ? (operatorAlias ?? spelling) : spelling,
    weight: ready.length > 0 ? ready.length : group.length,
    workloadId: alone && workloadId !== "" ? workloadId : undefined,
    hostId,
    hostGroup,
  };
  return { endpoint, answers };
}

/** The older of two replicas, the first of two as old. Of those that get the traffic, the oldest changes least. */
function older(a: PlacedReplica, b: PlacedReplica): PlacedReplica {
  return compareAge(b.age, a.age) < 0 ? b : a;
}
