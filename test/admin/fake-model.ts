/** A running system that stands still: two hostnames of a small placement on one of two fleets, two proxies. Tests alter what they ask about. */
import type { AdminModel, FleetFacts, ProxyFacts, ResourceDelivery } from "../../src/admin/model.ts";
import { explainPlacement } from "../../src/placement/explain-placement.ts";
import { viewOf } from "../../src/placement/exposure.ts";
import type { FleetView } from "../../src/placement/fleet.ts";
import { findWorkloads, workloadsOf } from "../../src/placement/lookup.ts";
import { Placer } from "../../src/placement/placer.ts";
import type { DeploymentRecord, HostRecord, PlacementRecord, WorkloadRecord } from "../../src/placement/records.ts";
import type { ProxyClient, ProxyLabel, Rejection } from "../../src/xds/observer.ts";

const AGE = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A host at 10.0.0.<last>:8080. */
export function host(last: number): HostRecord {
  return {
    ...{
      kind: "Host",
      namespace: "wasmcloud",
      name: `host-${last}`,
      hostId: `id-${last}`,
      age: { at: AGE, order: "" },
    },
    ...{ addresses: [`10.0.0.${last}:8080`], hostGroup: "", environment: "", ready: "True" },
    ...{ deleting: false, held: false },
  };
}

/** A workload of namespace shop on host 1, unless told otherwise. */
export function workload(name: string, hostname: string, other: Partial<WorkloadRecord> = {}): WorkloadRecord {
  return {
    ...{ kind: "Workload", namespace: "shop", name, uid: `uid-${name}`, age: { at: AGE, order: "" } },
    marks: { labels: {}, annotations: {} },
    registration: {
      ...{ names: [{ hostname: hostname.toLowerCase(), spelling: hostname }], operatorAlias: undefined },
      ...{ hostGroup: "", environment: "" },
    },
    ...{ replicaSet: undefined, goneDeployment: undefined, hostId: "id-1", workloadId: `uid-${name}`, environment: "" },
    ...{ placed: true, ready: true, deleting: false, stopped: false, gone: false, held: false },
    ...other,
  };
}

/** A deployment of namespace shop without replicas. */
export function deployment(name: string, hostname: string): DeploymentRecord {
  const { marks, registration, age } = workload(name, hostname);
  return {
    ...{ kind: "WorkloadDeployment", namespace: "shop", name, age, marks, registration },
    ...{ currentReplicaSet: "", deleting: false },
  };
}

const everything: FleetView["exposes"] = {
  ...{ namespaces: [], hostnames: [], labels: {}, annotations: {}, environments: [], hostGroups: [] },
};

/** What stands in the model beside the records. */
export interface FakeFacts {
  readonly records: readonly PlacementRecord[];
  readonly denied?: readonly string[];
  readonly changes?: Partial<AdminModel>;
}

/** The model over records: fleet `public` exposes everything, fleet `internal` only namespace `staff`. */
export function fakeModel({ records, denied = [], changes = {} }: FakeFacts): AdminModel {
  const placer = new Placer({ ownership: denied.map((domain) => ({ domain, namespaces: ["admins"] })) });
  placer.apply(records.map((put) => ({ put })));
  const views: readonly FleetView[] = [
    { name: "public", exposes: everything, contaminated: "refuse" },
    { name: "internal", exposes: { ...everything, namespaces: ["staff"] }, contaminated: "refuse" },
  ];
  const fleets = views.map((view): FleetFacts => {
    const seen = [...placer.placement.values()].flatMap((placed) => viewOf(view, placed) ?? []);
    return {
      name: view.name,
      contaminated: view.contaminated,
      exposed: new Map(seen.map((exposed) => [exposed.hostname, exposed])),
    };
  });
  const proxies = [proxy(1), proxy(2)];
  return {
    ...{ version: "1.2.3", startedAtMs: AGE, placement: placer.placement },
    readiness: () => ({ ready: true }),
    stale: () => undefined,
    explainPlacement: (hostname) => explainPlacement(hostname, placer),
    findWorkloads: (query) => findWorkloads(query, placer),
    workloadsOf: (hostname) => workloadsOf(hostname, placer),
    problems: () => placer.problems(),
    translationProblems: () => [],
    fleets: () => fleets,
    proxies: () => proxies,
    statuses: () => [],
    unassigned: () => [],
    deliveries: (hostname) => [delivery(hostname, "acknowledged")],
    standings: function* (hostnames) {
      for (const _ of hostnames) yield;
      return hostnames.map(() => [{ fleet: "public", proxies: 2, acknowledged: 1 }]);
    },
    ...changes,
  };
}

/** The hostname's cluster at both proxies; the second has come as far as told. */
export function delivery(hostname: string, second: "acknowledged" | "withheld" | "rejected"): ResourceDelivery {
  return {
    ...{ fleet: "public", type: "type.googleapis.com/envoy.config.cluster.v3.Cluster", name: hostname },
    deliveries: [
      { proxy: proxy(1), state: "acknowledged" },
      { proxy: proxy(2), state: second },
    ],
  };
}

/** A proxy that no fleet admits. */
export function stranger(id: string): ProxyClient {
  const node = { id, cluster: "lost", metadata: new Map([["zone", "b"]]) };
  return {
    node: { ...node, userAgentName: "envoy", userAgentVersion: "1.40.0" },
    ...{ peer: "127.0.0.1:50001", names: ["DNS:lost.test"], transport: "ads-delta", authority: "signalbox" },
  };
}

/** A proxy of fleet public that has everything, but for what it rejected. */
export function proxy(serial: number, rejected: readonly Rejection[] = []): ProxyFacts {
  const label: ProxyLabel = {
    ...{ serial, peer: `127.0.0.1:${40_000 + serial}`, transport: "ads-delta", fleet: "public" },
    ...{ authority: "signalbox", names: undefined },
    node: {
      ...{ id: `edge-${serial}`, cluster: "edge", metadata: new Map([["zone", "a"]]) },
      ...{ userAgentName: "envoy", userAgentVersion: "1.40.0" },
    },
  };
  return {
    ...label,
    ...{ layout: "rds", connectedAtMs: AGE + serial, streams: 1 },
    types: [
      {
        ...{
          type: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
          wildcard: true,
          subscribed: 2,
          acknowledged: 2,
        },
        ...{ withheld: 0, leaving: 0, pending: 0, oldestPendingMs: undefined, rejected },
      },
    ],
  };
}
