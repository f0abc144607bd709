/** One composed body at one proxy: which of its parts the proxy is given now. */
import type { Resource } from "../../codec/resource.ts";
import type { Composition } from "../content/composition.ts";
import type { Shelf } from "../content/shelf.ts";
import type { DeliveryState, Rejection } from "../observer.ts";
import type { ResourceStore } from "../store.ts";
import { removedLast } from "../type-urls.ts";
import type { Gate, Verdict } from "./gate.ts";
import { type Bounds, Leaving, least } from "./leaving.ts";
import { PartRefusals } from "./part-refusals.ts";
import { type Judge, Withheld } from "./withheld.ts";

/** What an assembly is made of. */
export interface AssemblyParts {
  readonly store: ResourceStore;
  readonly gate: Gate;
  readonly bounds: Bounds;
  readonly shelf: Shelf;
  /** The resource without parts; undefined if there is none by nature (the state of the world of a type). */
  readonly head: () => Resource | undefined;
}

/**
 * Decides the next composition. At most one is unanswered at a time: the caller asks `next` only then.
 * - The first is complete: it waits until no part waits for anything, or the bound is over.
 * - A part that waits keeps its accepted content, or is left out; so does one that the proxy refused, and one suspected of a refusal.
 * - What was removed goes at once, but for types that are removed last: those leave as `Leaving` says.
 */
export class Assembly implements Judge<string> {
  readonly #of: AssemblyParts;
  readonly #withheld: Withheld<string>;
  readonly #leaving: Leaving<string>;
  readonly #refusals: PartRefusals;
  #accepted: Composition | undefined;
  #sent: Composition | undefined; // unanswered
  #sentUpTo = 0;
  #reported: string | undefined; // version that a reconnecting proxy has, until the first decision
  #first = true;
  #position = 0;
  #settledAt = 0;
  #repeat = false;
  #undecided = true; // something else than the store happened since `next` found nothing to send
  #only: ReadonlySet<string> | undefined;
  #refusedVersion: string | undefined;

  constructor(parts: AssemblyParts, reported: string | undefined) {
    this.#of = parts;
    this.#withheld = new Withheld(parts.bounds.ackBoundMs, this);
    this.#leaving = new Leaving(parts.bounds);
    this.#refusals = new PartRefusals({ ...parts, heads: parts.store.shelf(parts.shelf.type) });
    this.#reported = reported;
  }

  verdictOf(name: string): Verdict {
    const resource = this.#of.shelf.get(name);
    return resource === undefined ? "ready" : this.#of.gate.verdict(resource);
  }

  get accepted(): Composition | undefined {
    return this.#accepted;
  }

  get sent(): Composition | undefined {
    return this.#sent;
  }

  get settledAt(): number {
    return this.#settledAt;
  }

  /** Parts that wait for others, or until the proxy has all others. */
  get withheldCount(): number {
    return this.#withheld.size + this.#refusals.deferredCount;
  }

  get leavingCount(): number {
    return this.#leaving.size;
  }

