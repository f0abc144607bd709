/** What one proxy refused of one type, what its kind does, and who is under suspicion meanwhile. */
import type { Resource, TypeUrl } from "../../codec/resource.ts";
import { BitSet } from "../content/bit-set.ts";
import type { Shelf } from "../content/shelf.ts";
import { SparseMap } from "../content/sparse-map.ts";
import type { Rejection } from "../observer.ts";
import type { Acceptance } from "./kind.ts";
import type { PumpParts } from "./pump-parts.ts";
import type { Reword } from "./reword.ts";
import { Suspects } from "./suspects.ts";
import type { Turn } from "./turn.ts";
import { keptWords, namedIn } from "./words.ts";

/** Rejections that are kept with their words, per type and stream. A proxy that refuses more keeps a bit for each. */
const TOLD_IN_FULL = 64;

/** What a proxy keeps once something was refused: most never do, and thousands of streams would keep it empty. */
class Trouble {
  readonly rejected = new SparseMap<number, Rejection>();
  readonly alsoRejected = new BitSet();
  /** The newest content waits until everything else is accepted. */
  readonly deferred = new BitSet();
  /** Refused even in its last accepted content. */
  readonly stale = new BitSet();
  /** Was in a refused response. */
  readonly tainted = new BitSet();
  readonly suspects = new Suspects<number>();
  /** The turn that holds the group under suspicion. */
  turn: Turn | undefined;
  /** Responses that were refused. */
  attempts = 0;
}

/**
 * - A refused version is not sent again for as long as it is the newest, though others come and go between (beyond TOLD_IN_FULL: until others come).
 * - What others of the kind refused and none accepted is tried last, alone, when the proxy has everything else.
 * - In place of either, a proxy that has nothing of it is given what its kind accepted last, unless it refuses that too.
 */
export class Refusals {
  readonly #type: TypeUrl;
  readonly #shelf: Shelf;
  readonly #kind: Acceptance;
  readonly #reword: Reword | undefined;
  #trouble: Trouble | undefined;

  constructor({ type, gate, reword }: Pick<PumpParts, "type" | "gate" | "reword">, shelf: Shelf) {
    this.#type = type;
    this.#shelf = shelf;
    this.#kind = gate.kind.of(shelf);
    this.#reword = reword;
  }

  /** Somebody is under suspicion: groups are sent one at a time. */
  get searching(): boolean {
    return this.#trouble?.suspects.active ?? false;
  }

  /** Nothing is left to be tried. */
  get quiet(): boolean {
    return this.#trouble === undefined || (!this.#trouble.suspects.active && this.#trouble.deferred.size === 0);
  }

