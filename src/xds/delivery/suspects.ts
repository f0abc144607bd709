/** Finding the resource at fault after a proxy refused a response that held several. */

const NOBODY: readonly never[] = [];

/**
 * Groups of keys that a refused response held, to be sent again one group at a time: by halves, until the culprit is alone. With b culprits
 * among n this takes about 2·b·log2(n) responses, and everything else is accepted on the way.
 */
export class Suspects<Key> {
  #groups: readonly (readonly Key[])[] = NOBODY;

  get active(): boolean {
    return this.#groups.length > 0;
  }

  /** The group whose turn it is. */
  get current(): readonly Key[] {
    return this.#groups[0] ?? [];
  }

  /** All that must wait until the current group is answered. */
  *waiting(): Iterable<Key> {
    for (const group of this.#groups.slice(1)) yield* group;
  }

  /** The current group was accepted, or none of it is of interest any more. */
  clear(): void {
    this.#groups = this.#groups.length > 1 ? this.#groups.slice(1) : NOBODY;
  }

  /** `batch` was refused together. Returns the culprit if it is alone; else halves it and gives undefined. An empty batch has no culprit. */
  refuse(batch: readonly Key[]): Key | undefined {
    const rest = this.#without(batch);
    const [only] = batch;
    if (batch.length <= 1) {
      this.#groups = rest;
      return only;
    }
    const half = batch.length >> 1;
    this.#groups = [batch.slice(0, half), batch.slice(half), ...rest];
    return undefined;
  }

  /** `first` was refused together with `others` and is tried without them. */
  isolate(first: Key, others: readonly Key[]): void {
    this.#groups = [[first], others, ...this.#without([first, ...others])];
  }

  #without(batch: readonly Key[]): (readonly Key[])[] {
    const refused = new Set(batch);
    return this.#groups.map((group) => group.filter((key) => !refused.has(key))).filter((group) => group.length > 0);
  }
}
