/** Rule 2: of two Hosts with one address, or one hostId, which counts. */
import { compareAge, type HostRecord } from "../records.ts";

/**
 * The Host that counts among contenders: the newest that is not being deleted; if all are, the newest. Equal ages: the first by namespace and
 * name. A host that restarts in place gets a new object and a new hostId but keeps its address, and for up to a minute the old object still looks
 * healthy while its workloads are gone from that address (404), so the newest is the one that is really there.
 */
export function countingHost(contenders: Iterable<HostRecord>): HostRecord | undefined {
  let best: HostRecord | undefined;
  for (const host of contenders) if (best === undefined || precedes(host, best)) best = host;
  return best;
}

/** Whether `a` counts before `b`. A total order over Hosts of different names. */
function precedes(a: HostRecord, b: HostRecord): boolean {
  if (a.deleting !== b.deleting) return b.deleting;
  const age = compareAge(a.age, b.age);
  if (age !== 0) return age > 0;
  if (a.namespace !== b.namespace) return a.namespace < b.namespace;
  return a.name < b.name;
}
