/** A ledger with a placer behind it, and the words in which tests tell what happens to hosts and workloads. */

import { type HoldOptions, holdSettings, LossLedger } from "../../../src/placement/hold/hold.ts";
import { Placer } from "../../../src/placement/placer.ts";
import type { RecordChange, WorkloadRecord } from "../../../src/placement/records.ts";
import { host, put, remove, workload } from "../sample-records.ts";

export class HoldWorld {
  readonly ledger: LossLedger;
  readonly placer = new Placer({ ownership: [] });
  #nowMs = 0;

  constructor(options: HoldOptions = {}) {
    this.ledger = new LossLedger(holdSettings(options));
  }

  /** Lets time pass up to a second, doing what the ledger wants done on the way; then changes happen. */
  at(second: number, ...changes: readonly (readonly RecordChange[])[]): this {
    const nowMs = second * 1_000;
    for (let next = this.ledger.nextAt; next !== undefined && next <= nowMs; next = this.ledger.nextAt) {
      this.#nowMs = Math.max(this.#nowMs, next);
      this.placer.apply(this.ledger.advance(this.#nowMs));
    }
    this.#nowMs = nowMs;
    for (const change of changes.flat()) this.placer.apply(this.ledger.apply([change], nowMs));
    return this;
  }

  /** `n` hosts `h1`…, each with one ready workload `shop/w1`… of `a.test`. */
  hosts(n: number, hostGroup = "default"): this {
    const changes = numbers(n).flatMap((i) => put(host(`h${i}`, { hostGroup }), workload(`shop/w${i}`, `h${i}`)));
    return this.at(0, changes);
  }

  /** Phases of the endpoints of a hostname by workload, as in `w1 ready, w2 draining`; "nothing" without any, "unknown" without a claim. */
  serving(hostname = "a.test"): string {
    const placement = this.placer.placement.get(hostname);
    if (placement === undefined) return "unknown";
    const phases = placement.replicas.map((replica) => `${replica.workload} ${replica.phase}`);
    return phases.length === 0 ? "nothing" : phases.sort().join(", ");
  }
}

export const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** The workload's Ready goes away, as after two unanswered polls. */
export const silence = (...ids: readonly number[]): RecordChange[] =>
  put(...ids.map((i) => workload(`shop/w${i}`, `h${i}`, { ready: false })));
export const hostFalse = (...ids: readonly number[]): RecordChange[] =>
  put(...ids.map((i) => host(`h${i}`, { ready: "False" })));
export const hostUnknown = (...ids: readonly number[]): RecordChange[] =>
  put(...ids.map((i) => host(`h${i}`, { ready: "Unknown" })));
export const hostDeleting = (...ids: readonly number[]): RecordChange[] =>
  put(...ids.map((i) => host(`h${i}`, { deleting: true })));
export const hostGone = (...ids: readonly number[]): RecordChange[] => remove(...ids.map((i) => host(`h${i}`)));
export const hostBack = (...ids: readonly number[]): RecordChange[] => put(...ids.map((i) => host(`h${i}`)));
export const deleting = (i: number, differing: Partial<WorkloadRecord> = {}): RecordChange[] =>
  put(workload(`shop/w${i}`, `h${i}`, { deleting: true, ...differing }));
export const gone = (...ids: readonly number[]): RecordChange[] =>
  remove(...ids.map((i) => workload(`shop/w${i}`, `h${i}`)));
