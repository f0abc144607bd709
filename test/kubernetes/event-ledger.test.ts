/** What is said in Events and how often, with time as an argument. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventName, type ObjectEvent } from "../../src/kubernetes/event.ts";
import { type Audience, EventLedger, type LedgerLimits } from "../../src/kubernetes/event-ledger.ts";
import { TokenBucket } from "../../src/kubernetes/token-bucket.ts";

const eventOf = (name: string, note = "is wrong"): ObjectEvent => ({
  regarding: { apiVersion: "v1", kind: "Workload", namespace: "shop", name, uid: `uid-${name}` },
  ...{ type: "Warning", reason: "HostnameTaken", note },
});

/** Says all that is due between two times, looking every `stepMs`; gives `at: object: note (times said before)`. */
function said(
  ledger: EventLedger,
  fromMs: number,
  toMs: number,
  { stepMs = 1_000, may = true } = {},
): readonly string[] {
  const lines: string[] = [];
  for (let now = fromMs; now <= toMs; now += stepMs)
    for (let due = ledger.next(may, now); due.kind === "say"; due = ledger.next(may, now)) {
      lines.push(`${now}: ${due.event.regarding.name}: ${due.event.note} (${due.said})`);
      ledger.said(due.name, due.said + 1, 0, now);
    }
  return lines;
}

function ledgerOf(limits: LedgerLimits = {}) {
  const ledger = new EventLedger(limits);
  const report = (
    reporter: string,
    events: readonly ObjectEvent[],
    nowMs: number,
    audience: Audience = "all-replicas",
  ) => ledger.report(reporter, events, audience, nowMs);
  return { ledger, report };
}

test("what stands is said once, and again each half hour", () => {
  const { ledger, report } = ledgerOf();
  report("a", [eventOf("cart")], 0);
  assert.deepEqual(said(ledger, 0, 3_700_000), [
    "2000: cart: is wrong (0)",
    "1802000: cart: is wrong (1)",
    "3602000: cart: is wrong (2)",
  ]);
});

test("reported again, or by others, it is the same", () => {
  const { ledger, report } = ledgerOf();
  for (const [at, reporter] of ["a", "a", "b", "c"].entries()) report(reporter, [eventOf("cart")], at);
  assert.equal(ledger.size, 1);
  assert.equal(said(ledger, 0, 60_000).length, 1);
  for (const reporter of ["a", "b"]) report(reporter, [], 60_000);
  assert.equal(said(ledger, 60_000, 1_900_000).length, 1, "one still reports it");
  report("c", [], 1_900_000);
  assert.deepEqual(said(ledger, 1_900_000, 9_000_000), []);
});

test("what is gone before it has stood for two seconds is not said", () => {
  const { ledger, report } = ledgerOf();
  report("a", [eventOf("cart")], 0);
  report("a", [], 1_900);
  assert.deepEqual(said(ledger, 0, 60_000), []);
});

test("what comes back is said again, as the same Event", () => {
  const { ledger, report } = ledgerOf();
  report("a", [eventOf("cart")], 0);
  said(ledger, 0, 2_000);
  report("a", [], 10_000);
  report("a", [eventOf("cart")], 20_000);
  assert.deepEqual(said(ledger, 20_000, 60_000), ["22000: cart: is wrong (1)"]);
});

test("what flickers is said ten times, then once in five minutes", () => {
  const { ledger, report } = ledgerOf();
  const lines: string[] = [];
  for (let at = 0; at < 3_600_000; at += 6_000) {
    report("a", [eventOf("cart")], at);
    lines.push(...said(ledger, at, at + 3_000));
    report("a", [], at + 3_000);
  }
  assert.ok(lines.length >= 20 && lines.length <= 22, String(lines.length)); // 10, and 12 in the hour
});

test("one object that says much does not keep others from being heard", () => {
  const { ledger, report } = ledgerOf();
  report(
    "a",
    Array.from({ length: 40 }, (_, at) => eventOf("loud", `fault ${at}`)),
    0,
  );
  report("b", [eventOf("quiet")], 0);
  const lines = said(ledger, 0, 10_000);
  assert.equal(lines.filter((line) => line.includes("loud")).length, 10);
  assert.equal(lines.filter((line) => line.includes("quiet")).length, 1);
});

test("all together: fifty at once, then two a second, and none is lost", () => {
  const { ledger, report } = ledgerOf();
  report(
    "a",
    Array.from({ length: 200 }, (_, at) => eventOf(`w${at}`)),
    0,
  );
  assert.equal(said(ledger, 0, 2_000).length, 50);
  assert.equal(said(ledger, 3_000, 12_000).length, 20);
  assert.equal(said(ledger, 13_000, 200_000).length, 130);
});

test("what all replicas know is said only by the one that may; what this one was told itself, by this one, and at once", () => {
  const { ledger, report } = ledgerOf();
  report("a", [eventOf("shared")], 0);
  report("b", [eventOf("own")], 0, "this-replica");
  assert.deepEqual(said(ledger, 0, 60_000, { may: false }), ["0: own: is wrong (0)"]);
  assert.deepEqual(ledger.next(false, 60_000), { kind: "wait", atMs: 1_800_000 });
  assert.deepEqual(said(ledger, 60_000, 61_000), ["60000: shared: is wrong (0)"]);
});

test("memory is bounded: what does not stand is forgotten, what does and does not fit is counted", () => {
  const { ledger, report } = ledgerOf({ remembered: 3 });
  const of = (...names: readonly string[]) => names.map((name) => eventOf(name));
  assert.equal(report("a", of("one", "two"), 0), 0);
  assert.equal(report("a", of("two", "three", "four", "five"), 1_000), 1);
  assert.equal(ledger.size, 3);
  assert.deepEqual(
    said(ledger, 0, 60_000).map((line) => line.split(": ")[1]),
    ["two", "three", "four"],
  );
  report("a", [], 61_000);
  for (let at = 0; at < 1_000; at++) report("b", of(`new${at}`), 62_000 + at);
  assert.equal(ledger.size, 3);
});

test("an Event of another replica that was said of late waits its half hour", () => {
  const { ledger, report } = ledgerOf();
  report("a", [eventOf("cart")], 0);
  ledger.said(eventName(eventOf("cart")), 4, 600_000, 2_000);
  assert.deepEqual(said(ledger, 2_000, 1_300_000), ["1202000: cart: is wrong (4)"]);
});

test("an Event that expired is made anew", () => {
  const { ledger, report } = ledgerOf();
  report("a", [eventOf("cart")], 0);
  said(ledger, 0, 2_000);
  ledger.forgotten(eventName(eventOf("cart")));
  assert.deepEqual(said(ledger, 2_000, 1_802_000), ["1802000: cart: is wrong (0)"]);
});

test("a bucket gives its burst, then one in its time, and never more than the burst at once", () => {
  const taken = (bucket: TokenBucket, now: number) => {
    let count = 0;
    for (; bucket.nextAt <= now; count++) bucket.take(now);
    return count;
  };
  const bucket = new TokenBucket({ burst: 3, refillMs: 100 });
  assert.deepEqual(
    [0, 50, 100, 350, 10_000].map((now) => taken(bucket, now)),
    [3, 0, 1, 2, 3],
  );
});
