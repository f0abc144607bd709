/** Where responses leave: one write in flight per stream, and a budget of bytes in flight for all, in fair order. */
import type { Response } from "./protocol/channel.ts";

/** How long outlets run before the event loop is given back, in ms. */
const SLICE_MS = 8;

/** What all outlets of a server share. */
export interface OutletsOptions {
  /**
   * Bytes handed to sockets and not flushed, of all streams. A response may begin while any of it is left, so one may exceed it.
   * As much again may be stalled.
   */
  readonly inFlightBytes: number;
  /** A write that is not flushed after so many ms is stalled. */
  readonly stallMs: number;
  /** Monotonic time in ms. */
  readonly clock: () => number;
}

/** Stalled writes fill their budget too: one that has been in flight for this many times `stallMs` is given up, and its client cut. */
const PATIENCE = 5;

/**
 * Outlets that may have something to send, first come first served. Nothing is computed before it can be written: a slow stream gets the newest
 * state, not the history, and costs no memory meanwhile.
 *
 * A frozen client keeps what was written to it in flight until a ping finds out, and a hundred of them would take the whole budget. So a write
 * is, from its beginning to its flush or the end of its stream:
 * - `counted`: waits are for it. Left after `stallMs`, if somebody waits and less than a budget is stalled.
 * - `stalled`: nobody waits for it. A slow client may well finish it. Left by the cut, if somebody waits, the stalled budget is full and this
 *   write is the oldest, for PATIENCE times `stallMs`.
 */
export class Outlets {
  readonly #options: OutletsOptions;
  readonly #ready = new Set<Outlet>(); // in the order in which they became ready
  #scheduled = false;
  readonly #counted = new Set<Outlet>(); // writes in flight, oldest first
  readonly #stalled = new Set<Outlet>(); // likewise
  #countedBytes = 0;
  #stalledBytes = 0;
  #busyMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OutletsOptions) {
    this.#options = options;
  }

  /** Bytes not flushed yet, stalled or not. */
  get inFlightBytes(): number {
    return this.#countedBytes + this.#stalledBytes;
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

  began(outlet: Outlet): void {
    this.#counted.add(outlet);
    this.#countedBytes += outlet.writingBytes;
  }

  ended(outlet: Outlet): void {
    this.#drop(outlet);
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
      if (!this.#hasRoom(now)) break; // goes on when something is given back, or stalls
      this.#ready.delete(outlet);
      outlet.step(now);
      now = this.#options.clock();
      if (now - startedAt >= SLICE_MS) break;
    }
    this.#busyMs += now - startedAt;
    if (this.#countedBytes < this.#options.inFlightBytes) this.#schedule();
    else if (this.#ready.size > 0) this.#wait(now);
  }

  #hasRoom(nowMs: number): boolean {
    const { inFlightBytes, stallMs } = this.#options;
    while (this.#countedBytes >= inFlightBytes) {
      const [oldest] = this.#counted;
      if (oldest === undefined || nowMs < oldest.writingSinceMs + stallMs) return false;
      if (this.#stalledBytes >= inFlightBytes) {
        const [stuck] = this.#stalled;
        if (stuck === undefined || nowMs < stuck.writingSinceMs + PATIENCE * stallMs) return false;
        stuck.cut();
        this.#drop(stuck);
        continue;
      }
      this.#drop(oldest);
      this.#stalled.add(oldest);
      this.#stalledBytes += oldest.writingBytes;
    }
    return true;
  }

  #drop(outlet: Outlet): void {
    if (this.#counted.delete(outlet)) this.#countedBytes -= outlet.writingBytes;
    if (this.#stalled.delete(outlet)) this.#stalledBytes -= outlet.writingBytes;
  }

  /** Nothing that happens may ever give something back: looks again in a while. */
  #wait(nowMs: number): void {
    const [oldest] = this.#counted;
    const inMs = (oldest?.writingSinceMs ?? nowMs) + this.#options.stallMs - nowMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#schedule(), Math.max(this.#options.stallMs / 4, inMs)).unref();
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
  /** Asked once a response has left: false if `next` would give nothing. */
  readonly mayHaveMore: () => boolean;
  /** The client takes nothing, and others need what is in flight to it. */
  readonly cut: () => void;
}

/** One stream's outlet. */
export class Outlet {
  readonly #outlets: Outlets;
  readonly #parts: OutletParts;
  #writingBytes = 0; // above 0 while a write is in flight
  #writingSinceMs = 0;
  #closed = false;

  constructor(outlets: Outlets, parts: OutletParts) {
    this.#outlets = outlets;
    this.#parts = parts;
  }

  /** Of the write in flight; 0 if there is none. */
  get writingBytes(): number {
    return this.#writingBytes;
  }

  /** When the write in flight began. */
  get writingSinceMs(): number {
    return this.#writingSinceMs;
  }

  wake(): void {
    if (!this.#closed && this.#writingBytes === 0) this.#outlets.wake(this);
  }

  /** Sends one response, if there is one. Called by Outlets. */
  step(nowMs: number): void {
    if (this.#closed || this.#writingBytes > 0) return;
    const response = this.#parts.next();
    if (response === undefined) {
      this.#parts.idle();
      return;
    }
    this.#writingBytes = response.bytes;
    this.#writingSinceMs = nowMs;
    this.#outlets.began(this);
    this.#parts.write(response, () => {
      this.#release();
      if (this.#parts.mayHaveMore()) this.wake();
    });
  }

  cut(): void {
    this.#parts.cut();
  }

  /** Sends nothing any more. What is in flight still is: a client may end a stream and not take what was written to it. */
  close(): void {
    this.#closed = true;
    this.#outlets.remove(this);
  }

  #release(): void {
    if (this.#writingBytes === 0) return;
    this.#outlets.ended(this);
    this.#writingBytes = 0;
  }
}
