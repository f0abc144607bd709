/**
 * What placement is decided from: the routing-relevant projection of wasmCloud's objects, as plain readonly records.
 * Sources make them (src/sources), so that two sources that see the same objects give equal records, and noise such as
 * `lastSeen` never reaches placement (compare records, not resourceVersions).
 */

/** When an object came to be: `at` in ms since the epoch (0 where it carries no creationTimestamp), then `order` by code unit. */
export interface Age {
  readonly at: number;
  /** Stands for age where `at` is equal: file name and position for files, "" for Kubernetes. */
  readonly order: string;
}

/** Status of a condition; "Unknown" also where the condition is missing. */
export type ConditionStatus = "True" | "False" | "Unknown";

/** Identity of an object within its kind. */
export interface ObjectName {
  /** Empty where a Host is cluster-scoped (wasmCloud before 2.1.0). */
  readonly namespace: string;
  readonly name: string;
}

/** A process that runs workloads. */
export interface HostRecord extends ObjectName {
  readonly kind: "Host";
  readonly age: Age;
  /** `hostId`: new for every process start. */
  readonly hostId: string;
  /** Usable addresses after overrides, resolution and the allowed networks, each `ip:port` or `[ipv6]:port`, sorted; empty if none is usable. */
  readonly addresses: readonly string[];
  /** Label `hostgroup`; "" if there is none. */
  readonly hostGroup: string;
  readonly environment: string;
  readonly ready: ConditionStatus;
  readonly deleting: boolean;
  /** Set by the hold of mass disappearance (rule 9): lost, doubted, and therefore draining. */
  readonly held: boolean;
}

/** A name a workload registers on its host. */
export interface RegisteredName {
  /** Lower case: what names are compared by. */
  readonly hostname: string;
  /** As written: what hosts up to 2.7.0 match by. */
  readonly spelling: string;
}

/** The names that a workload spec registers, and what it says about where it wants to run. */
export interface Registration {
  /** `config.host` first, then the aliases in the order written; each hostname once. Empty if the spec serves no `wasi:http`. */
  readonly names: readonly RegisteredName[];
  /** `<service>.<namespace>` where the operator registers that alias itself, and no other namespace can; else undefined. */
  readonly operatorAlias: string | undefined;
  /** `spec.hostSelector.hostgroup`; "" if not named. */
  readonly hostGroup: string;
  /** `spec.environment`; "" if unset. */
  readonly environment: string;
}

/** Labels and annotations of one object, as selectors see them. */
export interface ObjectMarks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One placed replica of a component. */
export interface WorkloadRecord extends ObjectName {
  readonly kind: "Workload";
  readonly age: Age;
  readonly uid: string;
  readonly marks: ObjectMarks;
  readonly registration: Registration;
  /** Name (same namespace) of the controlling WorkloadReplicaSet; undefined for a standalone workload. */
  readonly replicaSet: string | undefined;
  /** `status.hostId`, else `spec.hostId`; "" while not placed. */
  readonly hostId: string;
  /** `status.workloadId`; "" while not placed. */
  readonly workloadId: string;
  readonly environment: string;
  /** Condition Placement is True. */
  readonly placed: boolean;
  /** Condition Ready is True. */
  readonly ready: boolean;
  readonly deleting: boolean;
  /** The operator has let go of it, so its host was told to stop it; only finalizers of others keep the object. */
  readonly stopped: boolean;
  /** Its ReplicaSet was seen deleted, or is missing from a list requested after this workload was first seen. Decided by the source. */
  readonly gone: boolean;
  /** The deployment of a ReplicaSet that is gone, as the source last saw it, so that age and marks outlive the ReplicaSet; undefined while it is not gone. */
  readonly goneDeployment: string | undefined;
  /** Set by the hold of mass disappearance (rule 9). */
  readonly held: boolean;
}

/** One generation of a deployment. */
export interface ReplicaSetRecord extends ObjectName {
  readonly kind: "WorkloadReplicaSet";
  readonly age: Age;
  readonly marks: ObjectMarks;
  /** Its template's names: a claim of its own only where it has no deployment. */
  readonly registration: Registration;
  /** Name (same namespace) of the controlling WorkloadDeployment; undefined for a standalone one. */
  readonly deployment: string | undefined;
  readonly ready: boolean;
  readonly deleting: boolean;
}

/** The user's object. */
export interface DeploymentRecord extends ObjectName {
  readonly kind: "WorkloadDeployment";
  readonly age: Age;
  readonly marks: ObjectMarks;
  readonly registration: Registration;
  /** `status.currentReplicaSet`; "" if not set. */
  readonly currentReplicaSet: string;
  readonly deleting: boolean;
}

/** Any object that placement looks at. */
export type PlacementRecord = HostRecord | WorkloadRecord | ReplicaSetRecord | DeploymentRecord;

/** Names of the kinds that are read. */
export type RecordKind = PlacementRecord["kind"];

/** A record came, changed or went. A `put` of an equal record is no change. */
export type RecordChange =
  | { readonly put: PlacementRecord }
  | { readonly remove: ObjectName & { readonly kind: RecordKind } };

/** Identity of a record across kinds, as a map key: `kind/namespace/name`. */
export function recordKey(record: ObjectName & { readonly kind: RecordKind }): string {
  return `${record.kind}/${record.namespace}/${record.name}`;
}

/** Negative if `a` is older: by time, then by order; 0 for equal ages. */
export function compareAge(a: Age, b: Age): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.order < b.order ? -1 : a.order > b.order ? 1 : 0;
}
