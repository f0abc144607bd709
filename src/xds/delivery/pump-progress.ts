/** How far a pump has come with each name: what it knows of a slot, in one word. */
import type { BitSet } from "../content/bit-set.ts";
import type { Shelf } from "../content/shelf.ts";
import type { DeliveryState, Rejection } from "../observer.ts";
import type { Assemblies } from "./assemblies.ts";
import type { Interest } from "./interest.ts";
import type { OpenTurns } from "./open-turns.ts";
import type { Outstanding } from "./outstanding.ts";
import type { Counts, Progress, Wanted } from "./progress.ts";
import type { PumpParts } from "./pump-parts.ts";
import type { Refusals } from "./refusals.ts";
import type { Withheld } from "./withheld.ts";

/** What a pump keeps, to be read only. */
export interface PumpFacts {
  readonly parts: Pick<PumpParts, "type" | "gate">;
  readonly shelf: Shelf;
  readonly interest: Interest;
  readonly due: Outstanding;
  readonly withheld: Withheld<number>;
  /** Names on their way out. */
  readonly leaving: number;
  readonly refusals: Refusals;
  readonly assemblies: Assemblies;
  readonly open: OpenTurns;
  /** Position of the store that the pump has caught up with. */
  readonly position: number;
}

/** For the moment at which it is made. */
export class PumpProgress implements Progress {
  readonly #of: PumpFacts;

  constructor(of: PumpFacts) {
    this.#of = of;
  }

  /** One version for everything that the proxy wants, as state of the world has it: `newest`, or as far as it was sent. Equal when nothing waits. */
  version(newest: boolean): string {
    const { interest, assemblies, withheld, due, refusals } = this.#of;
    return interest.version((slot, { kind, version }) => {
      if (kind === "composed") return assemblies.contentOf(slot)?.version ?? "";
      const behind = withheld.has(slot) || due.dirty.has(slot) || refusals.keepsBack(slot);
      return behind && !newest ? "" : version;
    });
  }

  counts(): Counts {
    const { interest, assemblies, withheld, leaving, refusals } = this.#of;
    const waiting = withheld.size + refusals.deferredCount + assemblies.withheldCount;
    const { wildcard, count: subscribed } = interest;
    return { wildcard, subscribed, withheld: waiting, leaving, rejected: this.rejections() };
  }

  rejections(): readonly Rejection[] {
    return [...this.#of.refusals.list(), ...this.#of.assemblies.rejections()];
  }

  lacking(of: string | undefined): BitSet {
    const { parts, shelf, interest, assemblies, withheld, due, refusals, open, position } = this.#of;
    if (of !== undefined) return assemblies.lacking(of);
    const slots = parts.gate.unacknowledged(parts.type);
    refusals.addKept(slots);
    slots.addAll(due.dirty);
    for (const some of [withheld.keys(), open.slots(), shelf.since(position)])
      for (const slot of some) if (interest.wants(slot)) slots.add(slot);
    return slots;
  }

  stateOf(name: string, of: string | undefined): DeliveryState {
    const { parts, shelf, interest, assemblies, withheld, due, refusals, open, position } = this.#of;
    const slot = shelf.slotOf(of ?? name);
    if (slot === undefined || !interest.wants(slot)) return "unsubscribed";
    if (of !== undefined) return assemblies.get(slot)?.stateOf(name) ?? "behind";
    if (withheld.has(slot) || refusals.isDeferred(slot)) return "withheld";
    const assembly = assemblies.get(slot);
    if (assembly !== undefined) return assembly.state;
    if (refusals.isRejected(slot)) return "rejected";
    if (due.dirty.has(slot) || shelf.contentAt(slot) > position) return "behind";
    if (open.puts(slot)) return "sent";
    return parts.gate.isAcknowledged(parts.type, slot) ? "acknowledged" : "behind";
  }

  wanted(): Iterable<Wanted> {
    const { interest, assemblies } = this.#of;
    return interest.wanted((slot) => assemblies.contentOf(slot));
  }
}
