/** The resources of one type (or the parts of one composed resource) under small numbers, and the order in which they changed. */
import type { Resource, TypeUrl } from "../../codec/resource.ts";
import { BitSet } from "./bit-set.ts";

/** Whoever remembers slots says so, or a slot it remembers would be given to another name. */
export interface SlotUser {
  /** Adds the slots it remembers. */
  addUsed(used: BitSet): void;
}

/** Whoever must know at once that other content is the newest. Told after the fact. */
export interface ShelfListener {
  /** The slot has other content than `before`. */
  replaced(slot: number, before: Resource): void;
  /** The slot has no resource any more. */
  removed(slot: number): void;
  /** The shelf is not used any more. */
  dropped(): void;
}

/**
 * Names interned as slots. A slot may stand for a name without a resource: one that was removed, or that a proxy asked for.
 * - A slot keeps its name for as long as it has a resource or a user uses it.
 * - `changedAt` is the position of the last put or removal, `contentAt` that of the last different content: a resource that is removed and
 *   put back with equal bytes changed, its content did not.
 */
export class Shelf {
  readonly type: TypeUrl;
  readonly users = new Set<SlotUser>();
  readonly listeners = new Set<ShelfListener>();
  readonly #slots = new Map<string, number>();
  readonly #names: (string | undefined)[] = [];
  readonly #items: (Resource | undefined)[] = [];
  readonly #versions: (string | undefined)[] = []; // of the last content, kept after a removal
  readonly #changedAt: number[] = [];
  readonly #contentAt: number[] = [];
  readonly #free: number[] = [];
  /** Slots in the order of their changes; an entry counts if the slot's `changedAt` still equals its position. */
  #log: { readonly position: number; readonly slot: number }[] = [];
  /** Changes up to here are not in the log any more. */
  #forgotten = 0;
  /** Slots that have a resource. */
  readonly #filled = new BitSet();
  #reclaimAt = 1_024; // slots without resource, beyond as many as there are resources
  #given = 0; // names without resource that users left behind since the last time
  #sorted: Resource[] | undefined;
  #sortedAt = -1;
  #position = 0;

  constructor(type: TypeUrl) {
    this.type = type;
  }

