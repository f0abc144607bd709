/** Lines that a client can cause as often as it likes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sparing } from "../../src/serve/sparing.ts";

const sparing = (clock: { now: number }) => new Sparing({ now: () => clock.now, lines: 2, windowMs: 1_000 });

test("the first lines of a key are written, the rest is counted and told with the next", () => {
  const clock = { now: 0 };
  const one = sparing(clock);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => one.admit("a")),
    [0, 0, undefined, undefined, undefined],
  );
  assert.equal(one.admit("b"), 0, "another key has lines of its own");
  clock.now = 1_000;
  assert.deepEqual([one.admit("a"), one.admit("a"), one.admit("a")], [3, 0, undefined]);
  clock.now = 9_000;
  assert.equal(one.admit("c"), 0);
  assert.equal(one.admit("a"), 0, "long over: what was left out then is forgotten");
});

test("keys that clients make up are bounded: all beyond share one window", () => {
  const clock = { now: 0 };
  const one = sparing(clock);
  const written = Array.from({ length: 100_000 }, (_, at) => one.admit(`made up ${at}`)).filter((n) => n !== undefined);
  assert.equal(written.length, 1_000 + 2);
  clock.now = 5_000;
  assert.equal(one.admit("new"), 0, "room again when windows are over");
});
