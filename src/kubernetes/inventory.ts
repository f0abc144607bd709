/** What is known of one resource: the projection of every object, and how a new list differs from it. */
import { Breath } from "./breath.ts";

/**
 * Projected objects by key.
 * - A list under way is a draft beside the last complete one; `commit` swaps them at once, so nobody sees half a list.
 * - An object whose projection did not change keeps its identity and is no change, however often it is listed or modified.
 * - An object whose projection is undefined is not there.
 */
export class Inventory<T> {
  readonly #same: (a: T, b: T) => boolean;
  #objects = new Map<string, T>();

  constructor(same: (a: T, b: T) => boolean) {
    this.#same = same;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** The last complete list has this of it; undefined: it is not there. */
  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  /** The object of one event. Gives what changed: the new projection, or the last known one of what is gone; undefined if nothing did. */
  put(key: string, projection: T | undefined): { readonly upsert: T } | { readonly removal: T } | undefined {
    if (projection === undefined) return this.remove(key);
    const known = this.#objects.get(key);
    if (known !== undefined && this.#same(known, projection)) return undefined;
    this.#objects.set(key, projection);
    return { upsert: projection };
  }

  remove(key: string): { readonly removal: T } | undefined {
    const known = this.#objects.get(key);
    if (known === undefined) return undefined;
    this.#objects.delete(key);
    return { removal: known };
  }

  /** Begins a list. An earlier draft that was not committed is simply dropped by whoever holds it. */
  draft(): Draft<T> {
    return new Draft(this.#objects, this.#same);
  }

  /** The draft becomes what is known, at once, after the difference was found in short pieces of work. */
  async commit(
    draft: Draft<T>,
    now: () => number,
  ): Promise<{ readonly upserts: readonly T[]; readonly removals: readonly T[] }> {
    const breath = new Breath(now);
    const upserts: T[] = [];
    const removals: T[] = [];
    let looked = 0;
    for (const [key, value] of draft.objects) {
      if (this.#objects.get(key) !== value) upserts.push(value);
      if (++looked % 1_000 === 0 && breath.due) await breath.take();
    }
    for (const [key, known] of this.#objects) {
      if (!draft.objects.has(key)) removals.push(known);
      if (++looked % 1_000 === 0 && breath.due) await breath.take();
    }
    this.#objects = draft.objects;
    return { upserts, removals };
  }
}

/** A list under way. */
export class Draft<T> {
  readonly objects = new Map<string, T>();
  readonly #known: ReadonlyMap<string, T>;
  readonly #same: (a: T, b: T) => boolean;

  constructor(known: ReadonlyMap<string, T>, same: (a: T, b: T) => boolean) {
    this.#known = known;
    this.#same = same;
  }

  /** A listed object, or one that came or changed while the list was streamed. */
  put(key: string, projection: T | undefined): void {
    if (projection === undefined) this.objects.delete(key);
    else {
      const known = this.#known.get(key);
      this.objects.set(key, known !== undefined && this.#same(known, projection) ? known : projection);
    }
  }

  remove(key: string): void {
    this.objects.delete(key);
  }
}
