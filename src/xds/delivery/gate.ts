/** Make before break: what one proxy has acknowledged, and so what it may be given. */
import type { Resource, ResourceRef, TypeUrl } from "../../codec/resource.ts";
import type { BitSet } from "../content/bit-set.ts";
import type { ResourceStore } from "../store.ts";
import { removedLast } from "../type-urls.ts";
import { Holding } from "./holding.ts";
import type { Kind } from "./kind.ts";

/**
 * - `ready`: everything required is acknowledged, companions too.
 * - `waiting`: something is not, yet.
 * - `refused`: the proxy refused something required and has no older content of it, so waiting has no bound.
 */
export type Verdict = "ready" | "waiting" | "refused";

/** Who sends one type to the proxy. */
export interface GateMember {
  readonly type: TypeUrl;
  /** Position of the store up to which the proxy has acknowledged everything that concerns what it has of this type. */
  readonly settledAt: number;
  /** Sends a resource again that the proxy has, changed or not. False if it is not this member's, or the proxy is not known to have it. */
  follow(name: string): boolean;
}

/** Shared by all streams of one proxy, since what a route needs may come over another stream than the route. */
export class Gate {
  readonly #store: ResourceStore;
  /** Proxies like this one. */
  readonly kind: Kind;
  /** What the proxy calls itself. */
  readonly proxy: string;
  readonly #holdings = new Map<TypeUrl, Holding>();
  readonly #members: GateMember[] = [];
  #pointing: readonly GateMember[] = []; // those whose types may point at what is removed last

  /** `build`: what the proxy says of its program. */
  constructor(
    store: ResourceStore,
    { proxy = "", build = "" }: { readonly proxy?: string; readonly build?: string } = {},
  ) {
    this.#store = store;
    this.proxy = proxy;
    this.kind = store.kinds.of(build);
    this.kind.proxies += 1;
  }

  join(member: GateMember): void {
    this.#members.push(member);
    if (!removedLast(member.type)) this.#pointing = [...this.#pointing, member];
  }

  leave(member: GateMember): void {
    const at = this.#members.indexOf(member);
    if (at !== -1) this.#members.splice(at, 1);
    this.#pointing = this.#pointing.filter((other) => other !== member);
  }

  /** No stream of the proxy is left. */
  close(): void {
    for (const holding of this.#holdings.values()) holding.close();
    this.#holdings.clear();
    this.kind.proxies -= 1;
  }

  verdict(resource: Resource): Verdict {
    let verdict: Verdict = "ready";
    for (const ref of resource.requires) {
      const one = this.#verdictOf(ref);
      if (one === "refused") return one;
      if (one === "waiting") verdict = one;
    }
    return verdict;
  }

  isAcknowledged(type: TypeUrl, slot: number): boolean {
    return this.#holdings.get(type)?.acknowledged.has(slot) ?? false;
  }

  /** Resources there are that the proxy has acknowledged. What it still has of those removed is none of them: it only is on its way out. */
  acknowledgedCount(type: TypeUrl): number {
    const holding = this.#holdings.get(type);
    return holding?.shelf.liveAmong(holding.acknowledged) ?? 0;
  }

  /** Slots with a resource of which the proxy has acknowledged nothing. A set of its own. */
  unacknowledged(type: TypeUrl): BitSet {
    return this.#store.shelf(type).presentBut(this.#holdings.get(type)?.acknowledged);
  }

  acknowledged(type: TypeUrl, slot: number): void {
    this.#holding(type).acknowledge(slot);
  }

  /** The proxy refused this version and keeps what it had, if anything. */
  refused(type: TypeUrl, slot: number, version: string): void {
    this.#holding(type).refuse(slot, version);
  }

  /** A proxy that came back names this: it has some content of it, and what it refuses now does not take that away. */
  claimed(type: TypeUrl, slot: number): void {
    this.#holding(type).claim(slot);
  }

  /** The proxy does not have this any more. */
  forgotten(type: TypeUrl, slot: number): void {
    this.#holdings.get(type)?.forget(slot);
  }

  /** Position up to which the types that may point at clusters are acknowledged: what was removed before is not pointed at. */
  settledAt(): number {
    let settledAt = this.#store.position;
    for (const member of this.#pointing) settledAt = Math.min(settledAt, member.settledAt);
    return settledAt;
  }

  /** The resource of this companion comes anew: the companion that the proxy had went with it, whatever was acknowledged. */
  gone({ type, name }: ResourceRef): void {
    const holding = this.#holdings.get(type);
    const slot = holding?.shelf.slotOf(name);
    if (slot !== undefined) holding?.doubt(slot);
  }

  /** Sends a companion behind its resource. A proxy that comes back may not have told yet that it has it: then it is owed. */
  follow({ type, name }: ResourceRef): void {
    let followed = false;
    for (const member of this.#members) if (member.type === type && member.follow(name)) followed = true;
    const slot = followed ? undefined : this.#store.shelf(type).slotOf(name);
    if (slot !== undefined) this.#holding(type).owe(slot);
  }

  /** It was to follow before the proxy was known to have it, and was not sent since. */
  isOwed(type: TypeUrl, slot: number): boolean {
    return this.#holdings.get(type)?.isOwed(slot) ?? false;
  }

  #verdictOf({ type, name }: ResourceRef): Verdict {
    const holding = this.#holdings.get(type);
    const slot = holding?.shelf.slotOf(name);
    if (holding === undefined || slot === undefined) return "waiting";
    if (!holding.acknowledged.has(slot)) {
      if (!this.#isRefused(holding, slot)) return "waiting";
      if (!holding.isClaimed(slot)) return "refused";
    }
    const resource = holding.shelf.at(slot);
    const companion = resource?.kind === "whole" ? resource.companion : undefined;
    return companion === undefined ? "ready" : this.#verdictOf(companion);
  }

  /** By this proxy, or by others of its kind, so that it is tried with it last. */
  #isRefused(holding: Holding, slot: number): boolean {
    return holding.isRefused(slot) || this.kind.of(holding.shelf).isQuarantined(slot);
  }

  #holding(type: TypeUrl): Holding {
    const known = this.#holdings.get(type);
    if (known !== undefined) return known;
    const made = new Holding(this.#store.shelf(type));
    this.#holdings.set(type, made);
    return made;
  }
}
