/** How fast one client may ask. */

/** Seconds of work that may be asked for at once: an Envoy that starts asks for everything, then hardly ever for anything. */
const BURST_SECONDS = 5;

/** A budget of work that refills with time. Two numbers; time is an argument. */
export class Allowance {
  readonly #perMs: number;
  #paidUntilMs = Number.NEGATIVE_INFINITY;

  /** `perSecond` 0 allows everything. */
  constructor(perSecond: number) {
    this.#perMs = perSecond / 1_000;
  }

  /** Takes so much work, whatever it is. Gives how long to wait before more is taken, in ms: 0 nearly always. */
  take(work: number, nowMs: number): number {
    if (this.#perMs === 0) return 0;
    this.#paidUntilMs = Math.max(this.#paidUntilMs, nowMs - BURST_SECONDS * 1_000) + work / this.#perMs;
    return Math.max(0, this.#paidUntilMs - nowMs);
  }
}
