import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Backoff } from "../../src/kubernetes/backoff.ts";
import type { Failure, FailureCode } from "../../src/kubernetes/failure.ts";
import { Recovery } from "../../src/kubernetes/recovery.ts";
import { tuningOf } from "../../src/kubernetes/reflector-options.ts";
import { NEXT, type ReflectorState } from "../../src/kubernetes/reflector-state.ts";

const failure = (code: FailureCode, retryAfterMs?: number): Failure => ({
  code,
  cause: "cause",
  remedy: "Remedy",
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

test("every wait lies between the base and three times the one before, and never over the cap", () =>
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 30 }),
      (chances) => {
        const left = [...chances];
        const backoff = new Backoff({ baseMs: 100, capMs: 5_000 }, () => left.shift() ?? 0);
        let before = 100;
        for (const _ of chances) {
          const wait = backoff.next();
          assert.ok(wait >= 100 && wait <= Math.min(5_000, Math.max(100, before * 3)), `${wait} after ${before}`);
          before = wait;
        }
        backoff.reset();
        assert.ok(backoff.next() <= 300);
      },
    ),
  ));

const rows: readonly (readonly [code: FailureCode, lost: boolean, why: string])[] = [
  ["expired", true, "the position is of a forgotten past"],
  ["undecodable", true, "an event was lost"],
  ["absent", true, "the kind is gone; if it comes back, it is another"],
  ["cut", false, "goes on from where it was"],
  ["silent", false, "goes on from where it was"],
  ["unreachable", false, "goes on from where it was"],
  ["untrusted", false, "goes on from where it was"],
  ["unauthenticated", false, "goes on from where it was"],
  ["forbidden", false, "goes on from where it was"],
  ["throttled", false, "goes on from where it was"],
  ["timeout", false, "once is no sign that the position is bad"],
  ["server", false, "an API server that starts answers 503 for a while"],
];
for (const [code, lost, why] of rows)
  test(`${code}: position ${lost ? "lost" : "kept"}, ${why}`, () => {
    assert.equal(new Recovery(tuningOf({}), () => 0.5).failed(failure(code), 0).lost, lost);
  });

test("a position refused three times in a row is given up, one that worked in between is not", () => {
  const recovery = new Recovery(tuningOf({}), () => 0.5);
  const refused = () => recovery.failed(failure("timeout"), 0).lost;
  assert.deepEqual(
    [refused(), refused(), recovery.current(1), refused(), refused(), refused()],
    [false, false, 1, false, false, true],
  );
});

test("the first lost position is listed at once, also after an outage; the next ones wait", () => {
  const recovery = new Recovery(tuningOf({}), () => 0.5);
  recovery.failed(failure("unreachable"), 0);
  assert.equal(recovery.failed(failure("expired"), 1).waitMs, 0);
  assert.ok(recovery.failed(failure("expired"), 2).waitMs > 0);
  recovery.settled();
  assert.equal(recovery.failed(failure("expired"), 3).waitMs, 0);
});

test("what had worked for long is tried again at once, the second time after a wait", () => {
  const recovery = new Recovery(tuningOf({ baseMs: 1_000 }), () => 0);
  assert.equal(recovery.failed(failure("unreachable"), 0).waitMs, 1_000, "it never worked");
  recovery.settled();
  assert.equal(recovery.failed(failure("cut"), 1).waitMs, 0);
  assert.equal(recovery.failed(failure("unreachable"), 2).waitMs, 1_000);
  recovery.settled();
  assert.equal(
    recovery.failed(failure("throttled", 60_000), 3).waitMs,
    60_000,
    "a server that asks us to stay away is believed",
  );
});

test("Retry-After counts where it is longer than our own wait", () => {
  const recovery = new Recovery(tuningOf({ baseMs: 1_000 }), () => 0);
  assert.equal(recovery.failed(failure("throttled", 60_000), 0).waitMs, 60_000);
  assert.equal(recovery.failed(failure("throttled", 1), 0).waitMs, 1_000);
});

test("a 403 or 404 at the end of an outage is an API server that starts, however long it was away: the sixth in a row waits for somebody", () => {
  for (const code of ["forbidden", "absent"] as const) {
    const recovery = new Recovery(tuningOf({ capMs: 1_000 }), () => 0.5);
    const waitMs = (each: FailureCode): number => recovery.failed(failure(each), 0).waitMs;
    for (let i = 0; i < 20; i++) waitMs("unreachable");
    for (let i = 0; i < 5; i++) assert.ok(waitMs(code) <= 1_000);
    assert.equal(waitMs(code), 30_000);
    waitMs("throttled");
    assert.ok(waitMs(code) <= 1_000, "it has said something else in between");
    for (let i = 0; i < 5; i++) waitMs(code);
    assert.equal(waitMs(code), 30_000);
    recovery.current(1);
    assert.ok(waitMs(code) <= 1_000, "it worked in between");
  }
});

test("staleness begins with the first failure and carries the newest", () => {
  const recovery = new Recovery(tuningOf({}), () => 0.5);
  recovery.failed(failure("cut"), 10);
  recovery.failed(failure("unreachable"), 20);
  assert.deepEqual(recovery.staleness, { sinceMs: 10, failure: failure("unreachable") });
  assert.equal(recovery.current(50), 40);
  assert.equal(recovery.staleness, undefined);
  assert.equal(recovery.current(60), undefined);
});

test("every state can be reached, every state can be stopped, and stopped is final", () => {
  const reached = new Set<string>(["idle"]);
  for (const state of reached)
    for (const next of Object.values(NEXT[state as ReflectorState])) if (next !== "bug") reached.add(next);
  assert.deepEqual([...reached].sort(), Object.keys(NEXT).sort());
  for (const row of Object.values(NEXT)) assert.equal(row.stop, "stopped");
  assert.deepEqual(new Set(Object.values(NEXT.stopped)), new Set(["bug", "stopped"]));
});

test("what stays of a wait though others are answered: what was asked for, and all where somebody has to act first", () => {
  const recovery = new Recovery(tuningOf({ baseMs: 2_000, capMs: 2_000 }), () => 0.5);
  const least = (each: Failure): number => recovery.failed(each, 0).leastMs;
  assert.equal(least(failure("unreachable")), 0);
  assert.equal(least(failure("throttled", 1_000)), 1_000);
  for (let i = 0; i < 5; i++) assert.equal(least(failure("forbidden")), 0);
  assert.equal(least(failure("forbidden")), 30_000);
});
