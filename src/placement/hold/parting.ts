/**
 * A Host that is drained is gone before its workloads are: the operator deletes them, lets the Host go, and then stops one after the other (wasmCloud operator
 * 2.7.0). Until its stop each serves on, and without an address it could not be asked. Stands behind the loss ledger, since what it keeps was believed.
 */

import { hostKey } from "../index/host-table.ts";
import type { RecordIndex } from "../index/record-index.ts";
import { isOver } from "../phase.ts";
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
  /** Hosts that are gone and stay, by `hostKey`: a few, each until its last workload is stopped. */
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
    const key = hostKey("put" in change ? change.put : change.remove);
    const host = this.#known.hosts.get(key);
    this.#staying.delete(key);
    if ("put" in change || host === undefined || !this.#serves(host)) return change;
    this.#staying.set(key, host);
    return { put: host };
  }

  #serves({ hostId, ready, deleting, held }: HostRecord): boolean {
    return deleting && ready !== "False" && !held && this.#hasWorkloads(hostId);
  }

  *#workloadChange(change: RecordChange): Iterable<RecordChange> {
    const before = this.#known.workload("put" in change ? change.put : change.remove);
    yield change;
    for (const [key, host] of this.#staying) {
      if (host.hostId !== before?.hostId || this.#hasWorkloads(host.hostId)) continue;
      this.#staying.delete(key);
      const { kind, namespace, name } = host;
      yield { remove: { kind, namespace, name } };
    }
  }

  /** One that was stopped is nothing but an object, which somebody's finalizer may keep for ever. */
  #hasWorkloads(hostId: string): boolean {
    for (const workload of this.#known.workloadsOnHostId(hostId)) if (!isOver(workload)) return true;
    return false;
  }
}
