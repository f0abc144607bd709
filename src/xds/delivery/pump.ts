/** What one stream is sent next of one type: the difference between what the proxy has and the store, as far as the gate allows. */
import type { Resource, TypeUrl } from "../../codec/resource.ts";
import { BitSet } from "../content/bit-set.ts";
import type { Shelf, SlotUser } from "../content/shelf.ts";
import type { Rejection } from "../observer.ts";
import { removedLast } from "../type-urls.ts";
import { Assemblies } from "./assemblies.ts";
import type { GateMember, Verdict } from "./gate.ts";
import { Interest } from "./interest.ts";
import { Leaving, least } from "./leaving.ts";
import { OpenTurns } from "./open-turns.ts";
import { Outstanding } from "./outstanding.ts";
import type { PumpParts } from "./pump-parts.ts";
import { PumpProgress } from "./pump-progress.ts";
import { Refusals } from "./refusals.ts";
import { type Turn, type WholePut, wholePut } from "./turn.ts";
import { type Judge, Withheld } from "./withheld.ts";

/**
 * Names are slots of the type's shelf; what is kept per proxy are bit sets, a position, and small maps of what is under way. Invariants:
 * - a slot is dirty if the proxy may lack its newest content and nothing else (withheld, leaving, rejected) says why it is not sent;
 * - a slot is in `has` if some content of it was sent and not removed since;
 * - once `next` gives nothing and nothing is unanswered, the proxy has exactly what it wants and is ready for.
 */
export class Pump implements GateMember, SlotUser, Judge<number> {
  readonly type: TypeUrl;
  readonly #parts: PumpParts;
  readonly #shelf: Shelf;
  readonly interest: Interest;
  readonly #has = new BitSet();
  readonly #due = new Outstanding();
  readonly #withheld: Withheld<number>;
  readonly #leaving: Leaving<number>;
  readonly #intact = new BitSet(); // removed from the store, and the proxy had the last content
  readonly #refusals: Refusals;
  readonly #assemblies: Assemblies;
  readonly #open = new OpenTurns();
  #fresh = true; // has nothing, and was sent nothing
  #position: number;
  #settledAt = 0;

