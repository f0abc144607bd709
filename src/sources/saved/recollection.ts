/** A saved state as what happened, so that whoever gets it sees ordinary events: first what was, then each loss when it happened. Pure. */
import { type ObjectName, type RecordKind, recordKey } from "../../placement/records.ts";
import { same } from "../../placement/same.ts";
import type { ObjectChange, ObjectRecord } from "../source.ts";
import type { SavedState } from "./saved-text.ts";

/** What was seen at one time, in ms since the epoch; each object at most once. */
export interface Recollected {
  readonly atMs: number;
  readonly changes: readonly ObjectChange[];
}

/** In the order of time; all of it together gives the records of the state. */
export function recollect({ savedAtMs, records, lost }: SavedState): readonly Recollected[] {
  const now = new Map(records.map((record) => [recordKey(record), record]));
  const before = new Map(now);
  for (const one of lost) before.set(recordKey(one.before), one.before);
  // Earlier than what differs by it, so that it has passed whole, addresses that DNS has to tell too, before the first loss does.
  const steps: Recollected[] = [
    { atMs: (lost[0]?.atMs ?? savedAtMs) - 1, changes: [...before.values()].map((put) => ({ put })) },
  ];
  for (const [atMs, some] of Map.groupBy(lost, (one) => one.atMs))
    steps.push({ atMs, changes: some.map((one) => changeTo(one.after, one.before)) });
  const since = lost.flatMap((one): ObjectChange[] => {
    const record = now.get(recordKey(one.before));
    return same(record, one.after) ? [] : [changeTo(record, one.before)];
  });
  if (since.length > 0) steps.push({ atMs: savedAtMs, changes: since });
  return steps;
}

function changeTo(
  record: ObjectRecord | undefined,
  { kind, namespace, name }: ObjectName & { readonly kind: RecordKind },
): ObjectChange {
  return record === undefined ? { remove: { kind, namespace, name } } : { put: record };
}
