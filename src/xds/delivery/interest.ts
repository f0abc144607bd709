/** Which slots of a shelf one stream wants. */
import { versionOf } from "../../codec/version.ts";
import { BitSet } from "../content/bit-set.ts";
import type { Shelf } from "../content/shelf.ts";
import { type Content, contentOf, type Wanted } from "../protocol/channel.ts";
import { Garbage } from "../protocol/garbage.ts";

/** How many names that do not exist one stream may wait for: the shelf remembers each. */
const MAX_UNKNOWN_NAMES = 65_536;

/** A wildcard, and names beside it or instead. */
export class Interest {
  readonly #shelf: Shelf;
  readonly #named = new BitSet();
  wildcard = false;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  wants(slot: number): boolean {
    return this.wildcard || this.#named.has(slot);
  }

  isNamed(slot: number): boolean {
    return this.#named.has(slot);
  }

  /** The slot of a name wanted from now on. Throws Garbage when it is one of too many that do not exist. */
  add(name: string): number {
    const slot = this.#shelf.intern(name);
    this.#named.add(slot);
    if (this.#named.size > this.#shelf.live + MAX_UNKNOWN_NAMES)
      throw new Garbage(`resource names of ${this.#shelf.type}: more than ${MAX_UNKNOWN_NAMES} that do not exist`);
    return slot;
  }

  /** The slot of a name not wanted by name any more; undefined if it was not. */
  remove(name: string): number | undefined {
    const slot = this.#shelf.slotOf(name);
    return slot !== undefined && this.#named.delete(slot) ? slot : undefined;
  }

  /** Resources there are that are wanted. */
  get count(): number {
    if (this.wildcard) return this.#shelf.live;
    let count = 0;
    for (const slot of this.#named) if (this.#shelf.at(slot) !== undefined) count += 1;
    return count;
  }

  /** Every name wanted, with its newest content; `composed` tells that of a composed resource. May be read in pieces while things change. */
  *wanted(composed: (slot: number) => Content | undefined): Iterable<Wanted> {
    if (this.wildcard) for (const slot of this.#shelf.present()) yield this.#wanted(slot, composed);
    for (const slot of this.#named)
      if (this.#named.has(slot) && !(this.wildcard && this.#shelf.at(slot) !== undefined))
        yield this.#wanted(slot, composed);
  }

  #wanted(slot: number, composed: (slot: number) => Content | undefined): Wanted {
    const name = this.#shelf.nameOf(slot);
    const resource = this.#shelf.at(slot);
    if (resource === undefined) return { name, content: undefined };
    return { name, content: resource.kind === "composed" ? (composed(slot) ?? NOTHING_YET) : contentOf(resource) };
  }

  /** A hash over the names wanted, as far as they exist, and their versions; `composed` tells that of a composed resource. */
  version(composed: (slot: number) => string | undefined): string {
    const lines: string[] = [];
    for (const resource of this.#shelf.sorted()) {
      const slot = this.#shelf.slotOf(resource.name);
      if (slot === undefined || !this.wants(slot)) continue;
      const version = resource.kind === "composed" ? (composed(slot) ?? "") : resource.version;
      lines.push(`${resource.name.length} ${resource.name} ${version}`);
    }
    return versionOf(Buffer.from(lines.join("\n")));
  }
}

/** Of a composed resource that this proxy was sent no composition of. */
const NOTHING_YET: Content = { version: "", pieces: () => [] };
