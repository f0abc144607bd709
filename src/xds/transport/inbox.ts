/** Requests are worked off in slices: the event loop reads all sockets in one go, and a crowd's requests together would hold it for seconds. */

/** How long requests are worked off before the event loop is given back, in ms. */
const SLICE_MS = 8;

/** Places of steps that are taken are given back together. */
const COMPACT_AT = 1_000;

/** Steps of all calls, first come, first served. Alone, a step is taken at once; those that come when a slice is used up wait for the next turn. */
export class Inbox {
  #queue: ((() => void) | undefined)[] = [];
  #next = 0; // those before it are taken, and undefined
  #usedMs = 0; // of this turn of the event loop
  #scheduled = false;
  readonly #clock: () => number;

  /** `clock`: monotonic time in ms. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Takes the step now, or returns false: then `later` does. */
  now(step: () => void): boolean {
    if (this.#usedMs >= SLICE_MS || this.#queue.length > 0) return false;
    this.#schedule();
    this.#run(step);
    return true;
  }

  /** Takes the step behind all that wait. */
  later(step: () => void): void {
    this.#queue.push(step);
    this.#schedule();
  }

  #run(step: () => void): void {
    const startedAt = this.#clock();
    step();
    this.#usedMs += this.#clock() - startedAt;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    this.#usedMs = 0;
    while (this.#usedMs < SLICE_MS) {
      const step = this.#taken();
      if (step === undefined) break;
      this.#run(step);
    }
    if (this.#usedMs > 0 || this.#queue.length > 0) this.#schedule(); // at the latest the turn after the last begins with nothing used
  }

  /** The step whose turn it is. It holds a request, and is let go of at once: a crowd may keep the queue from ever being empty. */
  #taken(): (() => void) | undefined {
    const step = this.#queue[this.#next];
    if (step === undefined) return undefined;
    this.#queue[this.#next] = undefined;
    this.#next += 1;
    if (this.#next === this.#queue.length || this.#next === COMPACT_AT) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    return step;
  }
}
