/** From workloads to the hostnames they serve, and back: for people and tools that know one and want the other. */

import { lineage } from "./claims.ts";
import { PHASES, type PhaseReason, reasonOf, reasonText } from "./phase.ts";
import type { Claim, Phase } from "./placement.ts";
import type { Placer } from "./placer.ts";
import type { Age, WorkloadRecord } from "./records.ts";

/** A workload by one of its names: its workload ID or uid (wasmCloud makes them equal), its object, or the hostId it is placed on. */
export type WorkloadQuery =
  | { readonly id: string }
  | { readonly namespace: string; readonly name: string }
  | { readonly hostId: string };

/** One workload and where it stands. */
export interface WorkloadEntry {
  readonly namespace: string;
  readonly name: string;
  readonly workloadId: string;
  readonly uid: string;
  readonly age: Age;
  /** The object that its owner edits. */
  readonly root: Claim["root"];
  readonly hostId: string;
  /** Of the Host that has the hostId; "" and none while there is no such Host. */
  readonly hostName: string;
  readonly addresses: readonly string[];
  readonly phase: Phase | "absent";
  readonly reason: PhaseReason;
  /** The reason in words. */
  readonly because: string;
  /** In the order registered. */
  readonly hostnames: readonly RegisteredHostname[];
}

/** A hostname as one workload registers it. */
interface RegisteredHostname {
  readonly hostname: string;
  readonly spelling: string;
  /** Whether the workload's namespace owns it; only then does it get traffic. */
  readonly owned: boolean;
}

/** Workloads that the query names, sorted by namespace and name; none if there are none. */
export function findWorkloads(query: WorkloadQuery, placer: Placer): readonly WorkloadEntry[] {
  return [...matching(query, placer)].map((workload) => workloadEntry(workload, placer)).sort(byObject);
}

/** Workloads that register the hostname (in any case), whoever owns it, sorted by namespace and name. */
export function workloadsOf(hostname: string, placer: Placer): readonly WorkloadEntry[] {
  const claimants = [...placer.index.claimants(hostname.toLowerCase())];
  const workloads = claimants.flatMap(({ record }) => (record.kind === "Workload" ? [record] : []));
  return workloads.map((workload) => workloadEntry(workload, placer)).sort(byObject);
}

function matching(query: WorkloadQuery, { index }: Placer): Iterable<WorkloadRecord> {
  if ("id" in query) return withId(query.id, index.workloads());
  if ("hostId" in query) return index.workloadsOnHostId(query.hostId);
  const workload = index.workload(query);
  return workload === undefined ? [] : [workload];
}

/** Looks at all workloads: 5 ms for 100,000, and rare; an index would take 100 bytes of each. Empty IDs name nobody. */
function* withId(id: string, workloads: Iterable<WorkloadRecord>): Iterable<WorkloadRecord> {
  if (id === "") return;
  for (const workload of workloads) if (workload.uid === id || workload.workloadId === id) yield workload;
}

function workloadEntry(workload: WorkloadRecord, { index, placement }: Placer): WorkloadEntry {
  const replica = index.replica(workload);
  const reason = reasonOf(replica);
  const [root] = lineage(replica);
  const { namespace, name, workloadId, uid, age, hostId, registration } = workload;
  return {
    ...{ namespace, name, workloadId, uid, age, hostId },
    root: { kind: root.kind, name: root.name },
    hostName: replica.host?.record.name ?? "",
    addresses: replica.host?.addresses ?? [],
    phase: PHASES[reason],
    reason,
    because: reasonText(replica, reason),
    hostnames: registration.names.map(({ hostname, spelling }) => ({
      ...{ hostname, spelling },
      owned: placement.get(hostname)?.owner === namespace,
    })),
  };
}

function byObject(a: WorkloadEntry, b: WorkloadEntry): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
