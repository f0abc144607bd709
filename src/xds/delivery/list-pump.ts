/** State of the world for types whose every response is complete: what is missing from it is deleted. */

import type { Resource } from "../../codec/resource.ts";
import type { BitSet } from "../content/bit-set.ts";
import type { Composition } from "../content/composition.ts";
import type { Shelf, SlotUser } from "../content/shelf.ts";
import type { DeliveryState, Rejection } from "../observer.ts";
import { Assembly } from "./assembly.ts";
import type { GateMember } from "./gate.ts";
import { type Counts, contentOf, type Progress, type Wanted } from "./progress.ts";
import type { PumpParts } from "./pump-parts.ts";
import type { SotwPump, SotwTurn } from "./sotw-pump.ts";

interface ListTurn extends SotwTurn {
  readonly composition: Composition;
}

/**
 * The list is an assembly of all resources of the type: what waits, leaves, or was refused keeps its accepted content in it, since leaving it
 * out would delete it.
 */
export class ListPump implements SotwPump<ListTurn>, Progress, GateMember, SlotUser {
  readonly type: string;
  readonly oneAtATime = true; // the assembly knows one unanswered list
  readonly held = 0;
  readonly #parts: PumpParts;
  readonly #shelf: Shelf;
  #assembly: Assembly | undefined; // from the first request on
  #known: Composition | undefined; // acknowledged, as far as the gate knows
  #last: Composition | undefined; // sent last and not refused: what the proxy has, or is about to
  #wildcard = false;
  #names: ReadonlySet<string> = new Set();
  #charged: string[] = []; // names without a resource

  constructor(parts: PumpParts) {
    this.type = parts.type;
    this.#parts = parts;
    this.#shelf = parts.store.shelf(parts.type);
    this.#shelf.users.add(this);
    parts.gate.join(this);
  }

  /** None: it goes by names. It only keeps the shelf. */
  addUsed(): void {}

  get progress(): Progress {
    return this;
  }

  get settledAt(): number {
    return this.#assembly?.settledAt ?? 0;
  }

  get nextAt(): number | undefined {
    return this.#parts.store.frozen ? undefined : this.#assembly?.nextAt;
  }

  /** Every response has everything: nothing needs to follow. */
  follow(): boolean {
    return true;
  }

