/** Keeps a pipeline going on the event loop: slices of work, the timer of holds. The only place in the room that knows time. */
import type { RecordChange } from "../placement/records.ts";
import type { Pipeline, PipelineSettings } from "./pipeline.ts";

/** What the runner needs of the world; tests give their own. */
export interface RunnerClock {
  /** Ms since any fixed point, never backwards. */
  now(): number;
  /** Calls back once after the event loop has served others. */
  soon(callback: () => void): void;
  /** Calls back after `delayMs`; the result cancels it. */
  later(delayMs: number, callback: () => void): () => void;
}

/** Work between two returns to the event loop, in ms: far below the 50 ms that nothing may exceed, and below what a waiting stream would notice. */
const SLICE_MS = 8;

/**
 * - The first slice of work runs in the call that brought the change, so that a lone move is in the stores when `apply` returns.
 * - `onSettled` is called whenever pending work has run out, once per burst.
 */
export class Runner {
  readonly #pipeline: Pipeline;
  readonly #clock: RunnerClock;
  readonly #onSettled: () => void;
  #working = false;
  #cancelTimer: (() => void) | undefined;
  #stopped = false;

  constructor(pipeline: Pipeline, clock: RunnerClock, onSettled: () => void) {
    this.#pipeline = pipeline;
    this.#clock = clock;
    this.#onSettled = onSettled;
  }

  /** `agoMs`: how long ago that was so. */
  apply(changes: Iterable<RecordChange>, agoMs = 0): void {
    this.#pipeline.apply(changes, this.#clock.now() - agoMs);
    this.#start();
  }

  sync(): void {
    this.#pipeline.sync(this.#clock.now());
    this.#start();
  }

  setStale(stale: boolean): void {
    this.#pipeline.setStale(stale);
    this.#start();
  }

  redefine(settings: PipelineSettings): void {
    this.#pipeline.redefine(settings, this.#clock.now());
    this.#start();
  }

  /** There is work that came about elsewhere: a variant was asked for. */
  wake(): void {
    this.#start();
  }

  /** No work and no timer after this. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
  }

  #start(): void {
    if (this.#working || this.#stopped) return;
    this.#working = true;
    this.#slice();
  }

  #slice(): void {
    if (this.#stopped) return;
    const until = this.#clock.now() + SLICE_MS;
    if (this.#pipeline.work(() => this.#clock.now() < until)) {
      this.#clock.soon(() => this.#slice());
      return;
    }
    this.#working = false;
    this.#arm();
    this.#onSettled();
  }

  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const at = this.#pipeline.nextAt;
    if (at === undefined) return;
    this.#cancelTimer = this.#clock.later(Math.max(0, at - this.#clock.now()), () => {
      this.#pipeline.advance(this.#clock.now());
      this.#start();
    });
  }
}
