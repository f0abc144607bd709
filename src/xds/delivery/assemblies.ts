/** The composed resources of one type at one stream, each with its assembly. */

import type { BitSet } from "../content/bit-set.ts";
import type { Composition } from "../content/composition.ts";
import type { Shelf } from "../content/shelf.ts";
import { SparseMap } from "../content/sparse-map.ts";
import type { Rejection } from "../observer.ts";
import { Assembly } from "./assembly.ts";
import { least } from "./leaving.ts";
import type { PumpParts } from "./pump-parts.ts";
import type { ComposedPut } from "./turn.ts";

/** One response carries one composed resource, so that a refusal tells which. */
export class Assemblies {
  readonly #parts: PumpParts;
  readonly #shelf: Shelf;
  readonly #assemblies = new SparseMap<number, Assembly>();
  readonly #reported = new SparseMap<number, string>(); // versions that a reconnecting proxy has, until the assembly is made

  constructor(parts: PumpParts, shelf: Shelf) {
    this.#parts = parts;
    this.#shelf = shelf;
  }

  /** Of those begun, sent or not. */
  get slots(): readonly number[] {
    return [...this.#assemblies.keys()];
  }

  get size(): number {
    return this.#assemblies.size;
  }

  get settledAt(): number {
    let settledAt = Number.POSITIVE_INFINITY;
    for (const assembly of this.#assemblies.values()) settledAt = Math.min(settledAt, assembly.settledAt);
    return settledAt;
  }

  get nextAt(): number | undefined {
    let at: number | undefined;
    for (const assembly of this.#assemblies.values()) at = least(at, assembly.nextAt);
    return at;
  }

  get withheldCount(): number {
    let count = 0;
    for (const assembly of this.#assemblies.values()) count += assembly.withheldCount;
    return count;
  }

  get(slot: number): Assembly | undefined {
    return this.#assemblies.get(slot);
  }

  /** The composition sent last, else the one accepted. */
  contentOf(slot: number): Composition | undefined {
    const assembly = this.#assemblies.get(slot);
    return assembly?.sent ?? assembly?.accepted;
  }

  /** Slots of parts whose newest content the proxy has not accepted. Shared: not to be written to. */
  lacking(of: string): BitSet {
    const { store, type } = this.#parts;
    const slot = this.#shelf.slotOf(of);
    const accepted = slot === undefined ? undefined : this.#assemblies.get(slot)?.accepted;
    return store.compositions.lacking(accepted, store.partsOf(type, of));
  }

  /** A reconnecting proxy has this version of a composed resource. */
  report(slot: number, version: string): void {
    this.#reported.set(slot, version);
  }

  /** Begins, or (`asked` for by name) sends again, a composed resource. */
  begin(slot: number, asked: boolean): void {
    const known = this.#assemblies.get(slot);
    if (known !== undefined) {
      if (asked) known.repeat();
      return;
    }
    if (asked) this.#reported.delete(slot); // it may have dropped what it came with
    const { store, gate, bounds, type } = this.#parts;
    const shelf = store.partsOf(type, this.#shelf.nameOf(slot));
    const parts = { store, gate, bounds, shelf, head: () => this.#shelf.at(slot) };
    this.#assemblies.set(slot, new Assembly(parts, this.#reported.get(slot)));
    this.#reported.delete(slot);
  }

  /** The proxy does not have it any more, or does not want it. */
  end(slot: number): void {
    this.#assemblies.delete(slot);
    this.#reported.delete(slot);
  }

  /** The next composition to send, of whichever composed resource has one. */
  next(nowMs: number): ComposedPut | undefined {
    for (const [slot, assembly] of this.#assemblies) {
      const composition = assembly.next(nowMs);
      if (composition !== undefined) return { slot, name: this.#shelf.nameOf(slot), composition };
    }
    return undefined;
  }

  rejections(): readonly Rejection[] {
    return [...this.#assemblies.values()].flatMap((assembly) => assembly.rejections());
  }
}
