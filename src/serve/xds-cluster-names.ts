/** By which cluster of its bootstrap a proxy without ADS is told to fetch what its configuration refers to. */
import type { FleetSettings } from "../config/settings.ts";
import { XDS_CLUSTER } from "../envoy/bootstrap.ts";

/** Each name is a variant, and each variant holds all resources of its fleet: clients that invent names must not make more of them than this. */
const MOST_NAMES = 4;

/** A name without a dot or a colon: anything else is the address of a server, which clients other than Envoy send (and Envoys, if their bootstrap says so). */
const PLAUSIBLE = /^[A-Za-z][\w-]{0,62}$/;

/**
 * An Envoy sends the name of the cluster by which it reaches us as `:authority`, unless its bootstrap sets another (`envoy_grpc.authority`; Contour's
 * sets the same name), so it need not be configured.
 */
export class XdsClusterNames {
  readonly #seen = new Map<string, Set<string>>(); // by fleet

  /** What the fleet says, else what the proxy sends, else that of our own bootstrap: for an implausible name, and for one more than four in a fleet. */
  nameFor({ name: fleet, xdsCluster }: Pick<FleetSettings, "name" | "xdsCluster">, authority: string): string {
    if (xdsCluster !== undefined) return xdsCluster;
    if (authority === XDS_CLUSTER || !PLAUSIBLE.test(authority)) return XDS_CLUSTER;
    const seen = this.#seen.get(fleet) ?? new Set<string>();
    if (!seen.has(authority) && seen.size >= MOST_NAMES) return XDS_CLUSTER;
    this.#seen.set(fleet, seen.add(authority));
    return authority;
  }
}
