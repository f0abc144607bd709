/** Records as tests need them: complete, healthy and placed unless a test says otherwise. */
import type {
  DeploymentRecord,
  HostRecord,
  PlacementRecord,
  RecordChange,
  Registration,
  ReplicaSetRecord,
  WorkloadRecord,
} from "../../src/placement/records.ts";

export const NO_MARKS = { labels: {}, annotations: {} };

/** What a spec that serves these names registers: written `Shop.test`, it is compared as `shop.test`. */
export function serves(...spellings: readonly string[]): Registration {
  const names = spellings.map((spelling) => ({ hostname: spelling.toLowerCase(), spelling }));
  return { names, operatorAlias: undefined, hostGroup: "", environment: "" };
}

/** A Host `h1` has hostId `id-h1` and an address of its own. */
export function host(name: string, differing: Partial<HostRecord> = {}): HostRecord {
  const record: HostRecord = {
    kind: "Host",
    namespace: "system",
    name,
    age: { at: 1, order: "" },
    hostId: `id-${name}`,
    addresses: [`10.0.0.${name.replaceAll(/\D/g, "") || "9"}:80`],
    hostGroup: "default",
    environment: "",
    ready: "True",
    deleting: false,
    held: false,
  };
  return { ...record, ...differing };
}

/** `workload("shop/cart-1", "h1")` is a ready replica of `a.test` on Host h1. */
export function workload(path: string, on: string, differing: Partial<WorkloadRecord> = {}): WorkloadRecord {
  const [namespace = "", name = ""] = path.split("/");
  const record: WorkloadRecord = {
    kind: "Workload",
    namespace,
    name,
    age: { at: 100, order: "" },
    uid: `uid-${namespace}-${name}`,
    marks: NO_MARKS,
    registration: serves("a.test"),
    replicaSet: undefined,
    hostId: on === "" ? "" : `id-${on}`,
    workloadId: `uid-${namespace}-${name}`,
    environment: "",
    placed: true,
    ready: true,
    deleting: false,
    stopped: false,
    gone: false,
    goneDeployment: undefined,
    held: false,
  };
  return { ...record, ...differing };
}

export function replicaSet(path: string, differing: Partial<ReplicaSetRecord> = {}): ReplicaSetRecord {
  const [namespace = "", name = ""] = path.split("/");
  const record: ReplicaSetRecord = {
    kind: "WorkloadReplicaSet",
    namespace,
    name,
    age: { at: 50, order: "" },
    marks: NO_MARKS,
    registration: serves("a.test"),
    deployment: undefined,
    ready: true,
    deleting: false,
  };
  return { ...record, ...differing };
}

export function deployment(path: string, differing: Partial<DeploymentRecord> = {}): DeploymentRecord {
  const [namespace = "", name = ""] = path.split("/");
  const record: DeploymentRecord = {
    kind: "WorkloadDeployment",
    namespace,
    name,
    age: { at: 10, order: "" },
    marks: NO_MARKS,
    registration: serves("a.test"),
    currentReplicaSet: "",
    deleting: false,
  };
  return { ...record, ...differing };
}

export const put = (...records: readonly PlacementRecord[]): RecordChange[] =>
  records.map((record) => ({ put: record }));

export function remove(...records: readonly PlacementRecord[]): RecordChange[] {
  return records.map(({ kind, namespace, name }) => ({ remove: { kind, namespace, name } }));
}
