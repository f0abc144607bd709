/** Which hosts there are and what runs on them, as far as the loss ledger must know: raw, before any hold. */
import { HostTable, hostKey } from "../index/host-table.ts";
import { compareAge, type HostRecord, type ObjectName, type WorkloadRecord } from "../records.ts";
import type { LossGroup } from "./loss-group.ts";

/** What a group has and what it has lost. */
export interface GroupCount {
  /** Hosts that are there and count (rule 2). */
  readonly hosts: number;
  /** Of them and of the lost ones, those with workloads, running or silent. */
  readonly bearing: number;
  /** Those whose workloads are all silent: none runs, at least one has lost its Ready. */
  readonly silent: number;
}

/** Whether a Host is not lost. Unknown counts as live: one probe unanswered for 5 s causes it. */
export const live = ({ deleting, ready }: Pick<HostRecord, "deleting" | "ready">): boolean =>
  !deleting && ready !== "False";

/** Whether a Workload runs, as far as its object says. */
export const running = ({ placed, ready, deleting }: WorkloadRecord): boolean => placed && ready && !deleting;

export class Census {
  readonly #hosts = new HostTable();
  /** Running workloads by hostId: never 0. */
  readonly #running = new Map<string, number>();

  /** The Host as it was before. */
  putHost(record: HostRecord): HostRecord | undefined {
    const before = this.#hosts.get(hostKey(record));
    this.#hosts.put(record);
    return before;
  }

  /** The Host as it was before. */
  removeHost(name: ObjectName): HostRecord | undefined {
    const before = this.#hosts.get(hostKey(name));
    this.#hosts.remove(name);
    return before;
  }

  /** The Host that counts for a hostId. */
  hostOf(hostId: string): HostRecord | undefined {
    return this.#hosts.standing(hostId)?.record;
  }

  host(name: ObjectName): HostRecord | undefined {
    return this.#hosts.get(hostKey(name));
  }

  /** A workload changed from one record to the other. */
  countWorkload(before: WorkloadRecord | undefined, after: WorkloadRecord | undefined): void {
    if (before !== undefined && running(before)) this.#count(before.hostId, -1);
    if (after !== undefined && running(after)) this.#count(after.hostId, 1);
  }

  /** Whether another Host, not older and not being deleted, has the hostId or an address: the host restarted in place, and its workloads are gone from there. */
  replaced(host: HostRecord): boolean {
    const holders = [this.hostOf(host.hostId), ...host.addresses.map((address) => this.#hosts.ownerOf(address))];
    return holders.some(
      (other) =>
        other !== undefined &&
        !other.deleting &&
        hostKey(other) !== hostKey(host) &&
        compareAge(other.age, host.age) >= 0,
    );
  }

  /** Costs as much as there are Hosts. */
  count(hostGroup: string, losses: LossGroup): GroupCount {
    const silentIds = new Set([...losses.silentHostIds].filter((hostId) => !this.#running.has(hostId)));
    let hosts = 0;
    let bearing = silentIds.size;
    for (const host of this.#hosts.records()) {
      if (host.hostGroup !== hostGroup || !live(host) || this.#superseded(host)) continue;
      hosts++;
      if (this.#running.has(host.hostId)) bearing++;
    }
    return { hosts, bearing, silent: silentIds.size };
  }

  #superseded(host: HostRecord): boolean {
    const standing = this.#hosts.standing(host.hostId);
    return standing?.record !== host || (host.addresses.length > 0 && standing.addresses.length === 0);
  }

  #count(hostId: string, by: 1 | -1): void {
    const count = (this.#running.get(hostId) ?? 0) + by;
    if (count === 0) this.#running.delete(hostId);
    else this.#running.set(hostId, count);
  }
}
