/** What is told once, however often it happens. */

/** As long as something goes on, it is told again after this time, in ms: whoever reads the log of today finds it. */
const AGAIN_MS = 3_600_000;
/** Different things remembered at most. Clients choose what is told, so there may be any number; beyond it the oldest is told anew. */
const MOST = 1_000;

/** Remembers what was told lately. */
export class ToldOnce {
  readonly #now: () => number;
  readonly #toldAt = new Map<string, number>();

  /** `now`: ms since any fixed point, never backwards. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether this is to be told now. */
  first(what: string): boolean {
    const now = this.#now();
    if (now - (this.#toldAt.get(what) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return false;
    this.#toldAt.delete(what);
    this.#toldAt.set(what, now);
    const [oldest] = this.#toldAt.keys();
    if (this.#toldAt.size > MOST && oldest !== undefined) this.#toldAt.delete(oldest);
    return true;
  }
}
