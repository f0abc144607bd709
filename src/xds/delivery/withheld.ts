/** What is not sent yet, because something it requires is not acknowledged. */

import { SparseMap } from "../content/sparse-map.ts";
import type { Verdict } from "./gate.ts";
import { least } from "./leaving.ts";

/** Who knows whether what a key requires is there. */
export interface Judge<Key> {
  verdictOf(key: Key): Verdict;
}

/**
 * Keys of resources (or parts) that wait at one proxy. States of a key:
 * - free (not here): may be sent. Left by `judge`.
 * - `waiting`: something required is not acknowledged yet. Left by `release` and `complete` when all is ready or the bound is over (to free),
 *   or when the proxy refused what is required (to `blocked`); by `cancel`.
 * - `blocked`: the proxy refused something required. Waits without bound: sending would point at what the proxy does not have. Left by `release`
 *   when the verdict is another, and by `cancel`.
 */
export class Withheld<Key> {
  readonly #judge: Judge<Key>;
  readonly #boundMs: number;
  /** Until when each waits at most. All wait equally long, so the order of arrival is the order of deadlines. */
  readonly #waiting = new SparseMap<Key, number>();
  readonly #blocked = new SparseMap<Key, true>();
  #completeBy: number | undefined; // while somebody waits for all of them

  constructor(boundMs: number, judge: Judge<Key>) {
    this.#boundMs = boundMs;
    this.#judge = judge;
  }

  get size(): number {
    return this.#waiting.size + this.#blocked.size;
  }

  /** When a bound is over next; undefined when none waits. */
  get nextAt(): number | undefined {
    for (const until of this.#waiting.values()) return least(until, this.#completeBy);
    return undefined;
  }

  has(key: Key): boolean {
    return this.#waiting.has(key) || this.#blocked.has(key);
  }

  *keys(): Iterable<Key> {
    yield* this.#waiting.keys();
    yield* this.#blocked.keys();
  }

  /** True if it may be sent now; else it is noted. Who waits already keeps its deadline, though its content changed. */
  judge(key: Key, nowMs: number): boolean {
    const verdict = this.#judge.verdictOf(key);
    if (verdict !== "refused") this.#blocked.delete(key);
    if (verdict === "waiting") {
      if (!this.#waiting.has(key)) this.#waiting.set(key, nowMs + this.#boundMs);
      return false;
    }
    this.#waiting.delete(key);
    if (verdict === "refused") this.#blocked.set(key, true);
    return verdict === "ready";
  }

  cancel(key: Key): void {
    this.#waiting.delete(key);
    this.#blocked.delete(key);
  }

  /** Takes out, oldest first, all that may be sent now. */
  release(nowMs: number): Key[] {
    this.#completeBy = undefined;
    const released: Key[] = [];
    for (const key of [...this.#blocked.keys()]) if (this.judge(key, nowMs)) released.push(key);
    for (const [key, until] of this.#waiting) if (this.#decide(key, until, nowMs)) released.push(key);
    return released;
  }

  /**
   * The same for somebody who waits for all of them before sending the first, for no longer than the bound: stops at the first that waits, so
   * that thousands waiting cost one look per event. True once none waits, or the bound is over. Not to be asked after `release`.
   */
  complete(nowMs: number, release: (key: Key) => void): boolean {
    for (const [key, until] of this.#waiting) {
      if (this.#decide(key, until, nowMs)) release(key);
      if (!this.#waiting.has(key)) continue;
      this.#completeBy ??= nowMs + this.#boundMs;
      if (nowMs < this.#completeBy) return false;
      break;
    }
    return true;
  }

  /** True if a waiting key may be sent now. */
  #decide(key: Key, until: number, nowMs: number): boolean {
    const verdict = this.#judge.verdictOf(key);
    if (verdict === "waiting" && nowMs < until) return false;
    this.#waiting.delete(key);
    if (verdict === "refused") this.#blocked.set(key, true);
    return verdict !== "refused";
  }
}
