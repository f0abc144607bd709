/** All Hosts, and what each hostId stands for once two Hosts with one hostId or one address are told apart (rule 2). */

import type { HostRecord, ObjectName } from "../records.ts";
import { same } from "../same.ts";
import { countingHost } from "./address-owner.ts";
import { MultiMap } from "./multi-map.ts";

/** What a hostId stands for now. */
export interface HostStanding {
  /** The Host object that counts for the hostId. */
  readonly record: HostRecord;
  /** Its addresses but for those that a newer Host has taken, sorted. */
  readonly addresses: readonly string[];
}

/** What one change of a Host touched. */
export interface HostEffect {
  /** hostIds that stand for something else than before: their workloads need a new look. */
  readonly hostIds: ReadonlySet<string>;
  /** Hosts, by `hostKey`, whose problems may differ. */
  readonly hosts: ReadonlySet<string>;
}

/** `namespace/name`: neither can contain a slash. */
export const hostKey = (host: ObjectName): string => `${host.namespace}/${host.name}`;

/**
 * - Standing depends on the Hosts there are, never on the order in which they came.
 * - The hostId is contested first: a Host that does not count for its hostId takes no address from others.
 * - One change costs as much as there are Hosts that share its hostIds and addresses.
 */
export class HostTable {
  readonly #byKey = new Map<string, HostRecord>();
  readonly #byHostId = new MultiMap<string, HostRecord>();
  readonly #byAddress = new MultiMap<string, HostRecord>();
  /** Agrees with the three maps above whenever no method runs. */
  readonly #standings = new Map<string, HostStanding>();

  put(record: HostRecord): HostEffect {
    return this.#replace(hostKey(record), record);
  }

  remove(name: ObjectName): HostEffect {
    return this.#replace(hostKey(name), undefined);
  }

  get(key: string): HostRecord | undefined {
    return this.#byKey.get(key);
  }

  /** What the hostId stands for; undefined where no Host has it. The empty hostId never stands for anything. */
  standing(hostId: string): HostStanding | undefined {
    return this.#standings.get(hostId);
  }

  /** The Host that counts for an address. */
  ownerOf(address: string): HostRecord | undefined {
    return countingHost(this.#contenders(address));
  }

  records(): Iterable<HostRecord> {
    return this.#byKey.values();
  }

  #replace(key: string, next: HostRecord | undefined): HostEffect {
    const previous = this.#byKey.get(key);
    const hosts = new Set([key]);
    const hostIds = new Set<string>();
    if (same(previous, next)) return { hostIds, hosts: new Set() };
    const touchedIds = new Set([previous?.hostId ?? "", next?.hostId ?? ""]);
    const touchedAddresses = new Set([...(previous?.addresses ?? []), ...(next?.addresses ?? [])]);
    // Who counts for a hostId decides who contends for addresses: those of all Hosts with the same hostId are touched too.
    for (const id of touchedIds) for (const host of this.#byHostId.get(id)) addAll(touchedAddresses, host.addresses);
    if (previous !== undefined) this.#unlink(key, previous);
    if (next !== undefined) this.#link(key, next);
    for (const address of touchedAddresses) {
      for (const host of this.#byAddress.get(address)) touchedIds.add(host.hostId);
    }
    touchedIds.delete("");
    for (const id of touchedIds) {
      for (const host of this.#byHostId.get(id)) hosts.add(hostKey(host));
      if (this.#restand(id)) hostIds.add(id);
    }
    return { hostIds, hosts };
  }

  /** Decides one hostId anew; whether workloads can notice. */
  #restand(hostId: string): boolean {
    const before = this.#standings.get(hostId);
    const record = countingHost(this.#byHostId.get(hostId));
    if (record === undefined) {
      this.#standings.delete(hostId);
      return before !== undefined;
    }
    const after = { record, addresses: record.addresses.filter((address) => this.ownerOf(address) === record) };
    this.#standings.set(hostId, after);
    return before === undefined || !equivalent(before, after);
  }

  *#contenders(address: string): Iterable<HostRecord> {
    for (const host of this.#byAddress.get(address)) {
      if (host.hostId !== "" && countingHost(this.#byHostId.get(host.hostId)) === host) yield host;
    }
  }

  #link(key: string, host: HostRecord): void {
    this.#byKey.set(key, host);
    this.#byHostId.add(host.hostId, host);
    for (const address of host.addresses) this.#byAddress.add(address, host);
  }

  #unlink(key: string, host: HostRecord): void {
    this.#byKey.delete(key);
    this.#byHostId.delete(host.hostId, host);
    for (const address of host.addresses) this.#byAddress.delete(address, host);
  }
}

/** Whether a replica on either is worth the same and looks the same. Ready True and Unknown do not differ: Unknown counts as usable. */
function equivalent(a: HostStanding, b: HostStanding): boolean {
  const [left, right] = [a.record, b.record];
  return (
    same(a.addresses, b.addresses) &&
    left.name === right.name &&
    left.namespace === right.namespace &&
    left.hostGroup === right.hostGroup &&
    left.environment === right.environment &&
    left.deleting === right.deleting &&
    left.held === right.held &&
    (left.ready === "False") === (right.ready === "False")
  );
}

function addAll(set: Set<string>, values: Iterable<string>): void {
  for (const value of values) set.add(value);
}
