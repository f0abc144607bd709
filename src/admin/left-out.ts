/** Addresses that a fleet leaves out of a hostname since their host mixes in another owner's replica (placement rule 7). */
import type { ExplainedReplica, HostnameExplanation } from "../placement/explain-placement.ts";
import type { FleetFacts } from "./model.ts";

/** One address that is left out. */
export interface LeftOut {
  readonly address: string;
  /** Workloads of losers on the same host, as namespace/name. */
  readonly intruders: readonly string[];
  /** The address, whose fault it is and what decided, in a sentence without a full stop. */
  readonly text: string;
}

/** What one fleet that exposes the hostname leaves out, by address. */
export function leftOutOn({ contaminated, exposed }: FleetFacts, explained: HostnameExplanation): readonly LeftOut[] {
  const { hostname, replicas } = explained;
  const endpoints = exposed.get(hostname)?.endpoints ?? [];
  const kept = new Set(endpoints.map(({ address }) => address));
  const decided = endpoints.length === 0 ? `fleet policy contaminated: ${contaminated}` : "others answer for it alone";
  const found = new Map<string, LeftOut>();
  for (const replica of replicas) {
    if (replica.role !== "endpoint" || !replica.contaminated) continue;
    const intruders = intrudersAt(replica, replicas);
    for (const address of replica.addresses) {
      if (kept.has(address)) continue;
      const runs = intruders.length === 1 ? "runs" : "run";
      const text = `${address} is left out: Workload ${intruders.join(", ")} ${runs} on the same Host; ${decided}`;
      found.set(address, { address, intruders, text });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.address < b.address ? -1 : 1));
}

function intrudersAt({ hostId }: ExplainedReplica, replicas: readonly ExplainedReplica[]): readonly string[] {
  return replicas
    .filter((other) => other.role === "loser" && other.hostId === hostId)
    .map(({ namespace, name }) => `${namespace}/${name}`);
}
