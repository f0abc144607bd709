/** A Lease object (coordination.k8s.io/v1) as far as candidates write and read it. */
import { fieldsOf } from "./resource.ts";

/** What the object says. */
export interface LeaseRecord {
  /** Of the object: a change must name it, so that of two candidates only the first succeeds. */
  readonly resourceVersion: string;
  /** "" when it was given back. */
  readonly holder: string;
  /** How long the holder may be silent, in ms; undefined if the object does not say. */
  readonly durationMs: number | undefined;
  /** When the present holder got it, by that one's clock. As written. */
  readonly acquireTime: string;
  /** When it was last renewed, by the holder's clock: good for telling that it was, never for telling how long ago. As written. */
  readonly renewTime: string;
  /** How often it changed hands. */
  readonly transitions: number;
}

/** What an API server gave. Missing fields are empty: whoever may write leases may write strange ones. */
export function leaseRecordOf(object: unknown): LeaseRecord {
  const metadata = fieldsOf(fieldsOf(object)?.["metadata"]);
  const spec = fieldsOf(fieldsOf(object)?.["spec"]);
  const seconds = spec?.["leaseDurationSeconds"];
  const transitions = spec?.["leaseTransitions"];
  return {
    resourceVersion: textOf(metadata?.["resourceVersion"]),
    holder: textOf(spec?.["holderIdentity"]),
    durationMs: typeof seconds === "number" ? seconds * 1000 : undefined,
    acquireTime: textOf(spec?.["acquireTime"]),
    renewTime: textOf(spec?.["renewTime"]),
    transitions: typeof transitions === "number" ? transitions : 0,
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** What one candidate writes. Times in ms since the epoch, by its own clock. */
export interface LeaseWish {
  readonly namespace: string;
  readonly name: string;
  /** "" gives it back. */
  readonly holder: string;
  readonly durationMs: number;
  readonly atMs: number;
}

/** The object to write in the place of `before`; without that, a new one. */
export function leaseObject({ namespace, name, holder, durationMs, atMs }: LeaseWish, before?: LeaseRecord): object {
  const now = microTime(atMs);
  const stays = before !== undefined && before.holder === holder;
  const metadata = { namespace, name, ...(before === undefined ? {} : { resourceVersion: before.resourceVersion }) };
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata,
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)), // the API wants whole seconds, at least one
      acquireTime: stays && before.acquireTime !== "" ? before.acquireTime : now,
      renewTime: now,
      leaseTransitions: (before?.transitions ?? 0) + (stays || before === undefined || holder === "" ? 0 : 1),
    },
  };
}

/** MicroTime of the Kubernetes API: RFC 3339 with exactly six digits behind the second. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
