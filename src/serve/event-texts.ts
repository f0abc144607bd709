/** What the owner of an object is told in an Event, and of what he is told nothing. Pure. */
import { NOTE_BYTES, type ObjectEvent, type ObjectReference } from "../kubernetes/event.ts";
import type { Problem, ProblemCode } from "../placement/problem.ts";
import type { ObjectName, RecordKind } from "../placement/records.ts";
import type { ObjectIdentity } from "../sources/kubernetes.ts";
import type { ProxyLabel, Rejection } from "../xds/observer.ts";

/** Warning: requests do not arrive as they should. Normal: they do, but not everything is as written. */
interface Telling {
  readonly type: ObjectEvent["type"];
  /** It stands in a spec, so that a deployment, its ReplicaSets and all their Workloads have it: the one that people edit is told. */
  readonly ofSpec?: true;
}

/** Undefined: no Event, for the reason told. A new code compiles only once that is decided. */
export const TELLINGS: Readonly<Record<ProblemCode, Telling | undefined>> = {
  "object-invalid": { type: "Warning", ofSpec: true },
  "field-unknown": { type: "Warning", ofSpec: true },
  "file-invalid": undefined, // of no object of a cluster
  "setting-invalid": undefined, // likewise
  "kind-unknown": undefined, // likewise
  "hostname-invalid": { type: "Warning", ofSpec: true },
  "hostname-missing": { type: "Warning", ofSpec: true },
  "hostname-replaced": { type: "Normal", ofSpec: true },
  "hostname-indirect": { type: "Warning", ofSpec: true },
  "hostname-spelling": { type: "Normal" },
  "hostname-taken": { type: "Warning" },
  "hostname-denied": { type: "Warning" },
  "hostname-contaminated": { type: "Warning" },
  "address-missing": { type: "Warning" },
  "address-refused": { type: "Warning" },
  "address-unresolved": { type: "Warning" },
  "address-superseded": undefined, // passes by itself within a minute each time a host restarts
  "host-id-superseded": { type: "Warning" },
  "host-unknown": undefined, // of every workload of a lost host at once, and its owner can do nothing
  "ownership-degraded": undefined, // of no object: the administrator's
  "resource-invalid": { type: "Warning" },
};

/** What is known of objects and hostnames at the moment. */
export interface Objects {
  identityOf(name: ObjectName & { readonly kind: RecordKind }): ObjectIdentity | undefined;
  /** Root owners, within the namespace that owns the hostname, of the claims that were granted. */
  rootsOf(hostname: string): readonly (ObjectName & { readonly kind: RecordKind })[];
}

/** `HostnameTaken` of `hostname-taken`. */
export function reasonOf(code: ProblemCode): string {
  return code.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Events for one problem: one, none, or (for one of a hostname) one for each root owner. */
export function problemEvents({ code, subject, cause, remedy }: Problem, objects: Objects): readonly ObjectEvent[] {
  const telling = TELLINGS[code];
  if (telling === undefined) return [];
  const { field = "" } = subject;
  const note = noteOf(field === "" ? cause : `${field}: ${cause}`, remedy);
  const reason = reasonOf(code);
  const subjects = subject.kind === "Hostname" ? objects.rootsOf(subject.name) : [subject];
  return subjects.flatMap(({ kind, namespace, name }): readonly ObjectEvent[] => {
    if (!isRecordKind(kind)) return [];
    const identity = objects.identityOf({ kind, namespace, name });
    if (identity === undefined || (telling.ofSpec === true && identity.owned)) return [];
    return [{ regarding: referenceTo({ kind, namespace, name }, identity), type: telling.type, reason, note }];
  });
}

/** Events for what a proxy rejected: one for each root owner of the hostname it was made from; none for what is made from the configuration alone. */
export function rejectionEvents(
  { fleet, node }: Pick<ProxyLabel, "fleet" | "node">,
  { type, subject, detail }: Rejection,
  objects: Objects,
): readonly ObjectEvent[] {
  if (subject?.kind !== "Hostname") return [];
  const what = type.slice(type.lastIndexOf(".") + 1);
  const who = `Envoy ${node.userAgentVersion} of fleet ${fleet}`.replace(/ {2,}/g, " ");
  // Its words come last, so that they are what is cut.
  const cause = `${who} rejected the ${what} of ${subject.name} and keeps the last it accepted, in its own words: ${detail}`;
  const remedy = "Undo your last change of this object if it came of that, and tell whoever runs Signalbox";
  return objects.rootsOf(subject.name).flatMap((root): readonly ObjectEvent[] => {
    const identity = objects.identityOf(root);
    if (identity === undefined) return [];
    const regarding = referenceTo(root, identity);
    return [{ regarding, type: "Warning", reason: "ResourceRejected", note: noteOf(cause, remedy) }];
  });
}

const KINDS: Readonly<Record<RecordKind, true>> = {
  Host: true,
  Workload: true,
  WorkloadReplicaSet: true,
  WorkloadDeployment: true,
};

const isRecordKind = (kind: string): kind is RecordKind => Object.hasOwn(KINDS, kind);

function referenceTo(
  { kind, namespace, name }: ObjectName & { readonly kind: RecordKind },
  { apiVersion, uid }: ObjectIdentity,
): ObjectReference {
  return { apiVersion, kind, namespace, name, uid };
}

/** `cause. Remedy.` in the bytes that the API takes; the remedy is kept whole, and what is left out of the cause is its end. */
function noteOf(cause: string, remedy: string): string {
  const end = `. ${remedy}.`.replace(/\.\.$/, ".");
  const whole = `${cause}${end}`;
  if (Buffer.byteLength(whole) <= NOTE_BYTES) return whole;
  const room = NOTE_BYTES - Buffer.byteLength(`…${end}`);
  // A character that is cut in its middle is decoded as U+FFFD, which is then taken away.
  const cut = Buffer.from(cause)
    .subarray(0, room)
    .toString("utf8")
    .replace(/\uFFFD+$/, "");
  return `${cut}…${end}`;
}