  /** True if nothing was ever here and nobody waits for anything: then nobody will know of it any more. */
  drop(): boolean {
    if (this.#position > 0 || this.users.size > 0) return false;
    for (const listener of this.listeners) listener.dropped();
    return true;
  }

  /** Resources here. */
  get live(): number {
    return this.#filled.size;
  }

  /** How many of these slots have a resource. */
  liveAmong(slots: BitSet): number {
    return slots.sizeWithin(this.#filled);
  }

  /** Slots that have a resource and are not among these. A set of its own. */
  presentBut(slots: BitSet | undefined): BitSet {
    return this.#filled.without(slots);
  }

  /** Position of the last change here. */
  get position(): number {
    return this.#position;
  }

  /** Slots in use, with a resource or without. */
  get slots(): number {
    return this.#slots.size;
  }

  slotOf(name: string): number | undefined {
    return this.#slots.get(name);
  }

  nameOf(slot: number): string {
    const name = this.#names[slot];
    if (name === undefined) throw new Error(`slot ${slot} of ${this.type} stands for no name`);
    return name;
  }

  at(slot: number): Resource | undefined {
    return this.#items[slot];
  }

  get(name: string): Resource | undefined {
    const slot = this.#slots.get(name);
    return slot === undefined ? undefined : this.#items[slot];
  }

  /** Whom to tell of this content: an owner may change while the bytes do not. */
  subjectOf({ name, version, subject }: Resource): Resource["subject"] {
    const newest = this.get(name);
    return newest?.version === version ? newest.subject : subject;
  }

  changedAt(slot: number): number {
    return this.#changedAt[slot] ?? 0;
  }

  contentAt(slot: number): number {
    return this.#contentAt[slot] ?? 0;
  }

  /** A user has gone that had brought up so many names without a resource. */
  leave(user: SlotUser, names: number): void {
    this.users.delete(user);
    this.#given += names;
    if (2 * this.#given > Math.max(1_024, this.#slots.size - this.live)) this.#reclaim();
  }

  /** The slot of a name, new if it has none. */
  intern(name: string): number {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    if (this.#free.length === 0 && this.#slots.size > 2 * this.live + this.#reclaimAt) this.#reclaim();
    const slot = this.#free.pop() ?? this.#names.length;
    this.#slots.set(name, slot);
    this.#names[slot] = name;
    this.#items[slot] = undefined;
    this.#versions[slot] = undefined;
    this.#changedAt[slot] = 0;
    this.#contentAt[slot] = 0;
    return slot;
  }

  /** True if this is a change. */
  put(resource: Resource, position: number): boolean {
    const slot = this.intern(resource.name);
    const before = this.#items[slot];
    if (before !== undefined && before.version === resource.version && before.kind === resource.kind) {
      if (sameRequirements(before, resource)) {
        this.#items[slot] = resource; // no change for a proxy, but whom to tell of a refusal may be another
        return false;
      }
    }
    this.#items[slot] = resource;
    this.#filled.add(slot);
    if (this.#versions[slot] !== resource.version) this.#contentAt[slot] = position;
    this.#versions[slot] = resource.version;
    this.#note(slot, position);
    if (before !== undefined && before.version !== resource.version)
      for (const listener of this.listeners) listener.replaced(slot, before);
    return true;
  }

  /** True if there was something to remove. */
  remove(name: string, position: number): boolean {
    const slot = this.#slots.get(name);
    if (slot === undefined || this.#items[slot] === undefined) return false;
    this.#items[slot] = undefined;
    this.#filled.delete(slot);
    this.#note(slot, position);
    for (const listener of this.listeners) listener.removed(slot);
    return true;
  }

  /** Slots changed after `position`, each once, oldest change first; all that ever changed after it, when the log reaches back less far. */
  *since(position: number): Iterable<number> {
    if (position >= this.#position) return;
    if (position < this.#forgotten) {
      for (const slot of this.#slots.values()) if (this.changedAt(slot) > position) yield slot;
      return;
    }
    for (let at = this.#firstAfter(position); at < this.#log.length; at++) {
      const entry = this.#log[at];
      if (entry !== undefined && this.#changedAt[entry.slot] === entry.position) yield entry.slot;
    }
  }

  /** Slots that have a resource. */
  *present(): Iterable<number> {
    for (const slot of this.#slots.values()) if (this.#items[slot] !== undefined) yield slot;
  }

  /** All resources in the order of their names. Shared: not to be written to. Costs a sort after many changes, a merge after few. */
  sorted(): readonly Resource[] {
    if (this.#sorted !== undefined && this.#sortedAt === this.#position) return this.#sorted;
    const changed = this.#sorted === undefined ? undefined : [...this.since(this.#sortedAt)];
    this.#sorted =
      this.#sorted === undefined || changed === undefined || changed.length > 64
        ? [...this.present()].map((slot) => this.#items[slot] as Resource).sort(byName)
        : this.#merged(this.#sorted, changed);
    this.#sortedAt = this.#position;
    return this.#sorted;
  }

  #merged(sorted: readonly Resource[], changed: readonly number[]): Resource[] {
    const names = new Set(changed.map((slot) => this.#names[slot]));
    const kept = sorted.filter((resource) => !names.has(resource.name) && this.get(resource.name) !== undefined);
    for (const slot of changed) {
      const resource = this.#items[slot];
      if (resource !== undefined) kept.splice(insertionPoint(kept, resource.name), 0, resource);
    }
    return kept;
  }

  #note(slot: number, position: number): void {
    this.#position = position;
    if (this.#changedAt[slot] === position) return; // twice in one step
    this.#changedAt[slot] = position;
    this.#log.push({ position, slot });
    const limit = 1_024 + 2 * this.#slots.size;
    if (this.#log.length <= 2 * limit) return;
    this.#forgotten = this.#log[this.#log.length - limit - 1]?.position ?? 0;
    this.#log = this.#log.slice(-limit);
  }

  #firstAfter(position: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.position ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Frees slots without resource that nobody uses. Their removal leaves the log with them: who did not use the slot has nothing to remove. */
  #reclaim(): void {
    this.#given = 0;
    const used = new BitSet();
    for (const user of this.users) user.addUsed(used);
    for (const [name, slot] of this.#slots) {
      if (this.#items[slot] !== undefined || used.has(slot)) continue;
      this.#slots.delete(name);
      this.#names[slot] = undefined;
      this.#changedAt[slot] = -1; // no entry of the log speaks of it any more
      this.#free.push(slot);
    }
    // Not again before as many have come: whoever asks for names that do not exist must not pay, nor make others pay, for looking through all of them each time.
    this.#reclaimAt = Math.max(1_024, this.#slots.size - this.live);
  }
}

/** Order of names by code unit, which no locale alters. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** Where a name belongs in a list sorted by name: the first place whose name is not less. */
export function insertionPoint(sorted: readonly { readonly name: string }[], name: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.name ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sameRequirements(a: Resource, b: Resource): boolean {
  if (a.requires.length !== b.requires.length) return false;
  return a.requires.every((ref, at) => ref.type === b.requires[at]?.type && ref.name === b.requires[at]?.name);
}
