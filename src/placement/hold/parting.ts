/**
 * A Host that is drained is gone before its workloads are: the operator deletes them, lets the Host go, and then stops one after the other (wasmCloud operator
 * 2.7.0). Until its stop each serves on, and without an address it could not be asked. Stands behind the loss ledger, since what it keeps was believed.
 */

import { hostKey } from "../index/host-table.ts";
import type { RecordIndex } from "../index/record-index.ts";
import type { HostRecord, RecordChange } from "../records.ts";

/** What has been given out, and taken in, so far. */
export type Known = Pick<RecordIndex, "hosts" | "workload" | "workloadsOnHostId">;

/**
 * - A Host that goes after it was being deleted, and was not given up (Ready False, or held), stays as it was while a Workload is on it, which drains: nothing goes
 *   there where somebody ready is left. It goes with its last Workload.
 * - Of a Host that goes without a word (a file, a deletion nobody saw) nothing stays.
 * - Everything else passes as it is.
 */
export class Parting {
  readonly #known: Known;
  /** Hosts that are gone and stay, by hostId. */
  readonly #staying = new Map<string, HostRecord>();

  constructor(known: Known) {
    this.#known = known;
  }

  /** The changes to give on instead. Whoever takes one has taken it in when he asks for the next. */
  *apply(changes: Iterable<RecordChange>): Iterable<RecordChange> {
    for (const change of changes) {
      const kind = "put" in change ? change.put.kind : change.remove.kind;
      if (kind === "Host") yield this.#hostChange(change);
      else if (kind === "Workload") yield* this.#workloadChange(change);
      else yield change;
    }
  }

  #hostChange(change: RecordChange): RecordChange {
    const name = "put" in change ? change.put : change.remove;
    const host = this.#known.hosts.get(hostKey(name));
    if (host !== undefined) this.#staying.delete(host.hostId);
    if ("put" in change || host === undefined || !this.#serves(host)) return change;
    this.#staying.set(host.hostId, host);
    return { put: host };
  }

  #serves({ hostId, ready, deleting, held }: HostRecord): boolean {
    return deleting && ready !== "False" && !held && this.#hasWorkloads(hostId);
  }

  *#workloadChange(change: RecordChange): Iterable<RecordChange> {
    const before = this.#known.workload("put" in change ? change.put : change.remove);
    yield change;
    const host = this.#staying.get(before?.hostId ?? "");
    if (host === undefined || this.#hasWorkloads(host.hostId)) return;
    this.#staying.delete(host.hostId);
    const { kind, namespace, name } = host;
    yield { remove: { kind, namespace, name } };
  }

  #hasWorkloads(hostId: string): boolean {
    for (const _ of this.#known.workloadsOnHostId(hostId)) return true;
    return false;
  }
}
