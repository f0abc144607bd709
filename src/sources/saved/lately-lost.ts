/**
 * What ran until lately and does not any more: kept beside the saved state, since the state alone is that after the loss. A restart needs what was before, or
 * it could not doubt what its predecessor doubted (rule 9). Pure.
 */
import { live, running } from "../../placement/hold/census.ts";
import { recordKey, type WorkloadRecord } from "../../placement/records.ts";
import type { HostDescription, ObjectRecord } from "../source.ts";

/** An object that was lost. */
export interface Lost {
  /** When, in ms since the epoch; rounded down to seconds, so that what is lost together is told together. */
  readonly atMs: number;
  /** As it was last live or running. */
  readonly before: HostDescription | WorkloadRecord;
  /** As it was right after: how an object is lost decides whether that is doubted. Undefined: gone. */
  readonly after: HostDescription | WorkloadRecord | undefined;
}

/** The first loss of each Host and Workload that has not come back; memory as `forget` leaves it. */
export class LatelyLost {
  readonly #lost = new Map<string, Lost>();

  /** An object changed from one record to the other, undefined where there is none. */
  note(before: ObjectRecord | undefined, after: ObjectRecord | undefined, atMs: number): void {
    const last = mortal(before);
    const now = mortal(after);
    if (now !== undefined && alive(now)) this.#lost.delete(recordKey(now));
    else if (last !== undefined && alive(last))
      this.#lost.set(recordKey(last), { atMs: atMs - (atMs % 1_000), before: last, after: now });
  }

  /** Forgets what was lost before. */
  forget(beforeMs: number): void {
    for (const [key, { atMs }] of this.#lost) if (atMs < beforeMs) this.#lost.delete(key);
  }

  /** What was lost then or later, oldest first; what was lost before is forgotten. */
  since(atMs: number): readonly Lost[] {
    this.forget(atMs);
    return [...this.#lost.values()].sort((a, b) => a.atMs - b.atMs);
  }
}

const mortal = (record: ObjectRecord | undefined): HostDescription | WorkloadRecord | undefined =>
  record?.kind === "Host" || record?.kind === "Workload" ? record : undefined;

const alive = (record: HostDescription | WorkloadRecord): boolean =>
  record.kind === "Host" ? live(record) : running(record);
