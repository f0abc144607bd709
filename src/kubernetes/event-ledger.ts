/** What is to be said in Events, what of it was said, and what may be said next. Pure: time is an argument. */
import { eventName, type ObjectEvent } from "./event.ts";
import { type BucketOptions, TokenBucket } from "./token-bucket.ts";

/** Bounds and rates. */
export interface LedgerLimits {
  /** How long something that all replicas know must stand before it is said, in ms: what passes by itself is nobody's concern. Default 2,000. */
  readonly settleMs?: number;
  /** What stands is said again after this, in ms. Default 30 min: API servers forget Events after an hour (`--event-ttl`). */
  readonly repeatMs?: number;
  /** Of one object: default 10 at once, then one in 5 min. */
  readonly perObject?: BucketOptions;
  /** Of all together: default 50 at once, then 2 a second. */
  readonly overall?: BucketOptions;
  /** Events that are remembered, those included that do not stand any more. Default 4,096. */
  readonly remembered?: number;
}

/** Who knows: every replica, so that one of them says it; or this process alone, since it was told by its own proxies. */
export type Audience = "all-replicas" | "this-replica";

/** What to do now. `said`: how often it was, as far as this process knows; 0 is for the first time. `wait`: nothing before `atMs`. */
export type Due =
  | { readonly kind: "say"; readonly name: string; readonly event: ObjectEvent; readonly said: number }
  | { readonly kind: "wait"; readonly atMs: number }
  | { readonly kind: "idle" };

interface Entry {
  readonly event: ObjectEvent;
  audience: Audience;
  /** By whom it is reported now; empty: it does not stand, and is only remembered. */
  readonly reporters: Set<string>;
  said: number;
  dueAt: number;
}

/**
 * - Equal events are one entry, by however many it is reported; what nobody reports any more is not said.
 * - What is limited is late, not lost: it is said when there is a token, if it still stands.
 * - Memory is bounded: what does not stand is forgotten first; what stands and does not fit is left out, and `report` says how many.
 */
export class EventLedger {
  readonly #limits: Required<LedgerLimits>;
  readonly #entries = new Map<string, Entry>(); // by name
  readonly #byReporter = new Map<string, readonly string[]>();
  readonly #objects = new Map<string, TokenBucket>(); // by uid; only those that are not full
  readonly #all: TokenBucket;

  constructor(limits: LedgerLimits = {}) {
    this.#limits = {
      ...{ settleMs: 2_000, repeatMs: 1_800_000, remembered: 4_096 },
      ...{ perObject: { burst: 10, refillMs: 300_000 }, overall: { burst: 50, refillMs: 500 } },
      ...limits,
    };
    this.#all = new TokenBucket(this.#limits.overall);
  }

  /** Events remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** All that one reporter has to say now, in the place of what it said before. Gives how many were left out for want of memory. */
  report(reporter: string, events: readonly ObjectEvent[], audience: Audience, nowMs: number): number {
    const before = this.#byReporter.get(reporter) ?? [];
    const named = new Map(events.map((event) => [eventName(event), event]));
    for (const name of before) if (!named.has(name)) this.#entries.get(name)?.reporters.delete(reporter);
    const kept: string[] = [];
    for (const [name, event] of named) {
      const dueAt = nowMs + (audience === "all-replicas" ? this.#limits.settleMs : 0);
      const entry = this.#entries.get(name) ?? this.#added(name, event, dueAt);
      if (entry === undefined) continue;
      // It came back: that is news again, though the Event is the same.
      if (entry.reporters.size === 0) entry.dueAt = Math.min(entry.dueAt, dueAt);
      entry.reporters.add(reporter);
      entry.audience = audience;
      kept.push(name);
    }
    if (kept.length === 0) this.#byReporter.delete(reporter);
    else this.#byReporter.set(reporter, kept);
    return named.size - kept.length;
  }

  /** `may`: whether this process speaks for all replicas. */
  next(may: boolean, nowMs: number): Due {
    let soonest = Number.POSITIVE_INFINITY;
    for (const [name, { event, audience, reporters, said, dueAt }] of this.#entries) {
      if (reporters.size === 0 || (audience === "all-replicas" && !may)) continue;
      const allowedAt = Math.max(dueAt, this.#objects.get(event.regarding.uid)?.nextAt ?? 0, this.#all.nextAt);
      if (allowedAt <= nowMs) return { kind: "say", name, event, said };
      soonest = Math.min(soonest, allowedAt);
    }
    return soonest === Number.POSITIVE_INFINITY ? { kind: "idle" } : { kind: "wait", atMs: soonest };
  }

  /** It was said, the last time `agoMs` before now (0: just now, by us). */
  said(name: string, count: number, agoMs: number, nowMs: number): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.said = count;
    entry.dueAt = nowMs + Math.max(0, this.#limits.repeatMs - agoMs);
    this.#all.take(nowMs); // asking costs the API server as much as saying
    if (agoMs === 0) this.#charge(entry.event, nowMs);
    // Behind the others: those that were not said yet come first, and what is forgotten is the oldest.
    this.#entries.delete(name);
    this.#entries.set(name, entry);
  }

  /** The API server does not have it any more: the next time is the first. */
  forgotten(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.said = 0;
  }

  /** It could not be said, and is not tried before `atMs`. */
  postpone(name: string, atMs: number): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.dueAt = atMs;
  }

  #added(name: string, event: ObjectEvent, dueAt: number): Entry | undefined {
    if (this.#entries.size >= this.#limits.remembered && !this.#forgetOne()) return undefined;
    const entry: Entry = { event, audience: "all-replicas", reporters: new Set(), said: 0, dueAt };
    this.#entries.set(name, entry);
    return entry;
  }

  #forgetOne(): boolean {
    for (const [name, { reporters }] of this.#entries) if (reporters.size === 0) return this.#entries.delete(name);
    return false;
  }

  #charge({ regarding: { uid } }: ObjectEvent, nowMs: number): void {
    for (const [known, bucket] of this.#objects) if (bucket.isFull(nowMs)) this.#objects.delete(known);
    const bucket = this.#objects.get(uid) ?? new TokenBucket(this.#limits.perObject);
    bucket.take(nowMs);
    this.#objects.set(uid, bucket);
  }
}
