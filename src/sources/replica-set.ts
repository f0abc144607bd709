/** A `WorkloadReplicaSet` object as a record: one generation of a deployment. */
import type { ReplicaSetRecord } from "../placement/records.ts";
import { conditionOf, ownerOf, type Projection, readingOf, statusOf } from "./object.ts";
import { templateRegistrationOf } from "./template.ts";

/** Never throws. */
export function replicaSetOf(object: unknown, order: string): Projection<ReplicaSetRecord> {
  const reading = readingOf("WorkloadReplicaSet", object, order);
  if (reading.identity === undefined) return reading;
  const { fields, identity } = reading;
  const record: ReplicaSetRecord = {
    kind: "WorkloadReplicaSet",
    ...identity,
    age: reading.age,
    marks: reading.marks,
    registration: templateRegistrationOf(reading),
    deployment: ownerOf(fields, reading.object, "WorkloadDeployment"),
    ready: conditionOf(fields, statusOf(reading), "Ready") === "True",
    deleting: reading.deleting,
  };
  return { identity, record, problems: fields.problems };
}
