/** The administrator's say in placement. */

/** Who may own a domain. The most specific rule that covers a hostname decides; without one every namespace may. */
export interface OwnershipRule {
  /** A hostname (`shop.example.com`) or a suffix (`*.example.com`: any number of labels below, not example.com itself). Lower case. */
  readonly domain: string;
  /** Namespaces that may own what the domain covers; none if empty. */
  readonly namespaces: readonly string[];
}

/** Everything placement needs beyond records. */
export interface PlacementPolicy {
  readonly ownership: readonly OwnershipRule[];
}
