/**
 * Room `xds`: gives every proxy the resources of its fleet, in an order that breaks no request, and knows what each has acknowledged.
 * Given: resources as type, name, version, bytes, what each requires, its companion and an opaque subject. Gives: streams, and facts about them.
 * Must not import: any room but src/codec; must not know what a route or a cluster means to Envoy, only what the xDS protocol says of types.
 */
import type { Resource, ResourceChange, TypeUrl } from "../codec/resource.ts";
import { Bundles } from "./content/bundles.ts";
import { Compositions } from "./content/composition.ts";
import { Frames } from "./content/frames.ts";
import { Shelf } from "./content/shelf.ts";
import { Doubts } from "./delivery/doubts.ts";
import { Kinds } from "./delivery/kind.ts";

/** More types than Envoy has: from here on, those that a client made up and has left are forgotten. */
const MANY_TYPES = 64;

/**
 * The newest content of every resource, and the order in which contents became newest. Shared by all streams of a fleet variant.
 * - Equal bytes have equal versions, on every replica and after every restart; putting an equal version again is no change.
 * - Who holds the contents at `position` and then fetches the names of `since(position)` holds what a newcomer is given.
 * - Bytes handed out are never written to again, so streams share them.
 * - Nothing is sent from a store that is not complete.
 */
export class ResourceStore {
  readonly #shelves = new Map<TypeUrl, Shelf>();
  readonly #parts = new Map<TypeUrl, Map<string, Shelf>>();
  readonly #listeners = new Set<() => void>();
  #position = 0;
  #complete = false;
  #frozen = false;
  /** Encoded forms of resources, each made once for all streams. */
  readonly frames = new Frames();
  /** Large responses' resources, each joined once for all streams that are sent the same. */
  readonly bundles = new Bundles();
  /** Composed bodies, each made once for all streams that need the same. */
  readonly compositions = new Compositions();

  /** What builds of proxies have accepted and refused of this store. */
  readonly kinds = new Kinds();

  /** Versions that proxies are not believed when they come back. */
  readonly doubts = new Doubts();

  /** Steps so far that changed something, counted since this store was made; means nothing to another replica. */
  get position(): number {
    return this.#position;
  }

  /** False until `markComplete`: streams connect, and are sent nothing. */
  get complete(): boolean {
    return this.#complete;
  }

  /** While true a proxy is given only what it lacks: no updates, no removals. */
  get frozen(): boolean {
    return this.#frozen;
  }

  /** Applies all changes as one step: no stream is given something from between. Returns the position after it. Listeners hear of it once, if it changed anything. */
  apply(changes: Iterable<ResourceChange>): number {
    const position = this.#position + 1;
    let changed = false;
    for (const change of changes) changed = this.#applyOne(change, position) || changed;
    if (!changed) return this.#position;
    this.#position = position;
    this.#tell();
    return position;
  }

  /** Everything essential is here for the first time. Final: a store never becomes incomplete again. */
  markComplete(): void {
    if (this.#complete) return;
    this.#complete = true;
    this.#tell();
  }

  /** The sources are stale (true) or current again (false). */
  setFrozen(frozen: boolean): void {
    if (this.#frozen === frozen) return;
    this.#frozen = frozen;
    this.#tell();
  }

  get(type: TypeUrl, name: string, of?: string): Resource | undefined {
    return of === undefined ? this.#shelves.get(type)?.get(name) : this.#parts.get(type)?.get(of)?.get(name);
  }

  /** Types that have or had a resource, in the order of their URLs. */
  types(): readonly TypeUrl[] {
    return [...this.#shelves.keys()].sort();
  }

  /** Names of the whole and composed resources of a type, in no particular order. */
  *names(type: TypeUrl): Iterable<string> {
    const shelf = this.#shelves.get(type);
    if (shelf !== undefined) for (const slot of shelf.present()) yield shelf.nameOf(slot);
  }

  /** Names of one type changed or removed after `position`, each once. */
  *since(type: TypeUrl, position: number): Iterable<string> {
    const shelf = this.#shelves.get(type);
    if (shelf !== undefined) for (const slot of shelf.since(position)) yield shelf.nameOf(slot);
  }

  /** Calls back after every step, after `markComplete` and when `frozen` changed. The function returned ends that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The shelf of a type, made if it is new. For streams: callers bound how many types one stream may name, and are among the shelf's users. */
  shelf(type: TypeUrl): Shelf {
    if (this.#shelves.size >= MANY_TYPES && !this.#shelves.has(type))
      for (const [other, shelf] of this.#shelves) if (shelf.drop()) this.#shelves.delete(other);
    return ensure(this.#shelves, type, () => new Shelf(type));
  }

  /** The shelf of the parts of one composed resource, made if it is new. */
  partsOf(type: TypeUrl, name: string): Shelf {
    const ofType = ensure(this.#parts, type, () => new Map<string, Shelf>());
    return ensure(ofType, name, () => new Shelf(type));
  }

  #applyOne(change: ResourceChange, position: number): boolean {
    if ("put" in change) {
      const { put } = change;
      return (put.kind === "part" ? this.partsOf(put.type, put.of) : this.shelf(put.type)).put(put, position);
    }
    const { type, name, of } = change.remove;
    return (
      (of === undefined ? this.#shelves.get(type) : this.#parts.get(type)?.get(of))?.remove(name, position) ?? false
    );
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function ensure<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
