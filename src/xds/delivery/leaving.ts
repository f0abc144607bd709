/** Removals that come last: a cluster goes when nothing that the proxy has points at it any more, and a grace later. */

import { SparseMap } from "../content/sparse-map.ts";

/** Bounds of make before break, complete. */
export interface Bounds {
  /** How long anything waits at most for a proxy's acknowledgement, in ms. */
  readonly ackBoundMs: number;
  /** How long what nothing points at any more stays, in ms. */
  readonly graceMs: number;
}

interface Leaver {
  /** Position of the store at which it was removed: who acknowledged everything up to there points at it no more. */
  readonly removedAt: number;
  /** When waiting ends: for the acknowledgement (`pointed-at`), or the grace (`unpointed`). */
  readonly untilMs: number;
  /** It became `unpointed` because the proxy was silent: nobody waits for that proxy again. */
  readonly silent: boolean;
}

/**
 * Per (proxy, type). States of a name that the store has removed and the proxy still has:
 * - `pointed-at`: something the proxy has may point at it. Left by `due` (the other types acknowledged everything up to the removal, or the
 *   proxy was silent for ackBoundMs) to `unpointed`, by `cancel` (put again) to nothing.
 * - `unpointed`: waits for the grace. Left by `due` (graceMs over) to the removal; back to `pointed-at` when meanwhile something unacknowledged
 *   came up (a reconnecting proxy subscribes to routes after clusters); by `cancel` to nothing.
 */
export class Leaving<Key> {
  readonly #pointedAt = new SparseMap<Key, Leaver>();
  readonly #unpointed = new SparseMap<Key, Leaver>();
  readonly #bounds: Bounds;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#pointedAt.size + this.#unpointed.size;
  }

  /** When `due` has something to do at the latest. */
  get nextAt(): number | undefined {
    return least(first(this.#pointedAt), first(this.#unpointed));
  }

  has(key: Key): boolean {
    return this.#pointedAt.has(key) || this.#unpointed.has(key);
  }

  keys(): Iterable<Key> {
    return [...this.#pointedAt.keys(), ...this.#unpointed.keys()];
  }

  add(key: Key, removedAt: number, nowMs: number): void {
    if (!this.has(key)) this.#wait(key, removedAt, nowMs);
  }

  /** True if it was leaving. */
  cancel(key: Key): boolean {
    return this.#pointedAt.delete(key) || this.#unpointed.delete(key);
  }

  /** Takes out what may be removed now. `settledAt`: position up to which the proxy's other types are acknowledged. */
  due(settledAt: number, nowMs: number): Key[] {
    const due: Key[] = [];
    for (const [key, { removedAt, untilMs }] of this.#pointedAt) {
      const silent = removedAt > settledAt;
      if (silent && nowMs < untilMs) break; // those behind were removed later
      this.#pointedAt.delete(key);
      this.#unpointed.set(key, { removedAt, untilMs: nowMs + this.#bounds.graceMs, silent });
    }
    for (const [key, { removedAt, untilMs, silent }] of [...this.#unpointed]) {
      if (nowMs < untilMs) break;
      this.#unpointed.delete(key);
      if (removedAt <= settledAt || silent) due.push(key);
      else this.#wait(key, removedAt, nowMs);
    }
    return due;
  }

  #wait(key: Key, removedAt: number, nowMs: number): void {
    this.#pointedAt.set(key, { removedAt, untilMs: nowMs + this.#bounds.ackBoundMs, silent: false });
  }
}

function first(leavers: SparseMap<unknown, Leaver>): number | undefined {
  for (const { untilMs } of leavers.values()) return untilMs;
  return undefined;
}

/** The lesser of two times, of which either may be missing. */
export function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}
