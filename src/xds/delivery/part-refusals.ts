/** What one proxy refused of one composed body, what its kind does, and which parts are under suspicion meanwhile. */
import type { Resource } from "../../codec/resource.ts";
import { BitSet } from "../content/bit-set.ts";
import type { Composition } from "../content/composition.ts";
import type { Shelf } from "../content/shelf.ts";
import { SparseMap } from "../content/sparse-map.ts";
import type { Rejection } from "../observer.ts";
import type { Gate } from "./gate.ts";
import type { Acceptance } from "./kind.ts";
import { Suspects } from "./suspects.ts";
import { keptWords, namedIn } from "./words.ts";

/** Stands for the head among names of parts, none of which is empty. */
const HEAD = "";

/** Rejections that are kept with their words. A proxy that refuses more keeps a bit for each. */
const TOLD_IN_FULL = 64;

/** Where the parts are, and the heads. */
export interface PartShelves {
  readonly gate: Gate;
  readonly shelf: Shelf;
  /** Of the type, where the resource without parts is. */
  readonly heads: Shelf;
}

/** The rules of Refusals, for parts: what is kept back has its accepted content in the body, or is left out. */
export class PartRefusals {
  readonly #of: PartShelves;
  readonly #parts: Acceptance;
  readonly #heads: Acceptance;
  readonly #pinned = new SparseMap<string, Rejection>();
  readonly #alsoPinned = new BitSet(); // slots
  readonly #deferred = new SparseMap<string, true>();
  readonly #stale = new SparseMap<string, true>(); // refused even in its last accepted content; "" for the head
  readonly #suspects = new Suspects<string>();
  #refusedHead: Rejection | undefined;
  #triedHead: string | undefined; // version that is tried though the kind refuses it

  constructor(of: PartShelves) {
    this.#of = of;
    this.#parts = of.gate.kind.of(of.shelf);
    this.#heads = of.gate.kind.of(of.heads);
  }

  /** Something is kept back, or under suspicion. */
  get active(): boolean {
    return this.searching || this.#pinned.size + this.#alsoPinned.size + this.#deferred.size > 0;
  }

  get searching(): boolean {
    return this.#suspects.active;
  }

  get deferredCount(): number {
    return this.#deferred.size;
  }

  /** The newest content waits until everything else is accepted. */
  isDeferred(name: string): boolean {
    return this.#deferred.has(name);
  }

