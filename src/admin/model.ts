/**
 * Room `admin`: the running system as people, probes and Prometheus see it: over HTTP (http.ts), over gRPC (service.ts) and as metrics (metrics.ts).
 * Given: an AdminModel. Gives: answers; it changes nothing. Anybody who reaches it may read everything, which is why it listens on loopback.
 * Must not import: src/main.ts, src/cli. Nothing here holds the event loop for long, whatever the number of hostnames.
 * This file: what the room needs from the running system.
 */
import type { TypeUrl } from "../codec/resource.ts";
import type { HostnameExplanation } from "../placement/explain-placement.ts";
import type { ContaminationPolicy, ExposedHostname } from "../placement/fleet.ts";
import type { WorkloadEntry, WorkloadQuery } from "../placement/lookup.ts";
import type { Placement } from "../placement/placement.ts";
import type { Problem } from "../placement/problem.ts";
import type { Delivery, NodeIdentity, ProxyClient, ProxySnapshot, ProxyStatus } from "../xds/observer.ts";

/** Whether proxies are served, or what is missing before they are, in words ("the first complete list of Hosts"). */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly waitingFor: readonly string[] };

/** A fleet and what exists on it. */
export interface FleetFacts {
  readonly name: string;
  readonly exposed: ReadonlyMap<string, ExposedHostname>;
  /** What it does where a host mixes in another owner's replica. */
  readonly contaminated: ContaminationPolicy;
}

/** A proxy, and what it is given. */
export interface ProxyFacts extends ProxySnapshot {
  /** Which resources it gets; "" while it has been given none. */
  readonly layout: "rds" | "scoped" | "";
}

/** One resource of one hostname, and how far it has come at each proxy of the fleets that have it. */
export interface ResourceDelivery {
  readonly fleet: string;
  readonly type: TypeUrl;
  readonly name: string;
  readonly deliveries: readonly Delivery[];
}

/** How far a hostname has come on one fleet. */
export interface FleetStanding {
  readonly fleet: string;
  /** Connected. */
  readonly proxies: number;
  /** Of these, those that have acknowledged the newest of everything the hostname is made of: cluster, endpoints and route. */
  readonly acknowledged: number;
}

/**
 * The running system, to be read.
 * - Every answer is as of the call and cheap (at most some ms): views of placement are live maps, not copies.
 * - Methods throw only for faults of ours.
 */
export interface AdminModel {
  readonly version: string;
  readonly startedAtMs: number;
  readiness(): Readiness;
  /** Why what is known may be out of date, with the remedy, and for how long it has been so; undefined while it is not. */
  stale(): { readonly because: string; readonly forMs: number } | undefined;
  /** A live view. */
  readonly placement: Placement;
  /** Also for a hostname that nobody claims. */
  explainPlacement(hostname: string): HostnameExplanation;
  findWorkloads(query: WorkloadQuery): readonly WorkloadEntry[];
  /** Workloads that register the hostname, whoever owns it. */
  workloadsOf(hostname: string): readonly WorkloadEntry[];
  /** All problems of sources, placement and translation. */
  problems(): readonly Problem[];
  /** Problems of our own translation of this hostname: what it would be is withheld. */
  translationProblems(hostname: string): readonly Problem[];
  /** In the order of the configuration. */
  fleets(): readonly FleetFacts[];
  /** In the order in which they connected. */
  proxies(): readonly ProxyFacts[];
  /** Proxies whose node fits, in the order in which they connected, each with all that it wants. To be read in pieces. */
  statuses(fits: (node: NodeIdentity) => boolean): readonly ProxyStatus[];
  /** Connected, and sent nothing since no fleet admits them. */
  unassigned(): readonly ProxyClient[];
  /** Every resource of the hostname on every fleet that has it. */
  deliveries(hostname: string): readonly ResourceDelivery[];
  /**
   * For each hostname in turn, on each fleet that has it. Found in steps, each of a microsecond for a proxy that is up to date and at most a
   * millisecond for one that lacks 5,000 hostnames: the event loop may be given up between any two.
   */
  standings(hostnames: readonly string[]): Generator<undefined, readonly (readonly FleetStanding[])[]>;
}