  want(
    { wildcard, names }: { readonly wildcard: boolean; readonly names: ReadonlySet<string> },
    reported: string | undefined,
  ): boolean {
    this.#charge([...names].filter((name) => this.#shelf.get(name) === undefined));
    const { store, gate, bounds } = this.#parts;
    if (wildcard !== this.#wildcard || names.symmetricDifference(this.#names).size > 0) this.#assembly?.distrust();
    this.#assembly ??= new Assembly({ store, gate, bounds, shelf: this.#shelf, head: () => undefined }, reported);
    this.#assembly.restrict(wildcard ? undefined : names);
    const givesUp = !wildcard && (this.#wildcard || !this.#names.isSubsetOf(names));
    this.#wildcard = wildcard;
    this.#names = names;
    return givesUp;
  }

  next(nowMs: number): ListTurn | undefined {
    if (!this.#parts.store.complete) return undefined;
    const composition = this.#assembly?.next(nowMs);
    this.#tellGate(); // a reconnecting proxy may have turned out to have everything
    if (composition === undefined) return undefined;
    const { frames } = this.#parts.store;
    this.#forgetAllBut(composition); // from now on, nothing new may rely on what this list takes away
    for (const resource of composition.members) this.#lead(resource);
    this.#last = composition;
    return {
      composition,
      version: composition.version,
      entries: composition.members.map((resource) => frames.sotw({ resource, reworded: undefined })),
    };
  }

  /** Behind what is new or changed comes its companion: compared with either list that the proxy may have now, if the last is under way still. */
  #lead(resource: Resource): void {
    if (resource.kind !== "whole" || resource.companion === undefined) return;
    const lists = [this.#known, this.#last].filter((list) => list !== undefined);
    const had = lists.map((list) => list.get(resource.name)?.version);
    if (had.includes(undefined)) this.#parts.gate.gone(resource.companion);
    if (had.length === 0 || had.some((version) => version !== resource.version))
      this.#parts.gate.follow(resource.companion);
  }

  acknowledge({ composition }: ListTurn): void {
    this.#assembly?.acknowledge(composition);
    this.#tellGate();
  }

  reject({ composition }: ListTurn, detail: string): Rejection | undefined {
    const culprit = this.#assembly?.reject(composition, detail);
    if (composition === this.#last) this.#last = undefined;
    this.#rely(this.#known); // the proxy keeps what the refused list would have taken away
    if (culprit === undefined) return undefined;
    const slot = this.#shelf.slotOf(culprit.name);
    if (slot !== undefined) this.#parts.gate.refused(this.type, slot, culprit.version);
    return culprit;
  }

  /** The assembly knows one unanswered list only: a newer one takes the place of the older. */
  abandon(): void {}

  counts(): Counts {
    const assembly = this.#assembly;
    return {
      wildcard: this.#wildcard,
      subscribed: this.#wildcard ? this.#shelf.live : this.#acceptedLive,
      withheld: assembly?.withheldCount ?? 0,
      leaving: assembly?.leavingCount ?? 0,
      rejected: this.rejections(),
    };
  }

  lacking(): BitSet {
    return this.#parts.store.compositions.lacking(this.#assembly?.accepted, this.#shelf);
  }

  rejections(): readonly Rejection[] {
    return this.#assembly?.rejections() ?? [];
  }

  stateOf(name: string): DeliveryState {
    return this.#assembly?.stateOf(name) ?? "unsubscribed";
  }

  *wanted(): Iterable<Wanted> {
    if (this.#wildcard) for (const slot of this.#shelf.present()) yield this.#wanted(this.#shelf.nameOf(slot));
    for (const name of this.#names)
      if (!(this.#wildcard && this.#shelf.get(name) !== undefined)) yield this.#wanted(name);
  }

  #wanted(name: string): Wanted {
    const resource = this.#shelf.get(name);
    return { name, content: resource === undefined ? undefined : contentOf(resource) };
  }

  close(): void {
    const { gate } = this.#parts;
    this.#charge([]);
    this.#shelf.users.delete(this);
    gate.leave(this);
    this.#assembly?.close();
    for (const { name } of this.#known?.members ?? []) this.#forget(name);
  }

  #charge(unknown: readonly string[]): void {
    for (const name of this.#charged) this.#parts.names.giveBack(name);
    this.#charged = [];
    for (const name of unknown) {
      this.#charged.push(name); // first: one too many counts too
      this.#parts.names.take(name);
    }
  }

  get #acceptedLive(): number {
    const members = this.#assembly?.accepted?.members ?? [];
    return members.filter(({ name }) => this.#shelf.get(name) !== undefined).length;
  }

  /** Hands what is newly acknowledged, and what is gone, to the gate. */
  #tellGate(): void {
    const accepted = this.#assembly?.accepted;
    if (accepted === this.#known || accepted === undefined) return;
    this.#rely(accepted);
    this.#forgetAllBut(accepted);
    this.#known = accepted;
  }

  /** The proxy has this. What a list under way takes away is nothing to rely on. */
  #rely(list: Composition | undefined): void {
    const sent = this.#assembly?.sent;
    for (const { name } of list?.members ?? [])
      if (sent === undefined || sent.get(name) !== undefined)
        this.#parts.gate.acknowledged(this.type, this.#shelf.intern(name));
  }

  #forgetAllBut(kept: Composition): void {
    for (const { name } of this.#known?.members ?? []) if (kept.get(name) === undefined) this.#forget(name);
  }

  #forget(name: string): void {
    const slot = this.#shelf.slotOf(name);
    if (slot !== undefined) this.#parts.gate.forgotten(this.type, slot);
  }
}
