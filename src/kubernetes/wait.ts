/** The time until something is tried again, which may turn out to be shorter than was thought. */
import type { ReflectorClock } from "./reflector-options.ts";

/** One wait after the other: set, then lived through. */
export class Wait {
  readonly #sleep: ReflectorClock["sleep"];
  #waitMs = 0;
  #leastMs = 0;
  #haste = new AbortController();

  constructor(sleep: ReflectorClock["sleep"]) {
    this.#sleep = sleep;
  }

  /** The next one, in ms, and how much of it stays though somebody hurries. */
  set(waitMs: number, leastMs = waitMs): void {
    [this.#waitMs, this.#leastMs] = [waitMs, leastMs];
    this.#haste = new AbortController();
  }

  /** The one that was set last is over as soon as it can be. */
  hurry(): void {
    this.#haste.abort(new Error("hurried"));
  }

  /** Resolves when it is over. Rejects when the signal aborts. */
  async over(signal: AbortSignal): Promise<void> {
    const haste = this.#haste.signal;
    if (this.#leastMs > 0) await this.#sleep(this.#leastMs, signal);
    const restMs = this.#waitMs - this.#leastMs;
    if (restMs === 0 && this.#leastMs > 0) return;
    await this.#sleep(restMs, AbortSignal.any([signal, haste])).catch((error: unknown) => {
      if (signal.aborted || !haste.aborted) throw error;
    });
  }
}
