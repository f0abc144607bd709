/**
 * Several values under one key, as an index of many keys with mostly one value each needs it: the first value is stored bare, a set is made
 * for the second. Values are compared by identity; a key without values takes no memory.
 */
export class MultiMap<K, V extends object> {
  readonly #byKey = new Map<K, V | Set<V>>();

  /** Adding a value twice is adding it once. */
  add(key: K, value: V): void {
    const there = this.#byKey.get(key);
    if (there === undefined) this.#byKey.set(key, value);
    else if (there instanceof Set) there.add(value);
    else if (there !== value) this.#byKey.set(key, new Set([there, value]));
  }

  /** Deleting what is not there changes nothing. */
  delete(key: K, value: V): void {
    const there = this.#byKey.get(key);
    if (there === value) this.#byKey.delete(key);
    else if (there instanceof Set && there.delete(value) && there.size === 0) this.#byKey.delete(key);
  }

  /** The values under a key, in no order that means anything; empty without any. Do not add or delete while iterating. */
  get(key: K): Iterable<V> {
    const there = this.#byKey.get(key);
    if (there === undefined) return [];
    return there instanceof Set ? there : [there];
  }

  keys(): Iterable<K> {
    return this.#byKey.keys();
  }
}
