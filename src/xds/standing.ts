/** Data-plane truth for many resources at once: how many proxies have acknowledged the newest of each. */
import type { ResourceRef } from "../codec/resource.ts";
import { BitSet } from "./content/bit-set.ts";
import type { ConnectedProxy } from "./proxy.ts";
import type { ResourceStore } from "./store.ts";

/** What belongs together (a hostname's cluster, assignment and route) at the proxies of one store. */
export interface Standing {
  /** Connected and given this store. */
  readonly proxies: number;
  /** Of these, those that have acknowledged all of it in the newest version. */
  readonly acknowledged: number;
}

/** Where the resources of a type, or parts, belong: the group of each slot. */
interface Shelved {
  readonly type: string;
  readonly of: string | undefined;
  readonly groupOf: ReadonlyMap<number, number>;
}

/**
 * For each group in turn; done when the iteration is, which may be given up the event loop between any two steps: each is one proxy. A proxy that
 * is up to date costs a look at bits however many groups there are, another some 50 ns for each resource that it lacks.
 */
export function* standingsOf(
  store: ResourceStore,
  proxies: Iterable<Pick<ConnectedProxy, "lacking">>,
  groups: readonly (readonly ResourceRef[])[],
): Generator<undefined, readonly Standing[]> {
  const shelves = shelvesOf(store, groups);
  const lacking = new Uint32Array(groups.length);
  let count = 0;
  for (const proxy of proxies) {
    count += 1;
    const behind = new BitSet();
    for (const { type, of, groupOf } of shelves) {
      const sets = proxy.lacking(type, of);
      for (const slot of sets.length === 0 ? groupOf.keys() : sets.flatMap((set) => [...set])) {
        const group = groupOf.get(slot);
        if (group !== undefined && behind.add(group)) lacking[group] = (lacking[group] ?? 0) + 1;
      }
    }
    yield;
  }
  return groups.map((_, group) => ({ proxies: count, acknowledged: count - (lacking[group] ?? 0) }));
}

function shelvesOf(store: ResourceStore, groups: readonly (readonly ResourceRef[])[]): readonly Shelved[] {
  const found = new Map<string, { type: string; of: string | undefined; groupOf: Map<number, number> }>();
  for (const [group, refs] of groups.entries())
    for (const { type, name, of } of refs) {
      const key = `${type} ${of ?? ""}`;
      const shelved = found.get(key) ?? { type, of, groupOf: new Map<number, number>() };
      found.set(key, shelved);
      const slot = (of === undefined ? store.shelf(type) : store.partsOf(type, of)).slotOf(name);
      if (slot !== undefined) shelved.groupOf.set(slot, group);
    }
  return [...found.values()];
}
