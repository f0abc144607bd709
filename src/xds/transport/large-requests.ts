/** Large requests are read some at a time: a crowd that comes back to a server that has restarted brings one each, a megabyte for 5,000 hostnames. */

import type { Client } from "./client.ts";

/** What one HTTP/2 window holds: a request up to this size is not stopped by pausing. */
export const LARGE_BYTES = 65_536;

/** A call that has begun to read a large request. */
export interface LargeReader {
  readonly client: Client;
  /** There is room now: read on. */
  admitted(): void;
  /** It held room for too long while others waited, and is to be ended. */
  tooSlow(): void;
}

/** What it is made of. */
export interface LargeRequestsOptions {
  /** Bytes of all that are read at a time. One that is larger is read alone. */
  readonly mostBytes: number;
  /** How long one may take while others wait, in ms: a client that never finishes must not keep them waiting. */
  readonly patienceMs: number;
  /** A request of this client took too long. */
  readonly slow: (client: Client) => void;
}

interface Reading {
  readonly bytes: number;
  readonly sinceMs: number;
}

/**
 * First come, first served. Each call has at most one at a time:
 * - `reading`: has room. Left by `end` (worked off, or its call is over).
 * - `waiting`: has none, and its call reads nothing. Left when there is room (to `reading`) and by `end`.
 */
export class LargeRequests {
  readonly #options: LargeRequestsOptions;
  readonly #reading = new Map<LargeReader, Reading>(); // oldest first
  readonly #waiting = new Map<LargeReader, number>();
  #bytes = 0; // of those that are read
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LargeRequestsOptions) {
    this.#options = options;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** A request of so many bytes has begun. True if the call may read on; else it waits for `admitted`. */
  begin(call: LargeReader, bytes: number): boolean {
    if (this.#reading.has(call)) return true;
    if (this.#waiting.size === 0 && this.#fits(bytes)) {
      this.#admit(call, bytes);
      return true;
    }
    this.#waiting.set(call, bytes);
    this.#watch();
    return false;
  }

  /** The call's request is worked off, or the call is over. Nothing happens if it has none. */
  end(call: LargeReader): void {
    this.#waiting.delete(call);
    const reading = this.#reading.get(call);
    if (reading === undefined) return;
    this.#reading.delete(call);
    this.#bytes -= reading.bytes;
    for (const [next, bytes] of this.#waiting) {
      if (!this.#fits(bytes)) break;
      this.#waiting.delete(next);
      this.#admit(next, bytes);
      next.admitted();
    }
  }

  #fits(bytes: number): boolean {
    return this.#reading.size === 0 || this.#bytes + bytes <= this.#options.mostBytes;
  }

  #admit(call: LargeReader, bytes: number): void {
    this.#reading.set(call, { bytes, sinceMs: performance.now() });
    this.#bytes += bytes;
  }

  /** While somebody waits, whoever has been reading for longest is watched. */
  #watch(): void {
    if (this.#timer !== undefined) return;
    for (const [call, { sinceMs }] of this.#reading) {
      const leftMs = sinceMs + this.#options.patienceMs - performance.now();
      this.#timer = setTimeout(
        () => {
          this.#timer = undefined;
          if (this.#waiting.size === 0) return;
          if (this.#reading.get(call)?.sinceMs === sinceMs) {
            this.#options.slow(call.client);
            call.tooSlow();
          }
          this.#watch();
        },
        Math.max(1, leftMs),
      ).unref();
      return;
    }
  }
}
