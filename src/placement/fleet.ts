/** What a fleet exposes (DESIGN rule 8): a selection over workloads, so that any host can run public and private ones. */

/** All given selectors must admit (and); within one, any entry does (or). An empty selector admits everything. */
export interface Exposure {
  readonly namespaces: readonly string[];
  /** `shop.example.com` or `*.example.com` (any number of labels below). Lower case. */
  readonly hostnames: readonly string[];
  /** Every pair must be on the workload or its owners. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly environments: readonly string[];
  readonly hostGroups: readonly string[];
}

/** What to do where only contaminated endpoints are left (rule 7): a refusal is seen, a leak is not. */
export type ContaminationPolicy = "refuse" | "serve";

/** How one fleet looks at placement. */
export interface FleetView {
  readonly name: string;
  readonly exposes: Exposure;
  readonly contaminated: ContaminationPolicy;
}

/** One address that serves a hostname on a fleet. */
export interface Endpoint {
  /** `ip:port` or `[ipv6]:port`. */
  readonly address: string;
  readonly phase: "ready" | "draining";
  /**
   * What goes upstream as the authority: the spelling that the oldest of its replicas registered (hosts up to 2.7.0 match by case); where the address is contaminated
   * and every replica there has an operator alias, that alias. Of the endpoint and not of the hostname, so that a retry carries the authority of the endpoint it goes to.
   */
  readonly authority: string;
  /** Its ready replicas; where none is ready, its draining ones. At least 1. */
  readonly weight: number;
  /** Set where exactly one replica stands behind the address. Informational: the host picks by Host header alone. */
  readonly workloadId: string | undefined;
  readonly hostId: string;
  readonly hostGroup: string;
}

/** One hostname as one fleet sees it. */
export interface ExposedHostname {
  readonly hostname: string;
  /** Namespace that owns it. */
  readonly owner: string;
  /** Host group that the owner's oldest claim asks for; "" if it names none. Decides the upstream protocol. */
  readonly protocolGroup: string;
  /** Sorted by address. Empty: the hostname exists and answers 503. */
  readonly endpoints: readonly Endpoint[];
}
