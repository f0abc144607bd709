/** What one proxy has of one type, as far as it is known. */
import { BitSet } from "../content/bit-set.ts";
import type { Shelf, SlotUser } from "../content/shelf.ts";
import { SparseMap } from "../content/sparse-map.ts";

/** Slots of one shelf. What is rare takes no memory while there is none. */
export class Holding implements SlotUser {
  readonly shelf: Shelf;
  readonly acknowledged = new BitSet();
  readonly #refused = new SparseMap<number, string>(); // versions
  #claimed: BitSet | undefined;
  #owed: BitSet | undefined;

  constructor(shelf: Shelf) {
    this.shelf = shelf;
    shelf.users.add(this);
  }

  /** Nobody asks any more. */
  close(): void {
    this.shelf.users.delete(this);
  }

  addUsed(used: BitSet): void {
    for (const set of [this.acknowledged, this.#claimed, this.#owed]) if (set !== undefined) used.addAll(set);
    for (const slot of this.#refused.keys()) used.add(slot);
  }

  /** Some content of it was accepted. */
  acknowledge(slot: number): void {
    this.acknowledged.add(slot);
    this.#refused.delete(slot);
    this.#claimed?.delete(slot);
    this.#owed?.delete(slot);
  }

  /** This version was refused. Counts while it is the newest and no content is known to have been accepted. */
  refuse(slot: number, version: string): void {
    if (!this.acknowledged.has(slot) && this.shelf.at(slot)?.version === version) this.#refused.set(slot, version);
  }

  isRefused(slot: number): boolean {
    const version = this.#refused.get(slot);
    return version !== undefined && version === this.shelf.at(slot)?.version;
  }

  /** The proxy says that it has some content of it, not which. */
  claim(slot: number): void {
    this.#claimed ??= new BitSet();
    this.#claimed.add(slot);
  }

  isClaimed(slot: number): boolean {
    return this.#claimed?.has(slot) ?? false;
  }

  /** It is to be sent behind its resource, and nobody was there to send it. */
  owe(slot: number): void {
    this.#owed ??= new BitSet();
    this.#owed.add(slot);
  }

  isOwed(slot: number): boolean {
    return this.#owed?.has(slot) ?? false;
  }

  /** It may have gone with its resource: not to be relied on until it is acknowledged again. */
  doubt(slot: number): void {
    this.acknowledged.delete(slot);
  }

  /** The proxy does not have it any more, or may not. What is owed stays so: who asks for a name may have it all the same. */
  forget(slot: number): void {
    for (const set of [this.acknowledged, this.#refused, this.#claimed]) set?.delete(slot);
  }
}
