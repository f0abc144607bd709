/** What proxies of one build have accepted and refused of one store: what a newcomer of that build is given first. */
import type { Resource } from "../../codec/resource.ts";
import { BitSet } from "../content/bit-set.ts";
import type { Composition } from "../content/composition.ts";
import type { Shelf, ShelfListener } from "../content/shelf.ts";
import { SparseMap } from "../content/sparse-map.ts";

/** Kinds that one store remembers, proxies or not. Fleets run one or two builds; clients that invent builds share one kind. */
const MAX_KINDS = 8;

/** Older contents that one kind keeps of one shelf, in bytes: what 5,000 clusters that all changed take, until somebody accepted them. */
const MAX_KEPT_BYTES = 4_194_304;
/** What keeping one takes beside its bytes, about. */
const KEEPING_BYTES = 300;

/**
 * One shelf at one kind. States of the newest content of a slot:
 * - neither: no proxy of the kind has answered. Left by `acknowledged` to accepted, by `rejected` to quarantined.
 * - `accepted`: some proxy of the kind has. Left by other content, and by removal. A rejection does not leave it: one proxy never rolls back others.
 * - `quarantined`: one was refused it alone, and none has accepted it. Newcomers are given the last accepted content instead, and are tried with
 *   this one when they have everything else. Left by `acknowledged`, by other content, and by removal.
 * The last accepted content is kept only while the newest is not accepted.
 */
export class Acceptance implements ShelfListener {
  readonly #kind: Kind;
  readonly #shelf: Shelf;
  readonly #accepted = new BitSet();
  readonly #quarantined = new BitSet();
  readonly #earlier = new SparseMap<number, Resource>();
  #earlierBytes = 0;
  #told: Composition | undefined;

  constructor(kind: Kind, shelf: Shelf) {
    this.#kind = kind;
    this.#shelf = shelf;
    shelf.listeners.add(this);
  }

  /** Bytes of older contents kept, about. */
  get keptBytes(): number {
    return this.#earlierBytes;
  }

  isQuarantined(slot: number): boolean {
    return this.#quarantined.has(slot);
  }

  /** What was accepted before the newest content; undefined if nothing was, or if the newest is. */
  lastAccepted(slot: number): Resource | undefined {
    return this.#earlier.get(slot);
  }

  /** A proxy of the kind accepted this content. */
  acknowledged(slot: number, resource: Resource): void {
    const newest = this.#shelf.at(slot);
    if (newest === undefined) return;
    if (newest.version !== resource.version) {
      if (!this.#accepted.has(slot)) this.#keep(slot, resource);
      return;
    }
    this.#accepted.add(slot);
    this.#quarantined.delete(slot);
    this.#drop(slot);
  }

  /** A proxy of the kind accepted all of it. Costs a walk over its members, once for all proxies that have the same. */
  acknowledgedAll(composition: Composition): void {
    const before = this.#told?.members ?? [];
    if (this.#told === composition) return;
    this.#told = composition;
    let at = 0;
    for (const member of composition.members) {
      while ((before[at]?.name ?? member.name) < member.name) at += 1;
      if (before[at] === member) continue;
      const slot = this.#shelf.slotOf(member.name);
      if (slot !== undefined) this.acknowledged(slot, member);
    }
  }

  /** A proxy of the kind refused this content alone, and accepts others. */
  rejected(slot: number, resource: Resource): void {
    if (this.#shelf.at(slot)?.version === resource.version && !this.#accepted.has(slot)) this.#quarantined.add(slot);
  }

  replaced(slot: number, before: Resource): void {
    this.#quarantined.delete(slot);
    const back = this.#earlier.get(slot)?.version === this.#shelf.at(slot)?.version;
    const accepted = this.#accepted.delete(slot);
    if (back) this.#drop(slot);
    if (back) this.#accepted.add(slot);
    else if (accepted && this.#kind.proxies > 0) this.#keep(slot, before); // without proxies nobody answers, and it would be kept for ever
  }

  removed(slot: number): void {
    this.#accepted.delete(slot);
    this.#quarantined.delete(slot);
    this.#drop(slot);
    this.#told = undefined;
  }

  dropped(): void {
    this.#kind.forget(this.#shelf);
  }

  close(): void {
    this.#shelf.listeners.delete(this);
  }

  #keep(slot: number, resource: Resource): void {
    this.#drop(slot);
    this.#earlier.set(slot, resource);
    this.#earlierBytes += sizeOf(resource);
    for (const oldest of this.#earlier.keys()) {
      if (this.#earlierBytes <= MAX_KEPT_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(slot: number): void {
    const kept = this.#earlier.get(slot);
    if (kept === undefined) return;
    this.#earlier.delete(slot);
    this.#earlierBytes -= sizeOf(kept);
  }
}

const sizeOf = ({ bytes }: Resource): number => bytes.length + KEEPING_BYTES;

/** Proxies of one store that are the same build of the same program: what one of them refuses, all are likely to. */
export class Kind {
  readonly #acceptances = new Map<Shelf, Acceptance>();
  /** Connected now. */
  proxies = 0;

  of(shelf: Shelf): Acceptance {
    const known = this.#acceptances.get(shelf);
    if (known !== undefined) return known;
    const made = new Acceptance(this, shelf);
    this.#acceptances.set(shelf, made);
    return made;
  }

  /** Of a type that somebody made up and has left. */
  forget(shelf: Shelf): void {
    this.#acceptances.delete(shelf);
  }

  close(): void {
    for (const acceptance of this.#acceptances.values()) acceptance.close();
  }
}

/** The kinds of one store. A kind outlives its proxies, so that one that restarts is a newcomer of a known kind. */
export class Kinds {
  readonly #kinds = new Map<string, Kind>(); // the one asked for last comes last

  /** `build`: what proxies of the kind say of their program. */
  of(build: string): Kind {
    const key = this.#kinds.has(build) || this.#hasRoom() ? build : "";
    const kind = this.#kinds.get(key) ?? new Kind();
    this.#kinds.delete(key);
    this.#kinds.set(key, kind);
    return kind;
  }

  #hasRoom(): boolean {
    if (this.#kinds.size < MAX_KINDS) return true;
    for (const [build, kind] of this.#kinds) {
      if (kind.proxies > 0) continue;
      kind.close();
      this.#kinds.delete(build);
      return true;
    }
    return false;
  }
}
