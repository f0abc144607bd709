/** How often something may happen: so many at once, then one in so much time. */

export interface BucketOptions {
  /** As many at once. */
  readonly burst: number;
  /** In how much time one more may happen, in ms. */
  readonly refillMs: number;
}

/** Full at first. Time is an argument, in ms on any clock that never runs backwards. */
export class TokenBucket {
  readonly #options: BucketOptions;
  /** When it will be full, as if each token taken had to be paid back in turn. */
  #fullAt = Number.NEGATIVE_INFINITY;

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  /** When the next token can be taken; `nowMs` or earlier if there is one. */
  get nextAt(): number {
    const { burst, refillMs } = this.#options;
    return this.#fullAt - (burst - 1) * refillMs;
  }

  /** Nothing was taken for so long that it is as good as new. */
  isFull(nowMs: number): boolean {
    return this.#fullAt <= nowMs;
  }

  /** To be called only when `nextAt` has come. */
  take(nowMs: number): void {
    this.#fullAt = Math.max(this.#fullAt, nowMs) + this.#options.refillMs;
  }
}
