/** An Event (events.k8s.io/v1): what the owner of an object reads under `kubectl describe`. */
import { createHash } from "node:crypto";
import { microTime } from "./lease-record.ts";
import { fieldsOf } from "./resource.ts";

/** The object an Event is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  /** "" for a kind without namespaces. */
  readonly namespace: string;
  readonly name: string;
  /** `kubectl describe` finds Events by it. */
  readonly uid: string;
}

/** One thing said of one object. Two that are equal are one Event, whoever says them and however often. */
export interface ObjectEvent {
  readonly regarding: ObjectReference;
  /** Warning: something does not work. Normal: it works, but not as written. */
  readonly type: "Normal" | "Warning";
  /** In CamelCase, for programs: `HostnameTaken`. */
  readonly reason: string;
  /** At most NOTE_BYTES. */
  readonly note: string;
}

/** What the API takes of a note (events.k8s.io/v1, `note`). */
export const NOTE_BYTES = 1_024;

/** Events of objects without a namespace lie in this one (API validation, "event namespace"). */
const CLUSTER_SCOPED = "default";

export function namespaceOf({ regarding }: ObjectEvent): string {
  return regarding.namespace === "" ? CLUSTER_SCOPED : regarding.namespace;
}

/**
 * The name of its Event. Equal for equal contents: a replica that did not write the first finds it, instead of writing a second.
 * The object's name is in front as for Events of others; a name has at most 253 bytes.
 */
export function eventName({ regarding, type, reason, note }: ObjectEvent): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([regarding.uid, type, reason, note]))
    .digest("hex");
  return `${regarding.name.slice(0, 230).replace(/[^a-z0-9]+$/, "")}.${hash.slice(0, 16)}`;
}

/** The object to create. `instance`: which process says so. `atMs` since the epoch. */
export function eventObject(event: ObjectEvent, instance: string, atMs: number): object {
  const { regarding, type, reason, note } = event;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { namespace: namespaceOf(event), name: eventName(event) },
    eventTime: microTime(atMs),
    reportingController: CONTROLLER,
    reportingInstance: instance.slice(0, 128),
    action: "Route", // what we were about to do with the object: required, and a word of our own choice
    ...{ regarding, type, reason, note },
  };
}

const CONTROLLER = "signalbox.dev/signalbox";

/** What to merge into an Event that is there, to say it again: it counts up and stays for as long as a new one would. */
export function repetition(count: number, atMs: number): object {
  return { series: { count, lastObservedTime: microTime(atMs) } };
}

/** How often, and when last, an Event that an API server gave was said. */
export function saidSoFar(object: unknown): { readonly count: number; readonly lastMs: number } {
  const event = fieldsOf(object);
  const series = fieldsOf(event?.["series"]);
  const count = series?.["count"];
  const last = Date.parse(String(series?.["lastObservedTime"] ?? event?.["eventTime"]));
  return { count: typeof count === "number" ? count : 1, lastMs: Number.isNaN(last) ? 0 : last };
}
