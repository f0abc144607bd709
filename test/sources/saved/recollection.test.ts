/** A restart changes nothing of what is doubted: what a ledger is told of a saved state and then of what there is leads it to where it would have been. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { holdSettings, LossLedger, rememberedMs } from "../../../src/placement/hold/hold.ts";
import { type PlacementRecord, type RecordChange, recordKey } from "../../../src/placement/records.ts";
import { LatelyLost } from "../../../src/sources/saved/lately-lost.ts";
import { recollect } from "../../../src/sources/saved/recollection.ts";
import type { ObjectChange, ObjectRecord } from "../../../src/sources/source.ts";
import * as arbitrary from "../../placement/arbitrary-records.ts";

const RUNS = 3_000;
const SETTINGS = holdSettings({ lostShare: 0.1 });

/** A ledger, what it was given, and what it gave. */
class Life {
  readonly ledger = new LossLedger(SETTINGS);
  readonly effective = new Map<string, PlacementRecord>();

  take(changes: Iterable<RecordChange>, nowMs: number): void {
    for (const change of this.ledger.apply(changes, nowMs)) {
      if ("put" in change) this.effective.set(recordKey(change.put), change.put);
      else this.effective.delete(recordKey(change.remove));
    }
  }

  /** Up to a time, doing what is due on the way. */
  until(nowMs: number): readonly PlacementRecord[] {
    do this.take([], nowMs);
    while ((this.ledger.nextAt ?? Number.POSITIVE_INFINITY) <= nowMs);
    return [...this.effective.values()].sort((a, b) => (recordKey(a) < recordKey(b) ? -1 : 1));
  }
}

/** What a saved source keeps, without its file. */
class Memory {
  readonly records = new Map<string, ObjectRecord>();
  readonly lost = new LatelyLost();

  take(changes: Iterable<RecordChange>, nowMs: number): void {
    for (const change of changes as Iterable<ObjectChange>) {
      const key = recordKey("put" in change ? change.put : change.remove);
      const after = "put" in change ? change.put : undefined;
      this.lost.note(this.records.get(key), after, nowMs);
      if (after === undefined) this.records.delete(key);
      else this.records.set(key, after);
    }
  }

  savedAt(nowMs: number) {
    return {
      savedAtMs: nowMs,
      records: [...this.records.values()],
      lost: this.lost.since(nowMs - rememberedMs(SETTINGS)),
    };
  }
}

/** The placer's side knows addresses, a source's side what was advertised: neither matters here. */
const change = arbitrary.change.map((one): RecordChange => {
  if ("remove" in one) return one;
  const { put } = one;
  return put.kind === "Host" || put.kind === "Workload" ? { put: { ...put, held: false } } : one;
});
/** A Host stays who it is: none restarts in place, nor is given to another group. */
const steady = change.map((one): RecordChange => {
  if ("remove" in one) return one.remove.kind === "Host" ? { remove: { ...one.remove, namespace: "" } } : one;
  return one.put.kind === "Host" ? { put: { ...one.put, ...whoIs(one.put.name) } } : one;
});
const whoIs = (name: string) => ({
  namespace: "",
  hostId: name.replace("h", "i"),
  addresses: [`${name}:80`],
  hostGroup: name === "h3" ? "g1" : "",
});
const ALL_HOSTS = ["h1", "h2", "h3"].map((name): RecordChange => {
  const rest = { age: { at: 0, order: "" }, environment: "", ready: "True", deleting: false, held: false } as const;
  return { put: { kind: "Host", name, ...whoIs(name), ...rest } };
});
type Step = { readonly changes: readonly RecordChange[]; readonly afterMs: number };
const stepsOf = (one: fc.Arbitrary<RecordChange>) =>
  fc.array(fc.record({ changes: fc.array(one, { maxLength: 4 }), afterMs: fc.constantFrom(0, 1_000, 5_000, 40_000) }), {
    maxLength: 20,
  });

/** The lives, by these steps, of one that lasts and one that begins with what is remembered at the end of them. */
function livesAfter(steps: readonly Step[]) {
  const lasting = new Life();
  const memory = new Memory();
  let nowMs = 1_000_000;
  for (const { changes, afterMs } of steps) {
    nowMs += afterMs;
    lasting.until(nowMs);
    lasting.take(changes, nowMs);
    memory.take(changes, nowMs);
  }
  const restarted = new Life();
  for (const { atMs, changes } of recollect(memory.savedAt(nowMs))) restarted.take(changes as RecordChange[], atMs);
  return { lasting, restarted, nowMs };
}

/** Hosts come first, and once something is lost, nothing comes back and nothing new comes: only losses follow. */
function losing(steps: readonly Step[]): readonly Step[] {
  const memory = new Memory();
  const begun = [{ changes: ALL_HOSTS, afterMs: 0 }, ...steps];
  return begun.map(({ changes, afterMs }) => {
    const left = changes.filter((one) => {
      const key = recordKey("put" in one ? one.put : one.remove);
      const lost = memory.lost.since(0);
      const fits =
        lost.length === 0 || (memory.records.has(key) && !lost.some(({ before }) => recordKey(before) === key));
      if (fits) memory.take([one], 0);
      return fits;
    });
    return { changes: left, afterMs };
  });
}

test("a restart amid losses leads to what there would have been without it", () => {
  fc.assert(
    fc.property(stepsOf(steady), fc.array(steady, { maxLength: 6 }), (steps, meanwhile) => {
      const { lasting, restarted, nowMs } = livesAfter(losing(steps));
      assert.deepEqual(restarted.until(nowMs), lasting.until(nowMs));
      for (const life of [restarted, lasting]) life.take(meanwhile, nowMs);
      for (const laterMs of [0, 50_000, 100_000, 200_000])
        assert.deepEqual(restarted.until(nowMs + laterMs), lasting.until(nowMs + laterMs));
    }),
    { numRuns: RUNS },
  );
});

test("whatever happened before a restart, what is there is given once the holds have ended", () => {
  fc.assert(
    fc.property(stepsOf(change), (steps) => {
      const { lasting, restarted, nowMs } = livesAfter(steps);
      assert.deepEqual(restarted.until(nowMs + SETTINGS.holdMs), lasting.until(nowMs + SETTINGS.holdMs));
      assert.equal(restarted.ledger.remembered, 0);
    }),
    { numRuns: RUNS },
  );
});
