/** What is kept of an object of a cluster: its projection, and the identity of itself and its ReplicaSet. */
import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../placement/problem.ts";
import { type RecordKind, recordKey } from "../placement/records.ts";
import { isObject } from "./fields.ts";
import { GROUP } from "./object.ts";
import type { OwnerReference } from "./owner-ledger.ts";
import { PROJECTIONS } from "./projection.ts";
import type { ObjectRecord } from "./source.ts";

export interface ClusterObject {
  /** `kind/namespace/name`. */
  readonly key: string;
  readonly kind: RecordKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The ReplicaSet of a Workload. */
  readonly owner: OwnerReference | undefined;
  /** Undefined where the object is malformed. */
  readonly record: ObjectRecord | undefined;
  readonly problems: readonly Problem[];
}

/** Reads an object that an API server gave; undefined without a name, which no stored object lacks. */
export function clusterObject(kind: RecordKind, object: unknown): ClusterObject | undefined {
  const metadata = isObject(object) ? object["metadata"] : undefined;
  if (!isObject(metadata)) return undefined;
  const { name, namespace = "", uid } = metadata;
  if (typeof name !== "string" || typeof namespace !== "string" || typeof uid !== "string") return undefined;
  const { record, problems } = PROJECTIONS[kind](object, "");
  const owner = kind === "Workload" ? ownerOf(metadata["ownerReferences"], namespace) : undefined;
  return { key: recordKey({ kind, namespace, name }), kind, namespace, name, uid, owner, record, problems };
}

/** By uid: the projection has the name, which may be used again. */
function ownerOf(references: unknown, namespace: string): OwnerReference | undefined {
  const owners = Array.isArray(references) ? references.filter(isObject) : [];
  const owner = owners.find(
    (o) =>
      o["kind"] === "WorkloadReplicaSet" && o["controller"] === true && String(o["apiVersion"]).startsWith(`${GROUP}/`),
  );
  return typeof owner?.["uid"] === "string" ? { namespace, uid: owner["uid"] } : undefined;
}

/** Whether two readings of one object are equal to placement and to its owner. */
export function sameClusterObject(a: ClusterObject, b: ClusterObject): boolean {
  return (
    a.uid === b.uid &&
    a.owner?.uid === b.owner?.uid &&
    isDeepStrictEqual(a.record, b.record) &&
    isDeepStrictEqual(a.problems, b.problems)
  );
}
