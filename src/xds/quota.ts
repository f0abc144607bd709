/** What one client may make the server remember. */
import type { LimitName } from "./limits.ts";
import { OverLimit } from "./protocol/garbage.ts";

/** A long text counts as one for every so many characters. */
const LENGTH_EACH = 256;

/** Counts what is remembered of texts that a client chose, from taking them to giving them back. */
export class Quota {
  readonly #limit: LimitName;
  readonly #most: number;
  readonly #what: string;
  #used = 0;

  /** `what` completes "more than 20,000 ...". */
  constructor(limit: LimitName, most: number, what: string) {
    this.#limit = limit;
    this.#most = most;
    this.#what = what;
  }

  get used(): number {
    return this.#used;
  }

  /** The next is one too many. */
  get full(): boolean {
    return this.#used >= this.#most;
  }

  /** Throws OverLimit when it is too much; it counts all the same, and is to be given back. */
  take(text: string): void {
    this.#used += sizeOf(text);
    if (this.#used > this.#most) throw new OverLimit(this.#limit, `more than ${this.#most} ${this.#what}`);
  }

  giveBack(text: string): void {
    this.#used -= sizeOf(text);
  }
}

const sizeOf = (text: string): number => 1 + Math.floor(text.length / LENGTH_EACH);
