/**
 * Room `model`: the running whole. Records in, stores of every fleet and variant out, in slices that never hold the event loop.
 * Given: record changes, settings and the time, as arguments. Gives: stores for the xDS server, placement and problems for admin and cli.
 * Must not import: node:*, a logger, a clock, src/sources, src/kubernetes. The test "imports point one way" holds that.
 */
import type { Variant } from "../envoy/fleet-spec.ts";
import type { ExposedHostname } from "../placement/fleet.ts";
import { type HoldSettings, LossLedger } from "../placement/hold/hold.ts";
import { Parting } from "../placement/hold/parting.ts";
import type { Placement } from "../placement/placement.ts";
import { Placer } from "../placement/placer.ts";
import type { PlacementPolicy } from "../placement/policy.ts";
import type { Problem } from "../placement/problem.ts";
import type { RecordChange } from "../placement/records.ts";
import { type FleetDefinition, FleetModel } from "./fleet-model.ts";
import type { VariantResources } from "./variant-resources.ts";

/** Everything that a reload of the configuration may change here. */
export interface PipelineSettings {
  readonly policy: PlacementPolicy;
  readonly hold: HoldSettings;
  readonly fleets: readonly FleetDefinition[];
}

/** A hostname as a fleet saw it and sees it now; undefined: it does not exist there. */
export type OnExposedChange = (
  fleet: string,
  hostname: string,
  before: ExposedHostname | undefined,
  after: ExposedHostname | undefined,
) => void;

/** Claims weighed between two looks at the clock: about 1 ms of work. */
const CLAIMS_AT_ONCE = 500;

/**
 * - Records that are applied while the source is stale are kept but change no complete store until it is fresh again (half a truth is none). A variant
 *   asked for meanwhile is made of what was known before.
 * - Stores are complete once the source was complete and everything known then is translated; before that no proxy is given anything.
 * - `work` does at least one piece and stops soon after `more()` says so; it returns whether pieces are left.
 * - The same records, settings and times give the same stores, in whatever slices the work was done.
 */
export class Pipeline {
  #settings: PipelineSettings;
  readonly #onChange: OnExposedChange | undefined;
  readonly #ledger: LossLedger;
  readonly #placer: Placer;
  readonly #parting: Parting;
  readonly #fleets = new Map<string, FleetModel>();
  /** Hostnames whose placement changed and which the fleets have not looked at yet. */
  readonly #unseen = new Set<string>();
  /** Fleets that have not looked at everything there is: one that a reload brings while the source is stale would be taken for empty. */
  readonly #unshown = new Set<FleetModel>();
  #synced = false;
  #stale = false;
  #wasComplete = false;

  /** `onChange` is told of every hostname that a fleet sees differently, before its proxies are. */
  constructor(settings: PipelineSettings, onChange?: OnExposedChange) {
    this.#settings = settings;
    this.#onChange = onChange;
    this.#ledger = new LossLedger(settings.hold);
    this.#placer = new Placer(settings.policy);
    this.#parting = new Parting(this.#placer.index);
    for (const fleet of settings.fleets) this.#addFleet(fleet);
  }

  get placement(): Placement {
    return this.#placer.placement;
  }

  get placer(): Placer {
    return this.#placer;
  }

  get fleets(): ReadonlyMap<string, FleetModel> {
    return this.#fleets;
  }

  /** When `advance` has something to do, in the clock of `apply`; undefined if nothing is held. */
  get nextAt(): number | undefined {
    return this.#ledger.nextAt;
  }

  /** The source was complete once, and all of it has reached the stores of the first variants. */
  get complete(): boolean {
    return (
      this.#synced && [...this.#fleets.values()].every((fleet) => fleet.variant(fleet.definition.first).store.complete)
    );
  }

  /** Takes record changes seen at `nowMs`. Cheap: the work is done in `work`. */
  apply(changes: Iterable<RecordChange>, nowMs: number): void {
    this.#stage(this.#ledger.apply(changes, nowMs));
  }

