/** Where responses leave: one write in flight per stream, and a budget of bytes in flight for all, in fair order. */
import type { Response } from "./protocol/channel.ts";

/** How long outlets run before the event loop is given back, in ms. */
const SLICE_MS = 8;

/** What all outlets of a server share. */
export interface OutletsOptions {
  /** Bytes handed to sockets and not flushed, of all streams. A response may begin while any of it is left, so one may exceed it. */
  readonly inFlightBytes: number;
  /** Monotonic time in ms. */
  readonly clock: () => number;
}

/**
 * Outlets that may have something to send, first come first served. Nothing is computed before it can be written: a slow stream gets the newest
 * state, not the history, and costs no memory meanwhile.
 */
export class Outlets {
  readonly #options: OutletsOptions;
  readonly #ready = new Set<Outlet>(); // in the order in which they became ready
  #scheduled = false;
  #inFlightBytes = 0;
  #busyMs = 0;

  constructor(options: OutletsOptions) {
    this.#options = options;
  }

  /** Bytes not flushed yet. */
  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** Time spent so far on computing and writing responses, in ms: what a fan-out costs is the difference of two readings. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** An outlet may have something to send. */
  wake(outlet: Outlet): void {
    this.#ready.add(outlet);
    this.#schedule();
  }

  remove(outlet: Outlet): void {
    this.#ready.delete(outlet);
  }

  take(bytes: number): void {
    this.#inFlightBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#inFlightBytes -= bytes;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#ready.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    const startedAt = this.#options.clock();
    let now = startedAt;
    for (const outlet of this.#ready) {
      if (this.#inFlightBytes >= this.#options.inFlightBytes) break; // goes on when something is given back
      this.#ready.delete(outlet);
      outlet.step();
      now = this.#options.clock();
      if (now - startedAt >= SLICE_MS) break;
    }
    this.#busyMs += now - startedAt;
    if (this.#inFlightBytes < this.#options.inFlightBytes) this.#schedule();
  }
}

/** What an outlet needs of its stream. */
export interface OutletParts {
  /** The next response; what is given counts as sent. */
  readonly next: () => Response | undefined;
  /** Hands bytes to the socket; `flushed` is called once, when they have left or never will. */
  readonly write: (response: Response, flushed: () => void) => void;
  /** There was nothing to send. */
  readonly idle: () => void;
}

/** One stream's outlet. */
export class Outlet {
  readonly #outlets: Outlets;
  readonly #parts: OutletParts;
  #writingBytes = 0; // above 0 while a write is in flight
  #closed = false;

  constructor(outlets: Outlets, parts: OutletParts) {
    this.#outlets = outlets;
    this.#parts = parts;
  }

  wake(): void {
    if (!this.#closed && this.#writingBytes === 0) this.#outlets.wake(this);
  }

  /** Sends one response, if there is one. Called by Outlets. */
  step(): void {
    if (this.#closed || this.#writingBytes > 0) return;
    const response = this.#parts.next();
    if (response === undefined) {
      this.#parts.idle();
      return;
    }
    this.#writingBytes = response.bytes;
    this.#outlets.take(this.#writingBytes);
    this.#parts.write(response, () => {
      this.#release();
      this.wake();
    });
  }

  close(): void {
    this.#closed = true;
    this.#outlets.remove(this);
    this.#release();
  }

  #release(): void {
    const bytes = this.#writingBytes;
    this.#writingBytes = 0;
    if (bytes > 0) this.#outlets.giveBack(bytes);
  }
}