  get nextAt(): number | undefined {
    return least(this.#withheld.nextAt, this.#leaving.nextAt);
  }

  /** How far the whole body has come, parts that wait left aside. */
  get state(): DeliveryState {
    if (this.#sent !== undefined) return "sent";
    if (this.#refusals.isHeadRejected(this.#of.head())) return "rejected";
    if (this.#accepted === undefined) return this.#refusedVersion === undefined ? "behind" : "rejected";
    return this.#position < this.#of.shelf.position ? "behind" : "acknowledged";
  }

  /** How far one part has come. */
  stateOf(name: string): DeliveryState {
    const newest = this.#of.shelf.get(name)?.version;
    if (newest === undefined) return this.#has(name) ? "behind" : "unsubscribed";
    if (this.#refusals.isPinned(name)) return "rejected";
    if (this.#accepted?.get(name)?.version === newest) return "acknowledged";
    if (this.#withheld.has(name) || this.#refusals.isDeferred(name)) return "withheld";
    return this.#sent?.get(name)?.version === newest ? "sent" : "behind";
  }

  /** What the proxy refused and is still the newest. */
  rejections(): readonly Rejection[] {
    return this.#refusals.list();
  }

  /** Sends the newest composition though the proxy may have it: it asked by name. */
  repeat(): void {
    this.#repeat = true;
  }

  /** The proxy wants other names than those it came back with: the version it reported does not tell any more what it has. */
  distrust(): void {
    if (this.#reported !== undefined) this.#reported = "";
  }

  /** Only these names from now on; undefined for all. What the proxy had of others it drops by itself. Matters to the state of the world alone. */
  restrict(only: ReadonlySet<string> | undefined): void {
    this.#only = only;
    this.#undecided = true;
    if (this.#accepted !== undefined) this.#accept(this.#accepted);
  }

  /** The composition to send now, if any. */
  next(nowMs: number): Composition | undefined {
    const { store, shelf } = this.#of;
    if (store.frozen && !this.#repeat && (!this.#first || this.#reported !== undefined)) return undefined;
    if (this.#reported !== undefined) this.#recognise(this.#reported, nowMs);
    const wasAt = this.#position;
    this.#position = store.position;
    if (this.#isQuiet(wasAt)) {
      this.#settledAt = this.#position;
      return undefined;
    }
    for (const slot of shelf.since(wasAt)) this.#notice(slot, nowMs, shelf.contentAt(slot) > wasAt);
    // The first is complete: it ends the listener's initialisation, and to a proxy with routes it would take away those that wait.
    if (!this.#first) this.#withheld.release(nowMs);
    else if (!this.#withheld.complete(nowMs, () => undefined)) return this.#adoptPartly();
    this.#leaving.due(this.#of.gate.settledAt(), nowMs); // what is due is no exception any more
    let target = this.#target();
    while (this.#refusals.searching && target !== undefined && target.version === this.#accepted?.version) {
      this.#refusals.clear();
      target = this.#target();
    }
    if (target === undefined) return undefined;
    if (this.#reported === target.version) this.#adopt(target);
    const upTo = this.#settledIfAccepted();
    const had = this.#accepted?.version === target.version;
    if (had && !this.#repeat && this.#sent === undefined) {
      if (this.#triesDeferred()) return this.next(nowMs);
      this.#undecided = false;
      this.#settledAt = upTo;
      return undefined;
    }
    if (!this.#repeat && (target.version === this.#sent?.version || target.version === this.#refusedVersion))
      return undefined;
    this.#first = false;
    this.#reported = undefined;
    this.#repeat = false;
    this.#sent = target;
    this.#sentUpTo = upTo;
    return target;
  }

  /** The stream is gone; the proxy may come back with either. */
  close(): void {
    this.#of.store.compositions.remember(this.#accepted);
    this.#of.store.compositions.remember(this.#sent);
  }

  /** A late answer to an older composition tells what the proxy goes on with if it refuses the newest. */
  acknowledge(composition: Composition): void {
    if (this.#sent === undefined) return;
    this.#accept(composition);
    if (this.#sent !== composition) return;
    this.#refusals.acknowledged(composition);
    this.#sent = undefined;
    this.#undecided = true;
    this.#refusedVersion = undefined;
    this.#settledAt = this.#sentUpTo;
  }

  /** Returns the part at fault if it is found; else parts are tried in groups. */
  reject(sent: Composition, words: string): Rejection | undefined {
    if (this.#sent !== sent) return undefined;
    this.#sent = undefined;
    this.#undecided = true;
    const found = this.#refusals.refuse(sent, this.#accepted, words);
    if (found !== "nothing new") return found;
    this.#refusedVersion = sent.version;
    return undefined;
  }

  /** Of what came for names that it gave up meanwhile the proxy has nothing. */
  #accept(composition: Composition): void {
    const { compositions } = this.#of.store;
    this.#accepted = this.#only === undefined ? composition : compositions.within(composition, this.#only);
  }

  #notice(slot: number, nowMs: number, changed: boolean): void {
    const { shelf } = this.#of;
    const name = shelf.nameOf(slot);
    const resource = shelf.at(slot);
    if (resource === undefined) {
      this.#refusals.removed(slot);
      this.#withheld.cancel(name);
      if (removedLast(shelf.type) && this.#has(name)) this.#leaving.add(name, shelf.changedAt(slot), nowMs);
      return;
    }
    this.#leaving.cancel(name);
    this.#refusals.notice(slot, this.#accepted, changed);
    if (this.#accepted?.get(name)?.version === resource.version) this.#withheld.cancel(name);
    else this.#withheld.judge(name, nowMs);
  }

  /** Nothing waits and nothing changed, which is most often so and need not cost a composition. */
  #isQuiet(wasAt: number): boolean {
    const { shelf, head } = this.#of;
    if (this.#first || this.#repeat || this.#sent !== undefined || this.#undecided || shelf.position > wasAt)
      return false;
    if (this.#withheld.size + this.#leaving.size > 0 || this.#refusals.active) return false;
    return this.#accepted !== undefined && this.#accepted.head?.version === head()?.version;
  }

  /** A reconnecting proxy may have exactly what it is ready for: then nothing is outstanding, and the rest follows in the usual way. */
  #adoptPartly(): undefined {
    if (this.#reported === undefined) return;
    const target = this.#target();
    if (target?.version !== this.#reported) return;
    this.#adopt(target);
    this.#settledAt = this.#settledIfAccepted();
  }

  /**
   * A list that the proxy had when it was lost is known by its version: what was removed meanwhile then leaves in the usual way. Without that the
   * first list would take clusters away that the proxy's routes point at, since the state of the world does not tell what a proxy has.
   */
  #recognise(reported: string, nowMs: number): void {
    const { store, shelf } = this.#of;
    const had = store.compositions.recognised(shelf.type, reported);
    if (had === undefined) return;
    this.#adopt(had);
    if (!removedLast(shelf.type)) return;
    for (const { name } of had.members)
      if (shelf.get(name) === undefined) this.#leaving.add(name, store.position, nowMs);
  }

  #adopt(target: Composition): void {
    this.#accepted = target;
    this.#first = false;
    this.#reported = undefined;
  }

  /** Undefined if the proxy refused the only head there is. */
  #target(): Composition | undefined {
    const head = this.#refusals.headFor(this.#of.head(), this.#accepted);
    if (head === "none") return undefined;
    const except = new Map<string, Resource | undefined>();
    for (const name of this.#withheld.keys()) except.set(name, this.#accepted?.get(name));
    for (const name of this.#leaving.keys()) except.set(name, this.#accepted?.get(name));
    for (const [name, content] of this.#refusals.exceptions(this.#accepted)) except.set(name, content);
    const { store, shelf } = this.#of;
    return store.compositions.of({ shelf, head, except, only: this.#only });
  }

  /** The proxy has everything else: now is the time for what others of its kind refused. */
  #triesDeferred(): boolean {
    if (this.#of.store.frozen) return false;
    return this.#refusals.tryDeferred(this.#of.head(), this.#accepted, (name) => this.#withheld.has(name));
  }

  #has(name: string): boolean {
    return this.#accepted?.get(name) !== undefined || this.#sent?.get(name) !== undefined;
  }

  /** A change that waits leaves the proxy at the older content, which may point at what is to be removed. */
  #settledIfAccepted(): number {
    let upTo = this.#position;
    for (const name of this.#withheld.keys()) {
      const slot = this.#of.shelf.slotOf(name);
      if (slot !== undefined && this.#has(name)) upTo = Math.min(upTo, this.#of.shelf.changedAt(slot) - 1);
    }
    return upTo;
  }
}