  #stage(changes: Iterable<RecordChange>): void {
    this.#placer.stage(this.#parting.apply(changes));
  }

  /** Lets time pass: holds end. */
  advance(nowMs: number): void {
    this.#stage(this.#ledger.advance(nowMs));
  }

  /** The source has given everything it knew at its start. What it lost is doubted, and what was lost long ago believed, before any store is complete. */
  sync(nowMs: number): void {
    do this.advance(nowMs);
    while ((this.nextAt ?? Number.POSITIVE_INFINITY) <= nowMs);
    this.#synced = true;
  }

  /** The source no longer hears of changes (true), or does again (false). */
  setStale(stale: boolean): void {
    this.#stale = stale;
    for (const fleet of this.#fleets.values()) for (const { store } of fleet.variants) store.setFrozen(stale);
  }

  /** New settings after a reload: what they change is worked off like any other change. Fleets that are gone lose their stores. */
  redefine(settings: PipelineSettings, nowMs: number): void {
    const before = this.#settings;
    this.#settings = settings;
    if (JSON.stringify(before.policy) !== JSON.stringify(settings.policy)) this.#placer.stagePolicy(settings.policy);
    if (JSON.stringify(before.hold) !== JSON.stringify(settings.hold))
      this.#stage(this.#ledger.setSettings(settings.hold, nowMs));
    const names = new Set(settings.fleets.map((fleet) => fleet.view.name));
    for (const name of this.#fleets.keys()) if (!names.has(name)) this.#fleets.delete(name);
    for (const definition of settings.fleets) {
      const fleet = this.#fleets.get(definition.view.name);
      if (fleet === undefined) this.#addFleet(definition);
      if (fleet === undefined || fleet.redefine(definition).viewChanged)
        for (const hostname of this.#placer.placement.keys()) this.#unseen.add(hostname);
    }
  }

  /** The store of a variant of a fleet, made on first use; undefined if there is no such fleet. */
  variant(fleet: string, variant: Variant): VariantResources | undefined {
    const model = this.#fleets.get(fleet);
    if (model === undefined) return undefined;
    const resources = model.variant(variant);
    resources.store.setFrozen(this.#stale);
    return resources;
  }

  /** What owners can put right, as placement and translation see it. */
  problems(): readonly Problem[] {
    return [...this.#placer.problems(), ...[...this.#fleets.values()].flatMap((fleet) => fleet.problems())];
  }

  /** Does pending work while `more()`; true if some is left. */
  work(more: () => boolean): boolean {
    const closed = this.#stale && this.#wasComplete;
    if (!closed) this.#place(more);
    const seen = closed || (this.#placer.pending === 0 && this.#unseen.size === 0);
    if (seen && !closed) this.#unshown.clear();
    let left = !seen;
    for (const fleet of this.#fleets.values())
      for (const variant of fleet.variants) {
        if (closed && (variant.store.complete || this.#unshown.has(fleet))) continue;
        if (variant.pending > 0) variant.translate(fleet.exposed, more);
        if (variant.pending > 0) left = true;
        else if (seen && this.#synced) variant.store.markComplete();
      }
    this.#wasComplete ||= this.complete;
    return left;
  }

  /** Places what is pending, and shows fleets what came of it. */
  #place(more: () => boolean): void {
    do {
      if (this.#placer.pending === 0) break;
      for (const hostname of this.#placer.settle(CLAIMS_AT_ONCE)) this.#unseen.add(hostname);
    } while (more());
    for (const hostname of this.#unseen) {
      this.#unseen.delete(hostname);
      for (const fleet of this.#fleets.values()) this.#show(fleet, hostname);
      if (!more()) break;
    }
  }

  #show(fleet: FleetModel, hostname: string): void {
    const before = fleet.exposed.get(hostname);
    if (fleet.update(hostname, this.#placer.placement))
      this.#onChange?.(fleet.name, hostname, before, fleet.exposed.get(hostname));
  }

  #addFleet(definition: FleetDefinition): void {
    const fleet = new FleetModel(definition);
    fleet.variant(definition.first);
    this.#unshown.add(fleet);
    this.#fleets.set(definition.view.name, fleet);
  }
}