  /** The newest content is one that the proxy refused. */
  isRejected(slot: number): boolean {
    if (this.#trouble === undefined) return false;
    if (this.#trouble.alsoRejected.has(slot)) return true;
    const rejected = this.#trouble.rejected.get(slot);
    return rejected !== undefined && rejected.version === this.#shelf.at(slot)?.version;
  }

  /** Whether any content of it was refused. */
  hasRejected(slot: number): boolean {
    return this.#trouble !== undefined && (this.#trouble.rejected.has(slot) || this.#trouble.alsoRejected.has(slot));
  }

  get deferredCount(): number {
    return this.#trouble?.deferred.size ?? 0;
  }

  /** The newest content waits until everything else is accepted. */
  isDeferred(slot: number): boolean {
    return this.#trouble?.deferred.has(slot) ?? false;
  }

  /** Adds the slots whose newest content it keeps back. */
  addKept(slots: BitSet): void {
    if (this.#trouble === undefined) return;
    slots.addAll(this.#trouble.alsoRejected);
    slots.addAll(this.#trouble.deferred);
    for (const slot of this.#trouble.rejected.keys()) if (this.isRejected(slot)) slots.add(slot);
  }

  /** The newest content is not what the proxy has, for one reason or the other. */
  keepsBack(slot: number): boolean {
    return this.isRejected(slot) || this.isDeferred(slot);
  }

  /**
   * What may be sent of a slot now: the newest; while the proxy refuses that, or others of its kind do, what stands for it if the proxy is `lacking`
   * any. Undefined if there is neither.
   */
  contentFor(slot: number, lacking: boolean): Resource | undefined {
    const newest = this.#shelf.at(slot);
    if (newest?.kind !== "whole") return newest;
    if (!this.isRejected(slot)) {
      if (this.searching || !this.#kind.isQuarantined(slot)) return newest;
      this.#ensured().deferred.add(slot);
    }
    return lacking && !this.#trouble?.stale.has(slot) ? this.#kind.lastAccepted(slot) : undefined;
  }

  /** Some clients do not apply, though they accept it, what was in a refused response, unless it comes in other bytes. */
  reworded(slot: number, resource: Resource): Uint8Array | undefined {
    if (!this.#trouble?.tainted.has(slot) || resource.kind !== "whole") return undefined;
    return this.#reword?.(resource, this.#trouble.attempts);
  }

  /** Begins to try what was deferred, when the proxy has everything else. Gives it. */
  tryDeferred(): readonly number[] {
    if (this.#trouble === undefined || this.searching) return [];
    const slots = [...this.#trouble.deferred];
    this.#trouble.deferred.clear();
    this.#trouble.suspects.suspect(slots);
    return slots;
  }

  /** The group under suspicion, as far as it is still of interest; undefined when the search is over. */
  group(interesting: (slot: number) => boolean): readonly number[] | undefined {
    const suspects = this.#trouble?.suspects;
    while (suspects?.active) {
      const group = suspects.current.filter(interesting);
      if (group.length > 0) return group;
      suspects.clear();
    }
    return undefined;
  }

  opened(turn: Turn): void {
    if (this.#trouble?.suspects.active) this.#trouble.turn = turn;
  }

  acknowledged(turn: Turn): void {
    if (this.#trouble !== undefined && this.#trouble.turn === turn) this.#trouble.suspects.clear();
    for (const { slot, resource } of turn.wholes) this.#kind.acknowledged(slot, resource);
  }

  /** The slots were refused together. Gives the one at fault and its version if it is found, with its words if those are kept. `believed`: the proxy accepts others of the type. */
  refuse(
    turn: Turn,
    slots: readonly number[],
    { words, believed }: { readonly words: string; readonly believed: boolean },
  ): { readonly slot: number; readonly version: string; readonly rejection: Rejection | undefined } | undefined {
    const trouble = this.#ensured();
    trouble.attempts += 1;
    for (const slot of slots) trouble.tainted.add(slot);
    const nameOf = (slot: number): string => this.#shelf.nameOf(slot);
    const named = slots.length > 1 ? namedIn(words, slots.map(nameOf)) : undefined;
    const slot = trouble.suspects.refuse(slots, new Set(slots.filter((one) => named?.has(nameOf(one)))));
    const put = turn.wholes.find((one) => one.slot === slot);
    if (slot === undefined || put === undefined) return undefined;
    if (believed) this.#kind.rejected(slot, put.resource);
    const { name, version } = put.resource;
    const subject = this.#shelf.subjectOf(put.resource);
    const rejection = { type: this.#type, name, of: undefined, version, subject, detail: keptWords(words) };
    return { slot, version, rejection: this.#note(trouble, slot, rejection) ? rejection : undefined };
  }

  /** Other content is the newest, or none. */
  replaced(slot: number): void {
    if (this.#trouble === undefined) return;
    const { alsoRejected, deferred, stale } = this.#trouble;
    for (const set of [alsoRejected, deferred, stale]) set.delete(slot);
  }

  forget(slot: number): void {
    this.replaced(slot);
    this.#trouble?.rejected.delete(slot);
  }

  /** What was refused and is still the newest, as far as it is kept with its words. */
  list(): readonly Rejection[] {
    const rejected = [...(this.#trouble?.rejected ?? [])];
    return rejected.filter(([slot]) => this.isRejected(slot)).map(([, rejection]) => rejection);
  }

  /** True if it is kept in full. */
  #note({ rejected, alsoRejected, stale }: Trouble, slot: number, rejection: Rejection): boolean {
    const newest = rejection.version === this.#shelf.at(slot)?.version;
    if (!newest) stale.add(slot);
    if (!newest && this.hasRejected(slot)) return false;
    if (!rejected.has(slot) && rejected.size >= TOLD_IN_FULL)
      for (const [old] of rejected) if (!this.isRejected(old)) rejected.delete(old);
    const kept = rejected.has(slot) || rejected.size < TOLD_IN_FULL;
    if (kept) rejected.set(slot, rejection);
    else if (newest) alsoRejected.add(slot);
    return kept;
  }

  #ensured(): Trouble {
    this.#trouble ??= new Trouble();
    return this.#trouble;
  }
}
