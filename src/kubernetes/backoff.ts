/** How long to stay away after a failure: decorrelated jitter, so that replicas that failed together do not come back together. */

export interface BackoffOptions {
  /** The shortest wait, in ms. Default 250. It also bounds how often a server that ends every watch at once is asked. */
  readonly baseMs?: number;
  /** The longest wait, in ms. Default 30,000. */
  readonly capMs?: number;
}

/**
 * One series of waits. `chance` gives numbers from 0 to below 1.
 * Each wait lies between `baseMs` and three times the one before, never over `capMs`; `reset` begins the series anew.
 */
export class Backoff {
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #chance: () => number;
  #lastMs: number;

  constructor({ baseMs = 250, capMs = 30_000 }: BackoffOptions, chance: () => number) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#chance = chance;
    this.#lastMs = baseMs;
  }

  /** The next wait, in ms. */
  next(): number {
    const widest = Math.max(this.#baseMs, this.#lastMs * 3);
    this.#lastMs = Math.min(this.#capMs, this.#baseMs + this.#chance() * (widest - this.#baseMs));
    return this.#lastMs;
  }

  reset(): void {
    this.#lastMs = this.#baseMs;
  }
}
