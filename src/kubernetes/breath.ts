/** Long work in short pieces, so that the event loop serves others in between. */
import { setImmediate } from "node:timers/promises";

/** Longest piece of work between two breaths, in ms. A fifth of what the event loop may be blocked for (50 ms), since others work in the same turn. */
const PIECE_MS = 10;

/**
 * Measures work and tells when to let others have the event loop. Call `due` after each small piece; when it says so, await `take`.
 * `for await` over a socket does not do this by itself: buffered chunks are handed out in microtasks, before any timer or other socket.
 */
export class Breath {
  readonly #now: () => number;
  #since: number;

  /** `now`: a monotonic clock in ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** Whether the last breath is so long ago that one is due. */
  get due(): boolean {
    return this.#now() - this.#since >= PIECE_MS;
  }

  /** Lets timers and sockets run once. */
  async take(): Promise<void> {
    await setImmediate();
    this.#since = this.#now();
  }
}
