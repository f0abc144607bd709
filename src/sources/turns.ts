/** Work of several files, done in turns, so that a long one holds up no other. Pure. */

/** Work in small pieces: each step of the iterator is one, of at most some milliseconds. */
export type Pieces = Iterator<unknown>;

/**
 * - Who is put gets a turn after those that were there got one more at most.
 * - The work of one name never runs beside other work of that name: what has begun is finished, what has not is replaced by newer work.
 */
export class Turns {
  readonly #current = new Map<string, Pieces>();
  /** What follows work that has begun. */
  readonly #next = new Map<string, Pieces>();
  /** Names whose current work has begun. */
  readonly #begun = new Set<string>();

  /** Whether there is nothing to do. */
  get idle(): boolean {
    return this.#current.size === 0;
  }

  has(name: string): boolean {
    return this.#current.has(name);
  }

  put(name: string, pieces: Pieces): void {
    if (this.#begun.has(name)) this.#next.set(name, pieces);
    else this.#current.set(name, pieces);
  }

  /** Works until it is `over`, asked after each piece, or there is nothing left. */
  work(over: () => boolean): void {
    for (const [name, pieces] of this.#current) {
      this.#begun.add(name);
      let done = pieces.next().done === true;
      while (!done && !over()) done = pieces.next().done === true;
      this.#current.delete(name); // and to the end of the line
      const rest = done ? this.#next.get(name) : pieces;
      if (done) {
        this.#begun.delete(name);
        this.#next.delete(name);
      }
      if (rest !== undefined) this.#current.set(name, rest);
      if (over()) return;
    }
  }
}
