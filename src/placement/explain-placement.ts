/** Why a hostname is served as it is: the answer to "why is my route not there?", as far as placement decides it. */
import { type WorkloadEntry, workloadsOf } from "./lookup.ts";
import type { Claim, HostnamePlacement } from "./placement.ts";
import type { Placer } from "./placer.ts";
import type { OwnershipRule } from "./policy.ts";
import type { Problem } from "./problem.ts";

/** A workload that registers the hostname, and whether it answers for it. */
export interface ExplainedReplica extends WorkloadEntry {
  /** `endpoint`: behind one. `absent`: see `because`. `loser`: its namespace does not own the hostname. */
  readonly role: "endpoint" | "absent" | "loser";
  /** A loser's workload runs on the same host and is mixed in by it. */
  readonly contaminated: boolean;
}

/** Everything placement knows of one hostname. */
export interface HostnameExplanation {
  readonly hostname: string;
  /** The administrator's rule that covers it, if there is one. */
  readonly rule: OwnershipRule | undefined;
  readonly owner: string | undefined;
  /** All claims with their verdicts, owner's first. */
  readonly claims: readonly Claim[];
  /** All workloads that register it, absent ones and losers' too, sorted by namespace and name. */
  readonly replicas: readonly ExplainedReplica[];
  readonly problems: readonly Problem[];
  /** One sentence that answers. */
  readonly summary: string;
}

/** Explains a hostname, in any case, also one that nobody claims. As of the placer's last `settle`. */
export function explainPlacement(asked: string, placer: Placer): HostnameExplanation {
  const hostname = asked.toLowerCase();
  const placement = placer.placement.get(hostname);
  const owner = placement?.owner;
  const replicas = workloadsOf(hostname, placer).map((entry): ExplainedReplica => {
    const own =
      placement?.replicas.filter(
        ({ namespace, workload }) => namespace === entry.namespace && workload === entry.name,
      ) ?? [];
    const role = entry.namespace !== owner ? "loser" : own.length > 0 ? "endpoint" : "absent";
    return { ...entry, role, contaminated: own.some(({ contaminated }) => contaminated) };
  });
  return {
    hostname,
    rule: placer.rules.ruleFor(hostname),
    owner,
    claims: placement?.claims ?? [],
    replicas,
    problems: placer.problemsOf(hostname),
    summary: summaryOf(hostname, placement, replicas),
  };
}

function summaryOf(
  hostname: string,
  placement: HostnamePlacement | undefined,
  replicas: readonly ExplainedReplica[],
): string {
  if (placement === undefined)
    return `Nothing claims ${hostname}: no Workload, WorkloadReplicaSet or WorkloadDeployment names it.`;
  const { owner, claims } = placement;
  if (owner === undefined)
    return `${hostname} is claimed by ${claims.length} objects, and the administrator's rule denies it to all of them.`;
  const own = replicas.filter(({ role }) => role !== "loser");
  const count = (phase: ExplainedReplica["phase"]) =>
    own.filter((replica) => replica.role !== "absent" && replica.phase === phase).length;
  const [ready, draining] = [count("ready"), count("draining")];
  const served = `${hostname} belongs to namespace ${owner} and has ${ready} ready and ${draining} draining replicas`;
  if (ready + draining > 0) return `${served}.`;
  if (own.length === 0) return `${served}: no Workload exists for it, only its template.`;
  const reasons = [...new Set(own.map(({ because }) => because))].sort().slice(0, 3);
  return `${served}: ${reasons.join("; ")}.`;
}
