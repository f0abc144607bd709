/**
 * Values by namespace and name. In two steps, so that a lookup hashes strings that are there already: with joined keys, joining took most of the
 * time of placing a hostname (measured over 100,000 workloads).
 */
import type { ObjectName } from "../records.ts";

export class ByName<V> {
  /** No inner map is empty. */
  readonly #spaces = new Map<string, Map<string, V>>();

  get(namespace: string, name: string): V | undefined {
    return this.#spaces.get(namespace)?.get(name);
  }

  set({ namespace, name }: ObjectName, value: V): void {
    const space = this.#spaces.get(namespace);
    if (space === undefined) this.#spaces.set(namespace, new Map([[name, value]]));
    else space.set(name, value);
  }

  delete({ namespace, name }: ObjectName): void {
    const space = this.#spaces.get(namespace);
    if (space?.delete(name) && space.size === 0) this.#spaces.delete(namespace);
  }

  /** The values, in no order that means anything. */
  *values(): Iterable<V> {
    for (const space of this.#spaces.values()) yield* space.values();
  }
}

/** Sets of values by namespace and name: what belongs to an object, whether or not that object is there. */
export class MembersByName<V extends object> {
  readonly #sets = new ByName<Set<V>>();

  /** Empty for an object without members. Do not add or delete while iterating. */
  of(namespace: string, name: string): Iterable<V> {
    return this.#sets.get(namespace, name) ?? [];
  }

  /** Moves a value from one object of a namespace to another; undefined is none. */
  move(namespace: string, value: V, [from, to]: readonly [from: string | undefined, to: string | undefined]): void {
    if (from === to) return;
    if (from !== undefined) this.#delete(namespace, from, value);
    if (to === undefined) return;
    const members = this.#sets.get(namespace, to);
    if (members === undefined) this.#sets.set({ namespace, name: to }, new Set([value]));
    else members.add(value);
  }

  #delete(namespace: string, name: string, value: V): void {
    const members = this.#sets.get(namespace, name);
    if (members?.delete(value) && members.size === 0) this.#sets.delete({ namespace, name });
  }
}
