/** Finding the resource at fault after a proxy refused a response that held several. */

interface Group<Key> {
  readonly keys: readonly Key[];
  /** What the proxy named was taken out of it already. If it is refused all the same, the names were of no use, and it goes by halves. */
  readonly sifted: boolean;
}

const NOBODY: readonly never[] = [];
const NOT_NAMED: ReadonlySet<never> = new Set();

/** This many named keys are tried one by one; more go by halves. */
const TRIED_ALONE = 8;

/**
 * Groups of keys that a refused response held, to be sent again one group at a time, until the culprit is alone.
 * - Whom the proxy names waits while the others are tried: with honest words all good ones are accepted in one response, and each culprit takes one more.
 * - Without words that help it goes by halves: with b culprits among n this takes about 2·b·log2(n) responses, and everything else is accepted on the way.
 * - Only who is refused alone is a culprit, whatever the words say; a group that is accepted is cleared.
 */
export class Suspects<Key> {
  #groups: readonly Group<Key>[] = NOBODY;

  get active(): boolean {
    return this.#groups.length > 0;
  }

  /** The group whose turn it is. */
  get current(): readonly Key[] {
    return this.#groups[0]?.keys ?? [];
  }

  /** All that must wait until the current group is answered. */
  *waiting(): Iterable<Key> {
    for (const group of this.#groups.slice(1)) yield* group.keys;
  }

  /** The current group was accepted, or none of it is of interest any more. */
  clear(): void {
    this.#groups = this.#groups.length > 1 ? this.#groups.slice(1) : NOBODY;
  }

  /** These are to be tried together, after all others. */
  suspect(keys: readonly Key[]): void {
    if (keys.length > 0) this.#groups = [...this.#groups, { keys, sifted: false }];
  }

  /**
   * `batch` was refused together; the proxy's words name some of them, or none. Returns the culprit if it is alone; else splits the batch and gives
   * undefined. An empty batch has no culprit.
   */
  refuse(batch: readonly Key[], named: ReadonlySet<Key> = NOT_NAMED): Key | undefined {
    const sifted = this.#groups[0]?.sifted === true && batch.every((key) => this.current.includes(key));
    const rest = this.#without(batch);
    const [only] = batch;
    if (batch.length <= 1) {
      this.#groups = rest;
      return only;
    }
    const suspicious = batch.filter((key) => named.has(key));
    const others = batch.filter((key) => !named.has(key));
    const [front, back] =
      sifted || suspicious.length === 0 || others.length === 0
        ? halves(batch)
        : [[{ keys: others, sifted: true }], split(suspicious)];
    this.#groups = [...front, ...back, ...rest];
    return undefined;
  }

  /** `first` was refused together with `others` and is tried without them. */
  isolate(first: Key, others: readonly Key[]): void {
    this.#groups = [...split([first]), { keys: others, sifted: false }, ...this.#without([first, ...others])];
  }

  #without(batch: readonly Key[]): Group<Key>[] {
    const refused = new Set(batch);
    return this.#groups
      .map((group) => ({ ...group, keys: group.keys.filter((key) => !refused.has(key)) }))
      .filter(({ keys }) => keys.length > 0);
  }
}

function halves<Key>(batch: readonly Key[]): [Group<Key>[], Group<Key>[]] {
  const half = batch.length >> 1;
  return [[{ keys: batch.slice(0, half), sifted: false }], [{ keys: batch.slice(half), sifted: false }]];
}

function split<Key>(named: readonly Key[]): Group<Key>[] {
  if (named.length > TRIED_ALONE) return halves(named).flat();
  return named.map((key) => ({ keys: [key], sifted: false }));
}
