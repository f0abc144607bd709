/** A `Host` object as a record without addresses. Its fields stand at the root: the kind has no spec. */
import { vocabulary } from "./fields.ts";
import { conditionOf, type Projection, readingOf, statusOf } from "./object.ts";
import type { HostDescription } from "./source.ts";

const HOST = vocabulary(
  ["metadata", "hostId", "hostname", "httpPort", "environment", "status"],
  ["apiVersion", "kind"],
);
const LABELS = vocabulary(["hostgroup"]);

/** Never throws. Without hostId there is no record: workloads name their host by it. `lastSeen`, usage and version never reach the record. */
export function hostOf(object: unknown, order: string): Projection<HostDescription> {
  const reading = readingOf("Host", object, order);
  if (reading.identity === undefined) return reading;
  const { fields, identity } = reading;
  fields.keys(reading.object, "", HOST);
  fields.keys(reading.marks.labels, "metadata.labels", LABELS);
  const hostId = fields.text(reading.object, "hostId", "");
  if (hostId === "") {
    fields.report("object-invalid", "hostId", "it is missing", "Set it to the ID that workloads name in hostId");
    return { identity, record: undefined, problems: fields.problems };
  }
  const record: HostDescription = {
    kind: "Host",
    ...identity,
    age: reading.age,
    hostId,
    advertisedHostname: fields.text(reading.object, "hostname", ""),
    advertisedPort: fields.integer(reading.object, "httpPort", ""),
    hostGroup: reading.marks.labels["hostgroup"] ?? "",
    environment: fields.text(reading.object, "environment", ""),
    ready: conditionOf(fields, statusOf(reading), "Ready"),
    deleting: reading.deleting,
  };
  return { identity, record, problems: fields.problems };
}
