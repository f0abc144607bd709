/** A map that is empty nearly always, on thousands of streams. */

/** Iterates in the order of insertion, as Map does. Empty it takes 24 bytes instead of 184, and what it grew to is given back when it is empty again. */
export class SparseMap<Key, Value> {
  #map: Map<Key, Value> | undefined;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  has(key: Key): boolean {
    return this.#map?.has(key) ?? false;
  }

  get(key: Key): Value | undefined {
    return this.#map?.get(key);
  }

  set(key: Key, value: Value): void {
    this.#map ??= new Map();
    this.#map.set(key, value);
  }

  /** True if it was there. */
  delete(key: Key): boolean {
    const deleted = this.#map?.delete(key) ?? false;
    if (deleted && this.#map?.size === 0) this.#map = undefined;
    return deleted;
  }

  keys(): Iterable<Key> {
    return this.#map?.keys() ?? [];
  }

  values(): Iterable<Value> {
    return this.#map?.values() ?? [];
  }

  /** Deleting meanwhile is safe. */
  [Symbol.iterator](): Iterator<[Key, Value]> {
    return this.#map === undefined ? [][Symbol.iterator]() : this.#map[Symbol.iterator]();
  }
}
