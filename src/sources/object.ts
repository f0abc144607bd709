/** What all kinds have in common: identity, age, marks, conditions and owners. Kinds are projected in the files named after them. */
import type { Problem } from "../placement/problem.ts";
import type { Age, ConditionStatus, ObjectMarks, ObjectName, RecordKind } from "../placement/records.ts";
import { Fields, isObject, type Parsed, valueText, vocabulary } from "./fields.ts";
import { quoted } from "./hostname.ts";
import type { ObjectRecord } from "./source.ts";

/** API group of all kinds. */
export const GROUP = "runtime.wasmcloud.dev";
/** The one version there is of it. */
export const API_VERSION = `${GROUP}/v1alpha1`;

/** What stands at the root of all kinds but Host. */
export const OBJECT = vocabulary(["metadata", "spec", "status"], ["apiVersion", "kind"]);

const METADATA = vocabulary(
  ["name", "namespace", "labels", "annotations", "creationTimestamp", "deletionTimestamp", "uid", "ownerReferences"],
  "generateName generation resourceVersion managedFields finalizers selfLink deletionGracePeriodSeconds".split(" "),
);

const OWNER = vocabulary(["apiVersion", "kind", "name", "controller"], ["uid", "blockOwnerDeletion"]);
const OWNERS = vocabulary(["WorkloadReplicaSet", "WorkloadDeployment"]);

/** Of all kinds together: none has a field that looks like a slip of another kind's. */
const STATUS = vocabulary(
  ["conditions", "hostId", "workloadId", "environment", "currentReplicaSet"],
  [
    "lastSeen version osName osArch osKernel systemCPUUsage systemMemoryTotal systemMemoryFree componentCount workloadCount",
    "previousReplicaSet currentReplicas replicas selector",
  ].flatMap((words) => words.split(" ")),
);

/** wasmCloud 2.7.0 has these; only the first two say anything about routes. */
const CONDITIONS = vocabulary(
  ["Ready", "Placement"],
  ["Reporting", "Config", "HostSelection", "Sync", "Artifact", "Deploy", "Scale", "ScaleUp", "ScaleDown"],
);

/** What an object comes to. */
export interface Projection<R extends ObjectRecord = ObjectRecord> {
  /** What it is called; undefined where it has no usable name, so that nothing could be said of it again. Problems are reported about it. */
  readonly identity: ObjectName | undefined;
  /** undefined where it has no identity, or lacks what its kind cannot do without. */
  readonly record: R | undefined;
  /** All that is wrong with it. */
  readonly problems: readonly Problem[];
}

/** The common part of an object, read, and the reader for the rest. */
export interface Reading {
  readonly fields: Fields;
  readonly object: Parsed;
  readonly identity: ObjectName;
  readonly age: Age;
  readonly uid: string;
  readonly marks: ObjectMarks;
  readonly deleting: boolean;
}

/** An object without a usable name: a projection of nothing. */
export type Unreadable = Projection<never> & { readonly identity: undefined };

/**
 * Reads what all kinds have in common. Never throws. Without a usable name there is no reading: nothing could be said about the object again.
 * `order` stands for age among objects without a creationTimestamp (see Age).
 */
export function readingOf(kind: RecordKind, value: unknown, order: string): Reading | Unreadable {
  const unnamed = new Fields({ kind, namespace: "", name: "(without a name)" });
  if (!isObject(value)) {
    unnamed.report(
      "object-invalid",
      "",
      `${valueText(value)} is not an object`,
      "Write an object with apiVersion, kind and metadata",
    );
    return unreadable(unnamed);
  }
  const named = unnamed.object(value, "metadata", "");
  const name = unnamed.text(named, "name", "metadata");
  const namespace = unnamed.text(named, "namespace", "metadata");
  if (!NAME.test(name) || name.length > 253)
    unnamed.report("object-invalid", "metadata.name", `${quoted(name)} is no name of an object`, NAME_REMEDY);
  if (namespace !== "" && (!NAMESPACE.test(namespace) || namespace.length > 63))
    unnamed.report("object-invalid", "metadata.namespace", `${quoted(namespace)} is no namespace`, NAME_REMEDY);
  if (unnamed.problems.length > 0) return unreadable(unnamed);

  const fields = new Fields({ kind, namespace, name });
  const metadata = fields.object(value, "metadata", "");
  fields.keys(metadata, "metadata", METADATA);
  fields.text(metadata, "deletionTimestamp", "metadata"); // for what it reports
  return {
    fields,
    object: value,
    identity: { namespace, name },
    age: ageOf(fields, metadata, order),
    uid: fields.text(metadata, "uid", "metadata"),
    marks: marksOf(fields, metadata),
    // Whatever is written there: a slip in the time must not bring back what its owner wants gone.
    deleting: metadata["deletionTimestamp"] !== undefined && metadata["deletionTimestamp"] !== null,
  };
}

