/** The running control plane as the admin room reads it. */
import type { AdminModel, FleetFacts, FleetStanding, ProxyFacts, Readiness, ResourceDelivery } from "../admin/model.ts";
import type { Variant } from "../envoy/fleet-spec.ts";
import { variantKey } from "../model/variant-resources.ts";
import { explainPlacement, type HostnameExplanation } from "../placement/explain-placement.ts";
import { findWorkloads, type WorkloadEntry, type WorkloadQuery, workloadsOf } from "../placement/lookup.ts";
import type { Placement } from "../placement/placement.ts";
import type { Problem } from "../placement/problem.ts";
import type { NodeIdentity, ProxyClient, ProxyLabel, ProxyStatus } from "../xds/observer.ts";
import type { Standing } from "../xds/standing.ts";
import type { ControlPlane } from "./control-plane.ts";

/** Reads, never changes. Everything is as of the call. */
export class RunningModel implements AdminModel {
  readonly version: string;
  readonly startedAtMs: number;
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane, version: string, startedAtMs: number) {
    this.#plane = plane;
    this.version = version;
    this.startedAtMs = startedAtMs;
  }

  get placement(): Placement {
    return this.#plane.pipeline.placement;
  }

  readiness(): Readiness {
    if (this.#plane.complete) return { ready: true };
    const waitingFor = this.#plane.synced
      ? ["the first translation of what the source gave"]
      : [
          `the first complete state of the source${this.#plane.stale === undefined ? "" : ` (${this.#plane.stale.because})`}`,
        ];
    return { ready: false, waitingFor };
  }

  stale(): { readonly because: string; readonly forMs: number } | undefined {
    return this.#plane.stale;
  }

  explainPlacement(hostname: string): HostnameExplanation {
    return explainPlacement(hostname, this.#plane.pipeline.placer);
  }

  findWorkloads(query: WorkloadQuery): readonly WorkloadEntry[] {
    return findWorkloads(query, this.#plane.pipeline.placer);
  }

  workloadsOf(hostname: string): readonly WorkloadEntry[] {
    return workloadsOf(hostname, this.#plane.pipeline.placer);
  }

  problems(): readonly Problem[] {
    return [...this.#plane.sourceProblems(), ...this.#plane.pipeline.problems()];
  }

  translationProblems(hostname: string): readonly Problem[] {
    return [...this.#plane.pipeline.fleets.values()].flatMap((fleet) => fleet.problemsOf(hostname));
  }

  fleets(): readonly FleetFacts[] {
    return [...this.#plane.pipeline.fleets.values()].map(({ name, exposed, definition }) => {
      return { name, exposed, contaminated: definition.view.contaminated };
    });
  }

  proxies(): readonly ProxyFacts[] {
    return this.#plane.server.snapshot().map((proxy) => {
      const choice = this.#plane.choiceFor(proxy);
      return { ...proxy, layout: choice?.variant.layout ?? "" };
    });
  }

  statuses(fits: (node: NodeIdentity) => boolean): readonly ProxyStatus[] {
    return this.#plane.server.statuses(fits);
  }

  unassigned(): readonly ProxyClient[] {
    return this.#plane.server.unassigned();
  }

  deliveries(hostname: string): readonly ResourceDelivery[] {
    const found = new Map<string, ResourceDelivery>();
    for (const fleet of this.#plane.pipeline.fleets.values())
      for (const variant of fleet.variants)
        for (const { type, name, of } of variant.refsOf(hostname)) {
          const deliveries = this.#plane.server
            .deliveries(type, name, of)
            .filter(({ proxy }) => proxy.fleet === fleet.name && this.#isGiven(proxy, variant.variant));
          if (deliveries.length > 0)
            found.set(`${fleet.name} ${type} ${of ?? ""} ${name}`, { fleet: fleet.name, type, name, deliveries });
        }
    return [...found.values()];
  }

  *standings(hostnames: readonly string[]): Generator<undefined, readonly (readonly FleetStanding[])[]> {
    const found = hostnames.map(() => new Map<string, FleetStanding>());
    for (const fleet of this.#plane.pipeline.fleets.values())
      for (const variant of fleet.variants) {
        const groups = hostnames.map((hostname) => variant.refsOf(hostname));
        const standings = yield* this.#plane.server.standings(variant.store, groups);
        for (const [at, standing] of standings.entries())
          if (groups[at]?.length !== 0) add(found[at], fleet.name, standing);
      }
    return found.map((standings) => [...standings.values()]);
  }

  #isGiven(proxy: ProxyLabel, variant: Variant): boolean {
    const choice = this.#plane.choiceFor(proxy);
    return choice !== undefined && variantKey(choice.variant) === variantKey(variant);
  }
}

/** Variants of one fleet are given to different proxies. */
function add(standings: Map<string, FleetStanding> | undefined, fleet: string, standing: Standing): void {
  const { proxies = 0, acknowledged = 0 } = standings?.get(fleet) ?? {};
  standings?.set(fleet, {
    fleet,
    proxies: proxies + standing.proxies,
    acknowledged: acknowledged + standing.acknowledged,
  });
}
