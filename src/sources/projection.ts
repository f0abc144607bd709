/** The projection of each kind that is read. */
import type { RecordKind } from "../placement/records.ts";
import { deploymentOf } from "./deployment.ts";
import { hostOf } from "./host.ts";
import type { Projection } from "./object.ts";
import { replicaSetOf } from "./replica-set.ts";
import { workloadOf } from "./workload.ts";

/** For a kind, what an object of it comes to. `order` stands for age among objects without a creationTimestamp; "" for Kubernetes, which gives one to all. */
export const PROJECTIONS: Readonly<Record<RecordKind, (object: unknown, order: string) => Projection>> = {
  Host: hostOf,
  Workload: workloadOf,
  WorkloadReplicaSet: replicaSetOf,
  WorkloadDeployment: deploymentOf,
};

/** Whether objects of a kind are read. */
export function isRecordKind(kind: string): kind is RecordKind {
  return Object.hasOwn(PROJECTIONS, kind);
}