function unreadable({ problems }: Fields): Unreadable {
  return { identity: undefined, record: undefined, problems };
}

/** Names as the Kubernetes API server takes them (RFC 1123 subdomain, and label); keys of records rely on them having no slash. */
const NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const NAME_REMEDY = "Use lower-case letters, digits and hyphens, as Kubernetes does";

function ageOf(fields: Fields, metadata: Parsed, order: string): Age {
  const text = fields.text(metadata, "creationTimestamp", "metadata");
  if (text === "") return { at: 0, order };
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return { at, order };
  fields.report(
    "object-invalid",
    "metadata.creationTimestamp",
    `${quoted(text)} is not a time`,
    "Write it as 2026-01-31T12:00:00Z, or leave it out",
  );
  return { at: 0, order };
}

const NO_MARKS: ObjectMarks = { labels: {}, annotations: {} };

function marksOf(fields: Fields, metadata: Parsed): ObjectMarks {
  if (metadata["labels"] === undefined && metadata["annotations"] === undefined) return NO_MARKS; // most objects: one for all
  return {
    labels: fields.texts(metadata, "labels", "metadata"),
    // kubectl's copy of the whole object: nobody selects by it, and it would double what is kept in memory.
    annotations: fields.texts(metadata, "annotations", "metadata", "kubectl.kubernetes.io/last-applied-configuration"),
  };
}

/** The status of an object, with slips in it and in the types of its conditions reported. */
export function statusOf({ fields, object }: Reading): Parsed {
  const status = fields.object(object, "status", "");
  fields.keys(status, "status", STATUS);
  for (const [condition, at] of fields.objects(status, "conditions", "status"))
    fields.word(fields.text(condition, "type", at), `${at}.type`, CONDITIONS, "is no condition that is read");
  return status;
}

/** The status of a condition; Unknown where it is missing, as the operator itself counts it. */
export function conditionOf(fields: Fields, status: Parsed, type: string): ConditionStatus {
  const conditions = status["conditions"];
  if (!Array.isArray(conditions)) return "Unknown";
  const position = conditions.findIndex((condition) => isObject(condition) && condition["type"] === type);
  if (position === -1) return "Unknown";
  const found: unknown = conditions[position];
  const value = isObject(found) ? found["status"] : undefined;
  if (value === "True" || value === "False" || value === "Unknown") return value;
  const remedy =
    typeof value === "boolean"
      ? `Put it in quotes: "${value ? "True" : "False"}"`
      : 'Write "True", "False" or "Unknown"';
  fields.report(
    "object-invalid",
    `status.conditions[${position}].status`,
    `${valueText(value)} is no status of ${type}`,
    remedy,
  );
  return "Unknown";
}

/** Name of the controlling owner of one kind; undefined without. A sole owner of that kind counts too: whoever writes files leaves `controller` out. */
export function ownerOf(fields: Fields, object: Parsed, kind: RecordKind): string | undefined {
  const metadata = object["metadata"];
  if (!isObject(metadata) || metadata["ownerReferences"] === undefined) return undefined;
  const owners: { readonly name: string; readonly controls: boolean }[] = [];
  for (const [owner, at] of fields.objects(metadata, "ownerReferences", "metadata")) {
    fields.keys(owner, at, OWNER);
    const ofKind = fields.text(owner, "kind", at);
    fields.word(ofKind, `${at}.kind`, OWNERS, "is no kind that owns workloads");
    const ours = fields.text(owner, "apiVersion", at).startsWith(`${GROUP}/`);
    const name = fields.text(owner, "name", at);
    if (ofKind === kind && ours) owners.push({ name, controls: owner["controller"] === true });
  }
  const owner = owners.find(({ controls }) => controls) ?? (owners.length === 1 ? owners[0] : undefined);
  return owner === undefined || owner.name === "" ? undefined : owner.name;
}
