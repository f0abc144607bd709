/** What the owner of a Host should put right about it, as far as other Hosts are concerned (rule 2). */
import type { HostTable } from "./index/host-table.ts";
import type { Problem } from "./problem.ts";
import { compareAge, type HostRecord } from "./records.ts";

/** None for a Host that counts, or that is on its way out anyway. */
export function hostProblems(host: HostRecord, hosts: HostTable): readonly Problem[] {
  if (host.deleting || host.held || host.hostId === "") return [];
  const counting = hosts.standing(host.hostId)?.record;
  const subject = { kind: "Host", namespace: host.namespace, name: host.name };
  if (counting !== undefined && counting !== host) {
    const cause = `Host ${counting.name} ${before(counting, host)} and has the same hostId ${host.hostId}, so this one is ignored`;
    const remedy = "Delete this Host object if its process is gone; give every host process its own hostId";
    return [{ code: "host-id-superseded", subject: { ...subject, field: "hostId" }, cause, remedy }];
  }
  return host.addresses.flatMap((address) => {
    const owner = hosts.ownerOf(address);
    if (owner === undefined || owner === host) return [];
    const cause = `Host ${owner.name} ${before(owner, host)} and has the same address ${address}, so workloads of this one are not served there`;
    const remedy =
      "Wait, if the host was restarted: the operator removes this Host soon. Otherwise give each host its own hostname or port";
    return [{ code: "address-superseded" as const, subject: { ...subject, field: "hostname" }, cause, remedy }];
  });
}

/** Why one Host counts before another that is not being deleted either, as `countingHost` decides. */
function before(counting: HostRecord, other: HostRecord): string {
  if (counting.age.at !== other.age.at) return "is newer";
  return compareAge(counting.age, other.age) === 0 ? "is as old, comes first by name" : "comes later in the folder";
}
