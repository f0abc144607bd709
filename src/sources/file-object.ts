/** What a hand-written object leaves out, filled in before it is read like any other. */
import type { RecordKind } from "../placement/records.ts";
import { isObject, type Parsed } from "./fields.ts";

/** The namespace of objects that name none. */
const DEFAULT_NAMESPACE = "default";

/**
 * The object with what the operator and the API server would have written: a namespace; and unless its status says otherwise, a Host and a ReplicaSet are
 * Ready, and so is a Workload that names a host (`spec.hostId`), placed under its uid or name. What is written is never changed; what is malformed
 * stays, for the projection to report.
 */
export function withFileDefaults(kind: RecordKind, object: Parsed): Parsed {
  const metadata = object["metadata"];
  if (!isObject(metadata)) return object; // nameless: nothing is assumed of it
  const located = { ...object, metadata: filled(metadata, { namespace: DEFAULT_NAMESPACE }) };
  if (kind === "WorkloadDeployment") return located;
  if (kind !== "Workload") return withStatus(located, {}, ["Ready"]);

  const status = object["status"];
  const spec = object["spec"];
  const pinned = isObject(spec) ? spec["hostId"] : undefined;
  const hostId = textOr(isObject(status) ? status["hostId"] : undefined, textOr(pinned, ""));
  if (hostId === "") return located; // placed nowhere, whatever it says
  const uid = textOr(metadata["uid"], textOr(metadata["name"], ""));
  const known = { ...located, metadata: filled(located.metadata, { uid }) };
  return withStatus(known, { hostId, workloadId: uid }, ["Placement", "Ready"]);
}

function withStatus(object: Parsed, defaults: Parsed, types: readonly string[]): Parsed {
  const given = object["status"] ?? {};
  if (!isObject(given)) return object;
  const conditions = given["conditions"] ?? [];
  if (!Array.isArray(conditions)) return object;
  const missing = types.filter(
    (type) => !conditions.some((condition) => isObject(condition) && condition["type"] === type),
  );
  const assumed = missing.map((type) => ({ type, status: "True" }));
  return { ...object, status: { ...filled(given, defaults), conditions: [...conditions, ...assumed] } };
}

function filled(object: Parsed, defaults: Parsed): Parsed {
  const missing = Object.entries(defaults).filter(
    ([key]) => object[key] === undefined || object[key] === null || object[key] === "",
  );
  return { ...object, ...Object.fromEntries(missing) };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}
