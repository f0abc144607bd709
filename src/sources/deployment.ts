/** A `WorkloadDeployment` object as a record: what the user wrote. */
import type { DeploymentRecord } from "../placement/records.ts";
import { type Projection, readingOf, statusOf } from "./object.ts";
import { templateRegistrationOf } from "./template.ts";

/** Never throws. */
export function deploymentOf(object: unknown, order: string): Projection<DeploymentRecord> {
  const reading = readingOf("WorkloadDeployment", object, order);
  if (reading.identity === undefined) return reading;
  const { fields, identity } = reading;
  const record: DeploymentRecord = {
    kind: "WorkloadDeployment",
    ...identity,
    age: reading.age,
    marks: reading.marks,
    registration: templateRegistrationOf(reading),
    currentReplicaSet: fields.text(
      fields.object(statusOf(reading), "currentReplicaSet", "status"),
      "name",
      "status.currentReplicaSet",
    ),
    deleting: reading.deleting,
  };
  return { identity, record, problems: fields.problems };
}
