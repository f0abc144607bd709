/** Bounds, graces and suspicion, with time as a number. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Verdict } from "../../src/xds/delivery/gate.ts";
import { Leaving } from "../../src/xds/delivery/leaving.ts";
import { Suspects } from "../../src/xds/delivery/suspects.ts";
import { Withheld } from "../../src/xds/delivery/withheld.ts";
import { Flights, NEXT } from "../../src/xds/protocol/flights.ts";

const bounds = { ackBoundMs: 10, graceMs: 30 };

test("withheld: waits for what is required, no longer than the bound, and blocked without bound", () => {
  const verdicts = new Map<string, Verdict>([
    ["a", "waiting"],
    ["b", "waiting"],
    ["c", "refused"],
    ["d", "ready"],
  ]);
  const withheld = new Withheld<string>(10, { verdictOf: (key) => verdicts.get(key) ?? "ready" });
  assert.deepEqual(
    ["a", "b", "c", "d"].map((key) => withheld.judge(key, 0)),
    [false, false, false, true],
  );
  assert.deepEqual([withheld.nextAt, [...withheld.keys()]], [10, ["a", "b", "c"]]);
  verdicts.set("b", "ready");
  assert.deepEqual(withheld.release(5), ["b"]);
  withheld.judge("a", 9); // content changed meanwhile: it does not wait anew
  assert.deepEqual(withheld.release(9), []);
  assert.deepEqual(withheld.release(10), ["a"]);
  assert.deepEqual([withheld.release(1_000), withheld.size], [[], 1]);
  verdicts.set("c", "ready");
  assert.deepEqual([withheld.release(1_000), withheld.size, withheld.nextAt], [["c"], 0, undefined]);
});

test("withheld: what is refused while it waits is blocked, though the bound is over", () => {
  let verdict: Verdict = "waiting";
  const withheld = new Withheld<string>(10, { verdictOf: () => verdict });
  withheld.judge("a", 0);
  verdict = "refused";
  assert.deepEqual([withheld.release(20), withheld.has("a"), withheld.nextAt], [[], true, undefined]);
});

test("withheld: complete waits for all, for no longer than the bound from the first look", () => {
  const verdicts = new Map<string, Verdict>([
    ["a", "ready"],
    ["b", "waiting"],
  ]);
  const withheld = new Withheld<string>(10, { verdictOf: (key) => verdicts.get(key) ?? "waiting" });
  verdicts.set("a", "waiting");
  withheld.judge("a", 0);
  withheld.judge("b", 0);
  verdicts.set("a", "ready");
  const passed: string[] = [];
  const look = (now: number) => withheld.complete(now, (key) => passed.push(key));
  assert.deepEqual([look(1), passed], [false, ["a"]]);
  withheld.judge("late", 9);
  assert.equal(look(9), false);
  assert.deepEqual([look(11), passed], [true, ["a", "b"]], "b waited long enough; late did not, and is left for later");
  assert.deepEqual([withheld.release(18), withheld.release(19)], [[], ["late"]]);
});

test("leaving: goes after the acknowledgement and the grace", () => {
  const leaving = new Leaving<string>(bounds);
  leaving.add("a", 5, 0);
  assert.deepEqual([leaving.due(4, 1), leaving.nextAt], [[], 10]);
  assert.deepEqual([leaving.due(5, 2), leaving.nextAt], [[], 32]);
  assert.deepEqual(leaving.due(5, 31), []);
  assert.deepEqual([leaving.due(5, 32), leaving.size], [["a"], 0]);
});

test("leaving: a silent proxy delays it by the bound", () => {
  const leaving = new Leaving<string>(bounds);
  leaving.add("a", 5, 0);
  assert.deepEqual(leaving.due(4, 10), []);
  assert.deepEqual([leaving.nextAt, leaving.due(4, 40)], [40, ["a"]]);
});

test("leaving: what turns up unacknowledged during the grace begins the wait anew", () => {
  const leaving = new Leaving<string>(bounds);
  leaving.add("a", 5, 0);
  leaving.due(5, 0);
  assert.deepEqual([leaving.due(0, 30), leaving.nextAt], [[], 40]);
  leaving.due(5, 31);
  assert.deepEqual(leaving.due(5, 61), ["a"]);
});

test("leaving: cancelled by putting it again", () => {
  const leaving = new Leaving<string>(bounds);
  leaving.add("a", 5, 0);
  leaving.due(5, 0);
  assert.deepEqual([leaving.cancel("a"), leaving.cancel("a"), leaving.due(9, 999)], [true, false, []]);
});

test("flights: the table is total, and an answer to what is gone is ignored", () => {
  assert.deepEqual(Object.values(NEXT.gone), ["ignored", "ignored", "ignored", "ignored"]);
  const flights = new Flights<string>(10, 8);
  flights.open("1", "first", 0);
  assert.deepEqual([flights.isOpen(true), flights.isOpen(false), flights.nextAt], [false, true, 10]);
  assert.equal(flights.answer("7", "ack"), undefined);
  assert.equal(flights.answer("1", "ack")?.load, "first");
  assert.deepEqual([flights.answer("1", "nack"), flights.size, flights.isOpen(true)], [undefined, 0, true]);
});

test("flights: nobody waits for what is overdue, but a late answer counts", () => {
  const flights = new Flights<string>(10, 8);
  flights.open("1", "first", 0);
  flights.expire(9);
  assert.equal(flights.isOpen(true), false);
  flights.expire(10);
  assert.deepEqual([flights.isOpen(true), flights.nextAt, flights.size], [true, undefined, 1]);
  assert.equal(flights.answer("1", "nack")?.load, "first");
});

test("flights: a proxy that never answers costs eight memories", () => {
  const flights = new Flights<number>(0, 8);
  const forgotten: number[] = [];
  for (let i = 0; i < 20; i++) {
    flights.expire(i);
    assert.ok(flights.isOpen(false));
    forgotten.push(...flights.open(String(i), i, i));
  }
  assert.deepEqual([flights.size, forgotten], [8, [...Array(12).keys()]]);
});

test("suspects: every culprit is found, and everything else is accepted on the way", () =>
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(40), { minLength: 1 }), fc.uniqueArray(fc.nat(40)), (keys, culprits) => {
      const isBad = (key: number) => culprits.includes(key);
      const ascending = (some: Iterable<number>) => [...some].sort((a, b) => a - b);
      const suspects = new Suspects<number>();
      const found: number[] = [];
      const accepted = new Set<number>();
      let responses = 0;
      const send = (batch: readonly number[]) => {
        responses += 1;
        if (!batch.some(isBad)) {
          for (const key of batch) accepted.add(key);
          suspects.clear();
          return;
        }
        const culprit = suspects.refuse(batch);
        if (culprit !== undefined) found.push(culprit);
      };
      send(keys);
      while (suspects.active) send(suspects.current);
      const bad = keys.filter(isBad);
      assert.deepEqual(
        [ascending(found), ascending(accepted)],
        [ascending(bad), ascending(keys.filter((key) => !isBad(key)))],
      );
      assert.ok(
        responses <= 1 + 2 * bad.length * Math.ceil(Math.log2(keys.length + 1)),
        `${responses} responses for ${bad.length} of ${keys.length}`,
      );
    }),
  ));
