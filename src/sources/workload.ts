/** A `Workload` object as a record: one replica, and where it is placed. */
import type { WorkloadRecord } from "../placement/records.ts";
import { isObject, type Parsed } from "./fields.ts";
import { conditionOf, OBJECT, ownerOf, type Projection, readingOf, statusOf } from "./object.ts";
import { registrationOf, serviceOf } from "./registration.ts";

/** Never throws. `gone` and `goneDeployment` are for the source to say, `held` for the hold: they are false here. */
export function workloadOf(object: unknown, order: string): Projection<WorkloadRecord> {
  const reading = readingOf("Workload", object, order);
  if (reading.identity === undefined) return reading;
  const { fields, identity } = reading;
  fields.keys(reading.object, "", OBJECT);
  const spec = fields.object(reading.object, "spec", "");
  const status = statusOf(reading);
  const service = serviceOf(fields, spec, "spec");
  const serviceAt = "spec.kubernetes.service.name";
  const registration = registrationOf(fields, { spec, at: "spec", namespace: identity.namespace, service, serviceAt });
  const record: WorkloadRecord = {
    kind: "Workload",
    ...identity,
    age: reading.age,
    uid: reading.uid,
    marks: reading.marks,
    registration,
    replicaSet: ownerOf(fields, reading.object, "WorkloadReplicaSet"),
    hostId: fields.text(status, "hostId", "status") || fields.text(spec, "hostId", "spec"),
    workloadId: fields.text(status, "workloadId", "status"),
    environment: fields.text(status, "environment", "status") || registration.environment,
    placed: conditionOf(fields, status, "Placement") === "True",
    ready: conditionOf(fields, status, "Ready") === "True",
    deleting: reading.deleting,
    stopped: reading.deleting && isLetGo(reading.object),
    gone: false,
    goneDeployment: undefined,
    held: false,
  };
  return { identity, record, problems: fields.problems };
}

/** What the operator takes off when it has told the host to stop the workload (wasmCloud operator 2.7.0). */
const FINALIZER = "runtime.wasmcloud.dev/workload-finalizer";

/** Others' finalizers, and the operator's no more. An object being deleted without any is one that a file has, which leaves them out. */
function isLetGo({ metadata }: Parsed): boolean {
  const finalizers: unknown = isObject(metadata) ? metadata["finalizers"] : undefined;
  return Array.isArray(finalizers) && finalizers.length > 0 && !finalizers.includes(FINALIZER);
}
