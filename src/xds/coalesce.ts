/** Changes come one by one, fan-outs cost by the proxy: the first change goes out at once, those behind it together. */

/** Options of a coalescer. */
export interface CoalesceOptions {
  /** Hands the newest state to everybody concerned. */
  readonly run: () => void;
  /** What the last fan-out cost, in ms. Asked when its window ends. */
  readonly costMs: () => number;
  /** Calls back once after so many ms. Default: a timer that keeps no process alive. */
  readonly after?: (delayMs: number, callback: () => void) => void;
  /** Least time between two fan-outs, in ms. Default 10. */
  readonly leastMs?: number;
  /** Most time, in ms. Default 100. */
  readonly mostMs?: number;
}

/** A fan-out may take this share of the time. */
const SHARE = 1 / 4;

/**
 * - `quiet`: nothing happened lately. Left by `poke`, which runs at once, to `waiting`.
 * - `waiting`: something ran lately. `poke` is noted. Left by the timer: to `waiting` after running if something was noted, else to `quiet`.
 */
export class Coalescer {
  readonly #run: () => void;
  readonly #costMs: () => number;
  readonly #after: (delayMs: number, callback: () => void) => void;
  readonly #leastMs: number;
  readonly #mostMs: number;
  #state: "quiet" | "waiting" = "quiet";
  #noted = false;

  constructor({ run, costMs, after = afterUnref, leastMs = 10, mostMs = 100 }: CoalesceOptions) {
    this.#run = run;
    this.#costMs = costMs;
    this.#after = after;
    this.#leastMs = leastMs;
    this.#mostMs = mostMs;
  }

  /** Something changed. */
  poke(): void {
    if (this.#state === "waiting") this.#noted = true;
    else this.#go();
  }

  #go(): void {
    this.#noted = false;
    this.#state = "waiting";
    this.#run();
    this.#wait(this.#leastMs);
  }

  /** The window grows while the fan-out, which goes on behind `run`, turns out to cost more. */
  #wait(waitedMs: number): void {
    this.#after(waitedMs, () => {
      const windowMs = Math.min(this.#mostMs, Math.max(this.#leastMs, this.#costMs() / SHARE));
      if (windowMs - waitedMs >= 1) this.#after(windowMs - waitedMs, () => this.#end());
      else this.#end();
    });
  }

  #end(): void {
    this.#state = "quiet";
    if (this.#noted) this.#go();
  }
}

function afterUnref(delayMs: number, callback: () => void): void {
  setTimeout(callback, delayMs).unref();
}
