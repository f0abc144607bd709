/** Records over an alphabet so small that everything collides: names, hostIds, addresses, ages, owners. */
import fc from "fast-check";
import type { Exposure, FleetView } from "../../src/placement/fleet.ts";
import type { PlacementPolicy } from "../../src/placement/policy.ts";
import type {
  DeploymentRecord,
  HostRecord,
  ObjectMarks,
  PlacementRecord,
  RecordChange,
  Registration,
  ReplicaSetRecord,
  WorkloadRecord,
} from "../../src/placement/records.ts";

const of = <const V>(...values: readonly V[]): fc.Arbitrary<V> => fc.constantFrom(...values);
/** Ordinary objects, as deepEqual wants them. */
const shape = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(fields, { noNullPrototype: true });
/** True once in four. */
const seldom = of(true, false, false, false);
const age = shape({ at: of(0, 1, 2), order: of("", "x") });
const marks: fc.Arbitrary<ObjectMarks> = shape({
  labels: of<Record<string, string>>({}, { tier: "public" }, { tier: "private", app: "a" }),
  annotations: of<Record<string, string>>({}, { note: "1" }),
});

const registration: fc.Arbitrary<Registration> = shape({
  names: fc
    .subarray(["A.test", "a.test", "b.test", "svc.a"])
    .map((spellings) => spellings.map((spelling) => ({ hostname: spelling.toLowerCase(), spelling })))
    .map((names) => names.filter((name, i) => names.findIndex(({ hostname }) => hostname === name.hostname) === i)),
  operatorAlias: of(undefined, undefined, "svc.a"),
  hostGroup: of("", "g1", "g2"),
  environment: of("", "e1"),
});

const host: fc.Arbitrary<HostRecord> = shape({
  kind: of("Host"),
  namespace: of("", "system"),
  name: of("h1", "h2", "h3"),
  age,
  hostId: of("i1", "i2", "i3", ""),
  addresses: fc.subarray(["10.0.0.1:80", "10.0.0.2:80"]),
  hostGroup: of("", "g1"),
  environment: of("", "e2"),
  ready: of("True", "True", "Unknown", "False"),
  deleting: seldom,
  held: seldom,
});

const anyWorkload: fc.Arbitrary<WorkloadRecord> = shape({
  kind: of("Workload"),
  namespace: of("a", "b"),
  name: of("w1", "w2", "w3"),
  age,
  uid: of("u1", "u2"),
  marks,
  registration,
  replicaSet: of(undefined, "rs1", "rs2"),
  hostId: of("i1", "i1", "i2", "i3", ""),
  workloadId: of("u1", "u2", ""),
  environment: of("", "e1"),
  placed: of(true, true, true, false),
  ready: of(true, true, true, false),
  deleting: seldom,
  stopped: seldom,
  gone: seldom,
  goneDeployment: of(undefined, undefined, "d1"),
  held: seldom,
});

/** An operator's alias ends with the workload's own namespace. */
const workload = anyWorkload.map((record): WorkloadRecord => {
  const { namespace, registration } = record;
  const operatorAlias = registration.operatorAlias && `svc.${namespace}`;
  return { ...record, registration: { ...registration, operatorAlias } };
});

const replicaSet: fc.Arbitrary<ReplicaSetRecord> = shape({
  kind: of("WorkloadReplicaSet"),
  namespace: of("a", "b"),
  name: of("rs1", "rs2"),
  age,
  marks,
  registration,
  deployment: of(undefined, "d1"),
  ready: of(true, true, false),
  deleting: seldom,
});

const deployment: fc.Arbitrary<DeploymentRecord> = shape({
  kind: of("WorkloadDeployment"),
  namespace: of("a", "b"),
  name: of("d1"),
  age,
  marks,
  registration,
  currentReplicaSet: of("", "rs1", "rs2"),
  deleting: seldom,
});

export const record: fc.Arbitrary<PlacementRecord> = fc.oneof(
  { arbitrary: host, weight: 3 },
  { arbitrary: workload, weight: 5 },
  { arbitrary: replicaSet, weight: 2 },
  { arbitrary: deployment, weight: 1 },
);

export const change: fc.Arbitrary<RecordChange> = fc.tuple(record, seldom).map(([put, gone]) => {
  const { kind, namespace, name } = put;
  return gone ? { remove: { kind, namespace, name } } : { put };
});

export const policy: fc.Arbitrary<PlacementPolicy> = shape({
  ownership: fc.array(shape({ domain: of("a.test", "*.test", "*.a", "svc.a"), namespaces: fc.subarray(["a", "b"]) }), {
    maxLength: 3,
  }),
});

const exposes: fc.Arbitrary<Exposure> = shape({
  namespaces: fc.subarray(["a", "b"]),
  hostnames: of<string[]>([], [], ["*.test"], ["a.test", "*.a"]),
  labels: of<Record<string, string>>({}, {}, { tier: "public" }),
  annotations: of<Record<string, string>>({}, {}, { note: "1" }),
  environments: of<string[]>([], [], ["e1"], ["", "e2"]),
  hostGroups: of<string[]>([], [], ["g1"]),
});

export const view: fc.Arbitrary<FleetView> = shape({
  name: of("fleet"),
  exposes,
  contaminated: of("refuse", "serve"),
});

/** What is there after the changes. */
export function recordsAfter(changes: readonly RecordChange[]): PlacementRecord[] {
  const records = new Map<string, PlacementRecord>();
  for (const step of changes) {
    const { kind, namespace, name } = "put" in step ? step.put : step.remove;
    const key = JSON.stringify([kind, namespace, name]);
    if ("put" in step) records.set(key, step.put);
    else records.delete(key);
  }
  return [...records.values()];
}
