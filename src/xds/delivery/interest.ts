/** Which slots of a shelf one stream wants. */
import type { Resource } from "../../codec/resource.ts";
import { versionOf } from "../../codec/version.ts";
import { BitSet } from "../content/bit-set.ts";
import type { Shelf } from "../content/shelf.ts";
import type { Quota } from "../quota.ts";
import { type Content, contentOf, type Wanted } from "./progress.ts";

/** A wildcard, and names beside it or instead. */
export class Interest {
  readonly #shelf: Shelf;
  /** Wanted by name. */
  readonly named = new BitSet();
  /** Had no resource when the client brought them up: the shelf remembers their names for its sake. */
  readonly charged = new BitSet();
  readonly #quota: Quota;
  wildcard = false;

  constructor(shelf: Shelf, quota: Quota) {
    this.#shelf = shelf;
    this.#quota = quota;
  }

  wants(slot: number): boolean {
    return this.wildcard || this.named.has(slot);
  }

  /** The slot of a name wanted from now on. Throws OverLimit when it is one of too many that do not exist. */
  add(name: string): number {
    const slot = this.slotOf(name);
    this.named.add(slot);
    return slot;
  }

  /** The slot of a name that the client has brought up, wanted or not. Throws OverLimit likewise. */
  slotOf(name: string): number {
    const slot = this.#shelf.intern(name);
    if (this.#shelf.at(slot) !== undefined || this.charged.has(slot)) return slot;
    if (this.#quota.full) this.#refund();
    this.charged.add(slot);
    this.#quota.take(name);
    return slot;
  }

  /** Nothing of this slot is remembered any more but, perhaps, that it is wanted by name. */
  forget(slot: number): void {
    if (!this.named.has(slot) && this.charged.delete(slot)) this.#quota.giveBack(this.#shelf.nameOf(slot));
  }

  close(): void {
    for (const slot of this.charged) this.#quota.giveBack(this.#shelf.nameOf(slot));
  }

  /** What was unknown then may be a resource now. */
  #refund(): void {
    for (const slot of this.charged)
      if (this.#shelf.at(slot) !== undefined && this.charged.delete(slot))
        this.#quota.giveBack(this.#shelf.nameOf(slot));
  }

  /** How these names differ from those wanted by name. */
  differing(names: ReadonlySet<string>): { readonly added: readonly string[]; readonly dropped: readonly string[] } {
    const isNew = (name: string): boolean => {
      const slot = this.#shelf.slotOf(name);
      return slot === undefined || !this.named.has(slot);
    };
    const before = [...this.named].map((slot) => this.#shelf.nameOf(slot));
    return { added: [...names].filter(isNew), dropped: before.filter((name) => !names.has(name)) };
  }

  /** The slot of a name not wanted by name any more; undefined if it was not. */
  remove(name: string): number | undefined {
    const slot = this.#shelf.slotOf(name);
    if (slot === undefined || !this.named.delete(slot)) return undefined;
    this.forget(slot);
    return slot;
  }

  /** Resources there are that are wanted. */
  get count(): number {
    return this.wildcard ? this.#shelf.live : this.#shelf.liveAmong(this.named);
  }

  /** Every name wanted, with its newest content; `composed` tells that of a composed resource. May be read in pieces while things change. */
  *wanted(composed: (slot: number) => Content | undefined): Iterable<Wanted> {
    if (this.wildcard) for (const slot of this.#shelf.present()) yield this.#wanted(slot, composed);
    for (const slot of this.named)
      if (this.named.has(slot) && !(this.wildcard && this.#shelf.at(slot) !== undefined))
        yield this.#wanted(slot, composed);
  }

  #wanted(slot: number, composed: (slot: number) => Content | undefined): Wanted {
    const name = this.#shelf.nameOf(slot);
    const resource = this.#shelf.at(slot);
    if (resource === undefined) return { name, content: undefined };
    return { name, content: resource.kind === "composed" ? (composed(slot) ?? NOTHING_YET) : contentOf(resource) };
  }

  /** A hash over the names wanted, as far as they exist, and the version of each. */
  version(versionAt: (slot: number, resource: Resource) => string): string {
    const lines: string[] = [];
    for (const resource of this.#shelf.sorted()) {
      const slot = this.#shelf.slotOf(resource.name);
      if (slot === undefined || !this.wants(slot)) continue;
      lines.push(`${resource.name.length} ${resource.name} ${versionAt(slot, resource)}`);
    }
    return versionOf(Buffer.from(lines.join("\n")));
  }
}

/** Of a composed resource that this proxy was sent no composition of. */
const NOTHING_YET: Content = { version: "", pieces: () => [] };
