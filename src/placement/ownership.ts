/** Rule 6: one namespace owns a hostname, decided over all claims, before any fleet is looked at. */
import { coveringPatterns } from "./hostname-pattern.ts";
import type { Claim } from "./placement.ts";
import type { OwnershipRule, PlacementPolicy } from "./policy.ts";

/** Who owns a hostname, and what became of each claim. */
export interface Election {
  /** Undefined if the administrator's rules deny every claim. */
  readonly owner: string | undefined;
  /** The owner's first, then by age, namespace, kind and name. */
  readonly claims: readonly Claim[];
}

/** The administrator's rules, ready to be asked. Rules for one domain add up. */
export class OwnershipRules {
  readonly #byDomain = new Map<string, OwnershipRule>();

  constructor({ ownership }: PlacementPolicy) {
    for (const { domain, namespaces } of ownership) {
      const earlier = this.#byDomain.get(domain)?.namespaces ?? [];
      this.#byDomain.set(domain, { domain, namespaces: [...new Set([...earlier, ...namespaces])].toSorted() });
    }
  }

  /** The most specific rule that covers the hostname: exact beats suffix, longer suffix beats shorter. Undefined: every namespace may own it. */
  ruleFor(hostname: string): OwnershipRule | undefined {
    if (this.#byDomain.size === 0) return undefined;
    for (const pattern of coveringPatterns(hostname)) {
      const rule = this.#byDomain.get(pattern);
      if (rule !== undefined) return rule;
    }
    return undefined;
  }
}

/**
 * Judges claims that are made out as if each were the owner's.
 * The administrator's rule first, then the oldest claim; equal ages go by namespace. Readiness plays no part, or a name could be taken over while
 * its owner is down. Known limit: a name added to an old object makes an old claim, so only a rule really protects a name.
 */
export function elect(claims: readonly Claim[], rule: OwnershipRule | undefined): Election {
  const ordered = claims.toSorted(byAge);
  const mayOwn = (claim: Claim): boolean => rule === undefined || rule.namespaces.includes(claim.namespace);
  const owner = ordered.find(mayOwn)?.namespace;
  const owners: Claim[] = [];
  const losers: Claim[] = [];
  for (const claim of ordered) {
    if (claim.namespace === owner) owners.push(claim);
    else losers.push({ ...claim, verdict: mayOwn(claim) ? "taken" : "denied" });
  }
  return { owner, claims: [...owners, ...losers] };
}

function byAge(a: Claim, b: Claim): number {
  if (a.at !== b.at) return a.at - b.at;
  return (
    compare(a.order, b.order) ||
    compare(a.namespace, b.namespace) ||
    RANKS[a.kind] - RANKS[b.kind] ||
    compare(a.name, b.name)
  );
}

/** Of one age, the root speaks before what it made: what it says does not flip while replicas come and go. */
const RANKS: Readonly<Record<Claim["kind"], number>> = { WorkloadDeployment: 0, WorkloadReplicaSet: 1, Workload: 2 };

/** By code unit: localeCompare would let the outcome depend on the machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