  /** The newest content is one that the proxy refused. */
  isPinned(name: string): boolean {
    const slot = this.#of.shelf.slotOf(name);
    if (slot !== undefined && this.#alsoPinned.has(slot)) return true;
    const pin = this.#pinned.get(name);
    return pin !== undefined && pin.version === this.#of.shelf.get(name)?.version;
  }

  /** The proxy refused this head. */
  isHeadRejected(newest: Resource | undefined): boolean {
    return newest !== undefined && newest.version === this.#refusedHead?.version;
  }

  /** What was refused and is still the newest, as far as it is kept with its words. */
  list(): readonly Rejection[] {
    const head = this.#refusedHead;
    const heads = head !== undefined && this.#of.heads.get(head.name)?.version === head.version ? [head] : [];
    return [...heads, ...[...this.#pinned.values()].filter(({ name }) => this.isPinned(name))];
  }

  /** A part has other content; or the same, put back. */
  notice(slot: number, accepted: Composition | undefined, changed: boolean): void {
    const name = this.#of.shelf.nameOf(slot);
    if (changed) this.#alsoPinned.delete(slot);
    this.#stale.delete(name);
    const lacks = accepted?.get(name)?.version !== this.#of.shelf.at(slot)?.version;
    if (lacks && this.#parts.isQuarantined(slot) && !this.isPinned(name)) this.#deferred.set(name, true);
    else this.#deferred.delete(name);
  }

  removed(slot: number): void {
    const name = this.#of.shelf.nameOf(slot);
    this.#alsoPinned.delete(slot);
    for (const map of [this.#pinned, this.#deferred, this.#stale]) map.delete(name);
  }

  /** The head to send: the newest, or what stands for it. "none" if the proxy refuses all there are. */
  headFor(newest: Resource | undefined, accepted: Composition | undefined): Resource | undefined | "none" {
    if (newest === undefined) return undefined;
    const refused = this.isHeadRejected(newest);
    if (!refused && !this.#defersHead(newest, accepted)) return newest;
    const slot = this.#of.heads.slotOf(newest.name);
    const older = slot === undefined || this.#stale.has(HEAD) ? undefined : this.#heads.lastAccepted(slot);
    return accepted?.head ?? older ?? (refused ? "none" : newest);
  }

  /** Parts that do not have their newest content now, with what they have instead. */
  *exceptions(accepted: Composition | undefined): Iterable<[name: string, content: Resource | undefined]> {
    for (const name of this.#pinned.keys()) if (this.isPinned(name)) yield [name, this.#instead(name, accepted)];
    for (const slot of this.#alsoPinned) {
      const name = this.#of.shelf.at(slot)?.name;
      if (name !== undefined) yield [name, this.#instead(name, accepted)];
    }
    for (const name of this.#deferred.keys()) yield [name, this.#instead(name, accepted)];
    for (const name of this.#suspects.waiting()) yield [name, accepted?.get(name)];
  }

  /** Begins to try what was deferred, when the proxy has everything else; true if there is any. Parts that wait for others are tried later. */
  tryDeferred(
    head: Resource | undefined,
    accepted: Composition | undefined,
    waits: (name: string) => boolean,
  ): boolean {
    if (this.searching) return false;
    if (head !== undefined && this.#defersHead(head, accepted)) {
      this.#triedHead = head.version;
      return true;
    }
    const names = [...this.#deferred.keys()].filter((name) => !waits(name));
    for (const name of names) this.#deferred.delete(name);
    this.#suspects.suspect(names);
    return names.length > 0;
  }

  /** The group under suspicion is not of interest any more. */
  clear(): void {
    this.#suspects.clear();
  }

  acknowledged(sent: Composition): void {
    this.#suspects.clear();
    this.#parts.acknowledgedAll(sent);
    const slot = sent.head === undefined ? undefined : this.#of.heads.slotOf(sent.head.name);
    if (sent.head !== undefined && slot !== undefined) this.#heads.acknowledged(slot, sent.head);
  }

  /** Gives the part (or head) at fault if it is found, and its words are kept; "nothing new" if nothing can be left out. Else parts are tried in groups. */
  refuse(sent: Composition, accepted: Composition | undefined, words: string): Rejection | "nothing new" | undefined {
    const changed = changedIn(sent, accepted);
    const [first, ...others] = changed;
    if (first === undefined) return "nothing new";
    const named = others.length > 0 ? namedIn(words, changed) : new Set<string>();
    if (first === HEAD && others.length > 0 && named.size === 0) {
      this.#suspects.isolate(HEAD, others);
      return undefined;
    }
    const name = this.#suspects.refuse(changed, named);
    const resource = name === undefined || name === HEAD ? sent.head : sent.get(name);
    if (name === undefined || resource === undefined) return undefined;
    const { type, version } = resource;
    const subject = (name === HEAD ? this.#of.heads : this.#of.shelf).subjectOf(resource);
    const of = name === HEAD ? undefined : sent.head?.name;
    const kept = (name === HEAD ? accepted?.head : accepted?.get(name))?.version;
    const rejection = { type, name: resource.name, of, version, subject, detail: keptWords(words), kept };
    const found = name === HEAD ? this.#pinHead(rejection) : this.#pin(rejection);
    const [shelf, kind] = name === HEAD ? [this.#of.heads, this.#heads] : [this.#of.shelf, this.#parts];
    const slot = shelf.slotOf(resource.name);
    if (slot !== undefined && accepted !== undefined) kind.rejected(slot, resource); // who accepts nothing tells nothing about one
    return found ? rejection : undefined;
  }

  #pinHead(rejection: Rejection): boolean {
    const newest = this.#of.heads.get(rejection.name)?.version === rejection.version;
    if (newest) this.#refusedHead = rejection;
    else this.#stale.set(HEAD, true);
    return newest;
  }

  /** True if it is kept in full. */
  #pin(rejection: Rejection): boolean {
    const { name, version } = rejection;
    const slot = this.#of.shelf.slotOf(name);
    const newest = slot !== undefined && this.#of.shelf.at(slot)?.version === version;
    if (!newest) this.#stale.set(name, true);
    if (!newest && this.#pinned.has(name)) return false;
    const full = this.#pinned.has(name) || this.#pinned.size < TOLD_IN_FULL;
    if (full) this.#pinned.set(name, rejection);
    else if (newest) this.#alsoPinned.add(slot);
    return full;
  }

  #defersHead(newest: Resource, accepted: Composition | undefined): boolean {
    if (this.isHeadRejected(newest) || newest.version === this.#triedHead) return false;
    const slot = this.#of.heads.slotOf(newest.name);
    return slot !== undefined && newest.version !== accepted?.head?.version && this.#heads.isQuarantined(slot);
  }

  #instead(name: string, accepted: Composition | undefined): Resource | undefined {
    const own = accepted?.get(name);
    const slot = this.#of.shelf.slotOf(name);
    if (own !== undefined || slot === undefined || this.#stale.has(name)) return own;
    const older = this.#parts.lastAccepted(slot);
    return older !== undefined && this.#of.gate.verdict(older) === "ready" ? older : undefined;
  }
}

/** Names whose content differs from what was accepted; the head first. */
function changedIn(sent: Composition, accepted: Composition | undefined): string[] {
  const changed: string[] = [];
  if (sent.head !== undefined && sent.head.version !== accepted?.head?.version) changed.push(HEAD);
  for (const { name, version } of sent.members) if (accepted?.get(name)?.version !== version) changed.push(name);
  return changed;
}