  constructor(parts: PumpParts) {
    this.type = parts.type;
    this.#parts = parts;
    this.#shelf = parts.store.shelf(parts.type);
    this.interest = new Interest(this.#shelf, parts.names);
    this.#assemblies = new Assemblies(parts, this.#shelf);
    this.#refusals = new Refusals(parts, this.#shelf);
    this.#withheld = new Withheld(parts.bounds.ackBoundMs, this);
    this.#leaving = new Leaving(parts.bounds);
    this.#position = parts.store.position;
    this.#shelf.users.add(this);
    parts.gate.join(this);
  }

  get settledAt(): number {
    if (this.quiet && this.#open.size === 0) return this.#parts.store.position; // what changed since is of other types
    return Math.min(this.#settledAt, this.#assemblies.settledAt);
  }

  /** As of now; made when it is asked for, so that it costs a stream nothing. */
  get progress(): PumpProgress {
    return new PumpProgress({
      parts: this.#parts,
      shelf: this.#shelf,
      interest: this.interest,
      due: this.#due,
      withheld: this.#withheld,
      leaving: this.#leaving.size,
      refusals: this.#refusals,
      assemblies: this.#assemblies,
      open: this.#open,
      position: this.#position,
    });
  }

  /** `next` would give nothing, and will not before something happens. Not known of what has composed resources. */
  get quiet(): boolean {
    const waiting = this.#due.dirty.size + this.#withheld.size + this.#leaving.size + this.#assemblies.size;
    if (waiting > 0 || this.#shelf.position > this.#position || !this.#refusals.quiet) return false;
    return !(this.#fresh && this.interest.wildcard);
  }

  /** One response at a time: Envoy rebuilds a composed resource for each, and parts of a refused response are tried one group after the other. */
  get oneAtATime(): boolean {
    return this.#refusals.searching || this.#assemblies.size > 0;
  }

  /** When `next` may have something to send though nothing happens; undefined for never. */
  get nextAt(): number | undefined {
    if (this.#parts.store.frozen) return undefined;
    return least(least(this.#withheld.nextAt, this.#leaving.nextAt), this.#assemblies.nextAt);
  }

  close(): void {
    this.interest.close();
    this.#shelf.leave(this, this.interest.charged.size);
    this.#parts.gate.leave(this);
    for (const slot of this.#has) this.#parts.gate.forgotten(this.type, slot);
  }

  verdictOf(slot: number): Verdict {
    const resource = this.#contentFor(slot);
    return resource === undefined ? "ready" : this.#parts.gate.verdict(resource);
  }

  addUsed(used: BitSet): void {
    for (const set of [this.interest.named, this.interest.charged, this.#has, this.#due.dirty]) used.addAll(set);
  }

  /** What a reconnecting proxy has already, version by name. Compared, then forgotten. Throws OverLimit. */
  begin(held: Readonly<Record<string, string>>): void {
    for (const name in held) {
      this.#fresh = false;
      const slot = this.interest.slotOf(name);
      const resource = this.#shelf.at(slot);
      this.#has.add(slot);
      if (this.#parts.gate.isOwed(this.type, slot)) this.#due.follow(slot);
      this.#parts.gate.acknowledged(this.type, slot);
      if (resource?.kind === "composed") this.#assemblies.report(slot, held[name] as string);
      if (resource?.kind === "composed" || resource?.version !== held[name]) this.#due.dirty.add(slot);
    }
  }

  /** From now on everything of the type is wanted, or (false) only what is named. */
  setWildcard(wildcard: boolean): void {
    if (this.interest.wildcard === wildcard) return;
    this.interest.wildcard = wildcard;
    for (const slot of wildcard ? this.#shelf.present() : []) if (!this.#has.has(slot)) this.#due.dirty.add(slot);
    for (const set of wildcard ? [] : [this.#has, this.#due.dirty, this.#assemblies.slots])
      for (const slot of set) if (!this.interest.wants(slot)) this.#dismiss(slot);
  }

  /** Names wanted from now on. Each is answered even if the proxy has it, but for what `begin` compared. Throws OverLimit. */
  subscribe(names: Iterable<string>, reconnecting: boolean): void {
    for (const name of names) {
      const slot = this.interest.add(name);
      if (!reconnecting || !this.#has.has(slot)) this.#askAnew(slot);
    }
  }

  /** Everything there is, as if each were named. */
  subscribeAll(): void {
    for (const slot of this.#shelf.present()) this.#askAnew(slot);
  }

  /** Names not wanted any more. Under a wildcard the protocol wants them sent again, or listed as removed. */
  unsubscribe(names: Iterable<string>): void {
    for (const name of names) {
      const slot = this.interest.remove(name);
      if (slot !== undefined && this.interest.wildcard) this.#due.ask(slot);
      else if (slot !== undefined) this.#dismiss(slot);
    }
  }

  follow(name: string): boolean {
    const slot = this.#shelf.slotOf(name);
    if (slot === undefined || this.#shelf.at(slot) === undefined) return false;
    const has = this.#has.has(slot) && this.interest.wants(slot);
    if (has) this.#due.follow(slot);
    return has;
  }

  /** The next turn, or undefined if there is nothing to send now. What is given is taken for sent. */
  next(nowMs: number): Turn | undefined {
    if (!this.#parts.store.complete) return undefined;
    this.#catchUp();
    // The first answer to a wildcard is complete: it ends the proxy's initialisation.
    const first = this.#fresh && this.interest.wildcard;
    if (!first && this.#due.dirty.size + this.#withheld.size + this.#leaving.size === 0)
      return this.#nextComposed(nowMs); // most often
    if (!first) for (const slot of this.#withheld.release(nowMs)) this.#due.pass(slot);
    else if (!this.#withheld.complete(nowMs, (slot) => this.#due.pass(slot))) return undefined;
    const puts = this.#puts(nowMs);
    if (first && this.#withheld.size > 0) {
      const passed = this.#due.passedCount;
      if (!this.#withheld.complete(nowMs, (slot) => this.#due.pass(slot))) return undefined;
      if (this.#due.passedCount > passed) return this.next(nowMs);
    }
    for (const put of puts.wholes) this.#take(put);
    if (puts.wholes.length + puts.removals.length > 0) return this.#opened({ ...puts, owed: true });
    if (this.#refusals.searching) return this.#parts.store.frozen ? undefined : this.next(nowMs); // nothing of the group is of interest any more
    // Removals go alone: a refusal takes nothing back that was removed beside what was refused.
    const removals = this.#removals(nowMs);
    const owed = first && this.#assemblies.size === 0; // the answer to a fresh wildcard, though there is nothing
    if (removals.length > 0 || owed) return this.#opened({ wholes: [], removals, owed });
    return this.#nextComposed(nowMs);
  }

  acknowledge(turn: Turn): void {
    const { oldest, removedLater } = this.#open.close(turn);
    if (oldest) this.#settledAt = Math.max(this.#settledAt, turn.upTo);
    for (const { slot, resource } of turn.wholes)
      if (this.#has.has(slot) && !removedLater.has(resource.name)) this.#parts.gate.acknowledged(this.type, slot);
    if (turn.composed !== undefined) {
      this.#assemblies.get(turn.composed.slot)?.acknowledge(turn.composed.composition);
      this.#parts.gate.acknowledged(this.type, turn.composed.slot);
    }
    this.#refusals.acknowledged(turn);
  }

  /** Returns the resource at fault if it is found; else those of the turn are sent again in groups. */
  reject(turn: Turn, words: string): Rejection | undefined {
    this.#open.close(turn);
    const { composed } = turn;
    if (composed !== undefined) return this.#assemblies.get(composed.slot)?.reject(composed.composition, words);
    const held = turn.wholes.map(({ slot }) => slot);
    const wanted = held.filter((slot) => this.interest.wants(slot));
    for (const slot of wanted) {
      this.#due.dirty.add(slot);
      this.#intact.delete(slot); // what went meanwhile is not what the proxy has if it comes again
    }
    const slots = wanted.filter((slot) => this.#shelf.at(slot) !== undefined);
    for (const slot of slots) this.#due.again(slot, this.verdictOf(slot) === "waiting");
    for (const name of held.length > 0 ? turn.removals : []) this.#due.ask(this.#shelf.intern(name)); // refused with the others
    if (slots.length === 1 && held.length > 1) return undefined; // the other was given up, and may be at fault: tried alone
    const believed = this.#parts.gate.acknowledgedCount(this.type) > 0;
    const found = this.#refusals.refuse(turn, slots, { words, believed });
    if (found !== undefined) this.#parts.gate.refused(this.type, found.slot, found.version);
    return found?.rejection;
  }

  abandon(turn: Turn): void {
    this.#open.close(turn);
  }

  /** A name asked for again may have been dropped meanwhile (with a cluster that went and came): nothing may rely on what was acknowledged. */
  #askAnew(slot: number): void {
    this.#has.delete(slot);
    this.#parts.gate.forgotten(this.type, slot);
    this.#due.ask(slot);
  }

  /** Not wanted any more: the proxy drops it by itself. */
  #dismiss(slot: number): void {
    this.#forget(slot);
    this.#refusals.forget(slot);
  }

  /** The proxy does not have this any more. */
  #forget(slot: number): void {
    for (const set of [this.#has, this.#intact, this.#due]) set.delete(slot);
    for (const waiting of [this.#withheld, this.#leaving]) waiting.cancel(slot);
    this.#assemblies.end(slot);
    this.#parts.gate.forgotten(this.type, slot);
    this.interest.forget(slot);
  }

  /** Removed at the proxy. What it refused is remembered for as long as it wants the name. */
  #drop(slot: number, removals: string[]): void {
    this.#forget(slot);
    if (this.#shelf.at(slot) === undefined) this.#refusals.forget(slot);
    removals.push(this.#shelf.nameOf(slot));
  }

  #catchUp(): void {
    const wasAt = this.#position;
    this.#position = this.#parts.store.position;
    if (this.#shelf.position <= wasAt) return;
    for (const slot of this.#shelf.since(wasAt)) if (this.interest.wants(slot)) this.#notice(slot, wasAt);
  }

  #notice(slot: number, wasAt: number): void {
    const changed = this.#shelf.contentAt(slot) > wasAt;
    if (changed || this.#shelf.at(slot) === undefined) this.#refusals.replaced(slot);
    const behind = changed || this.#due.dirty.has(slot) || this.#withheld.has(slot) || this.#refusals.hasRejected(slot);
    if (this.#shelf.at(slot) !== undefined) {
      const intact = !this.#leaving.cancel(slot) || this.#intact.has(slot);
      this.#intact.delete(slot);
      if ((behind || !intact || !this.#has.has(slot)) && !this.#withheld.has(slot)) this.#due.dirty.add(slot);
      return;
    }
    this.#due.withdraw(slot);
    this.#withheld.cancel(slot);
    if (!this.#has.has(slot)) this.#assemblies.end(slot);
    else this.#intact[behind ? "delete" : "add"](slot);
    if (this.#has.has(slot)) this.#due.dirty.add(slot);
  }

  /** What can be put now, and the names asked for that there is nothing of. */
  #puts(nowMs: number): { readonly wholes: readonly WholePut[]; readonly removals: readonly string[] } {
    const wholes: WholePut[] = [];
    const removals: string[] = [];
    const suspects = this.#refusals.group((slot) => this.#due.dirty.has(slot) && this.#shelf.at(slot) !== undefined);
    for (const slot of suspects ?? this.#due.dirty) {
      const resource = this.#contentFor(slot);
      if (!this.interest.wants(slot)) this.#dismiss(slot);
      else if (resource === undefined) {
        // Asked for by name: the answer is that there is none. One that was refused is none to a proxy that never accepted an older one.
        const gone = this.#shelf.at(slot) === undefined;
        const none = gone || !this.#parts.gate.isAcknowledged(this.type, slot);
        if (this.#due.answer(slot) && none) this.#drop(slot, removals);
        else if (!gone) this.#due.dirty.delete(slot);
      } else if (resource.kind === "composed") {
        this.#due.dirty.delete(slot);
        this.#assemblies.begin(slot, this.#due.isAsked(slot));
      } else if (this.#admit(slot, nowMs))
        wholes.push(wholePut(slot, resource, this.#refusals.reworded(slot, resource)));
    }
    return { wholes, removals };
  }

  /** What may be sent of a slot now. */
  #contentFor(slot: number): Resource | undefined {
    return this.#refusals.contentFor(slot, this.#isLacking(slot) || !this.#parts.gate.isAcknowledged(this.type, slot));
  }

  /** Something has to be sent, changed or not. */
  #isLacking(slot: number): boolean {
    return this.#due.isAwaited(slot) || !this.#has.has(slot);
  }

  /** Whether this goes out now. If not, it is noted why. */
  #admit(slot: number, nowMs: number): boolean {
    if (this.#parts.store.frozen && !this.#isLacking(slot)) return false; // stays dirty until the sources are current
    if (this.#due.isPassed(slot) || this.#withheld.judge(slot, nowMs)) return true;
    this.#due.dirty.delete(slot);
    return false;
  }

  /** What is removed now; types that are removed last begin to leave. */
  #removals(nowMs: number): readonly string[] {
    const { store, gate } = this.#parts;
    const removals: string[] = [];
    if (store.frozen) return removals;
    for (const slot of this.#due.dirty) {
      if (this.#shelf.at(slot) !== undefined) continue;
      this.#due.dirty.delete(slot);
      if (!this.#has.has(slot)) continue;
      // Not the position of the removal: what a reconnecting proxy has and we never heard of was removed some time before now.
      if (removedLast(this.type)) this.#leaving.add(slot, store.position, nowMs);
      else this.#drop(slot, removals);
    }
    for (const slot of this.#leaving.due(gate.settledAt(), nowMs)) this.#drop(slot, removals);
    return removals;
  }

  #take({ slot, resource }: WholePut): void {
    this.#due.delete(slot);
    const had = this.#has.has(slot);
    this.#has.add(slot);
    if (resource.kind !== "whole" || resource.companion === undefined) return;
    if (!had) this.#parts.gate.gone(resource.companion);
    // A companion follows its resource, changed or not (an assignment its cluster): over delta, Envoy does not ask for it again and keeps the
    // cluster warming for all of initial_fetch_timeout (15 s by default, measured on 1.40.0). May go when "a changed cluster does not warm" passes without it.
    this.#parts.gate.follow(resource.companion);
  }

  #nextComposed(nowMs: number): Turn | undefined {
    const composed = this.#assemblies.next(nowMs);
    if (composed === undefined) return this.#idle(nowMs);
    this.#has.add(composed.slot);
    this.#due.answer(composed.slot);
    return this.#opened({ wholes: [], removals: [], owed: true, composed });
  }

  /** Everything else is accepted: now is the time to try what others of the kind refused. */
  #idle(nowMs: number): Turn | undefined {
    if (this.#open.size > 0) return undefined;
    this.#settledAt = this.#upTo();
    const tried = this.#parts.store.frozen ? [] : this.#refusals.tryDeferred();
    for (const slot of tried) this.#due.dirty.add(slot);
    return tried.length > 0 ? this.next(nowMs) : undefined;
  }

  #opened(turn: Omit<Turn, "upTo" | "composed"> & Partial<Turn>): Turn {
    this.#fresh = false;
    const opened = { composed: undefined, ...turn, upTo: this.#upTo() };
    this.#open.open(opened);
    this.#refusals.opened(opened);
    return opened;
  }

  /** A change that waits leaves the proxy at the older content, which may point at what is to be removed. */
  #upTo(): number {
    let upTo = this.#position;
    for (const waiting of [this.#withheld.keys(), this.#due.dirty])
      for (const slot of waiting) if (this.#has.has(slot)) upTo = Math.min(upTo, this.#shelf.changedAt(slot) - 1);
    return upTo;
  }
}
