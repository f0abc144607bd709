/** wasmCloud's objects, as far as an operator, a laboratory and a reader of its timeline look at them. */
import type { KubernetesObject } from "../../kubernetes/api-admin.ts";

export const API_VERSION = "runtime.wasmcloud.dev/v1alpha1";
/** Where the operator and all Hosts live. */
export const OPERATOR_NAMESPACE = "wasmcloud-system";

export type Kind = "Host" | "Workload" | "WorkloadReplicaSet" | "WorkloadDeployment";

export const PLURALS: Readonly<Record<Kind, string>> = {
  Host: "hosts",
  Workload: "workloads",
  WorkloadReplicaSet: "workloadreplicasets",
  WorkloadDeployment: "workloaddeployments",
};

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** An object as the API server has stored it. */
export interface Stored<Spec = unknown, Status extends object = object> extends KubernetesObject {
  readonly kind: Kind;
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly spec: Spec;
  readonly status?: Status & { readonly conditions?: readonly Condition[] };
}

export interface WorkloadSpec {
  readonly hostSelector?: Readonly<Record<string, string>>;
  readonly hostId?: string;
  readonly components?: readonly unknown[];
  readonly service?: unknown;
  readonly hostInterfaces?: readonly unknown[];
  readonly kubernetes?: { readonly service?: { readonly name: string } };
}

export type Workload = Stored<WorkloadSpec, { readonly hostId?: string; readonly workloadId?: string }>;
export type ReplicaSet = Stored<{ readonly replicas: number; readonly template: { readonly spec: WorkloadSpec } }>;

interface Named {
  readonly name: string;
}
export type Deployment = Stored<
  {
    readonly replicas: number;
    readonly deployPolicy?: "RollingUpdate" | "Recreate";
    readonly template: { readonly spec: WorkloadSpec };
  },
  { readonly currentReplicaSet?: Named | null; readonly previousReplicaSet?: Named | null }
>;
export type Host = Stored<never, { readonly lastSeen?: string }> & {
  readonly hostId: string;
  readonly hostname: string;
  readonly httpPort: number;
};

/** Names an object among those of its kind. */
export const keyOf = ({ metadata: { namespace, name } }: Identified): string => `${namespace}/${name}`;

interface Identified {
  readonly metadata: { readonly namespace: string; readonly name: string };
}

/** The condition's status; an absent one is Unknown, as the operator reads it. */
export function conditionOf(object: Stored, type: string): Condition["status"] {
  return object.status?.conditions?.find((condition) => condition.type === type)?.status ?? "Unknown";
}

export const isDeleting = ({ metadata }: Stored): boolean => metadata.deletionTimestamp !== undefined;

export const isOwnedBy = ({ metadata }: Stored, { metadata: { uid } }: Stored): boolean =>
  metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
