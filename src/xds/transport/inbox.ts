/** Requests are worked off in slices: the event loop reads all sockets in one go, and a crowd's requests together would hold it for seconds. */

/** How long requests are worked off before the event loop is given back, in ms. */
const SLICE_MS = 8;

/** Steps of all calls, first come, first served. Alone, a step is taken at once; those that come when a slice is used up wait for the next turn. */
export class Inbox {
  #queue: (() => void)[] = [];
  #next = 0; // those before it are taken
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
    for (
      let step = this.#queue[this.#next];
      step !== undefined && this.#usedMs < SLICE_MS;
      step = this.#queue[this.#next]
    ) {
      this.#next += 1;
      this.#run(step);
    }
    if (this.#next < this.#queue.length) {
      this.#schedule();
      return;
    }
    this.#queue = [];
    this.#next = 0;
    if (this.#usedMs > 0) this.#schedule(); // the next turn begins with nothing used
  }
}
