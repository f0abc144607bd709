/** Requests in slices of the event loop's time, which is the test's own here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Inbox } from "../../../src/xds/transport/inbox.ts";

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

function world() {
  let nowMs = 0;
  const taken: string[] = [];
  const inbox = new Inbox(() => nowMs);
  const step = (name: string, tookMs: number) => () => {
    nowMs += tookMs;
    taken.push(name);
  };
  /** As a call does. */
  const take = (name: string, tookMs: number): void => {
    const one = step(name, tookMs);
    if (!inbox.now(one)) inbox.later(one);
  };
  return { taken, take };
}

test("a step that comes alone is taken at once, and so are those behind it until a slice is used up", async () => {
  const { taken, take } = world();
  for (const name of ["a", "b", "c", "d"]) take(name, 4);
  assert.deepEqual(taken, ["a", "b"]);
  await turn();
  assert.deepEqual(taken, ["a", "b", "c", "d"]);
});

test("each turn takes a slice, in the order in which they came, whoever comes meanwhile", async () => {
  const { taken, take } = world();
  for (let i = 0; i < 6; i++) take(String(i), 8);
  assert.deepEqual(taken, ["0"]);
  await turn();
  take("late", 0);
  assert.deepEqual(taken, ["0", "1"]);
  for (let i = 0; i < 6; i++) await turn();
  assert.deepEqual(taken, ["0", "1", "2", "3", "4", "5", "late"]);
});

test("a step that is longer than a slice is taken whole", async () => {
  const { taken, take } = world();
  take("long", 50);
  take("next", 1);
  assert.deepEqual(taken, ["long"]);
  await turn();
  assert.deepEqual(taken, ["long", "next"]);
});

test("the slice of a turn that is over is forgotten", async () => {
  const { taken, take } = world();
  take("a", 8);
  await turn();
  await turn();
  take("b", 1);
  assert.deepEqual(taken, ["a", "b"]);
});

test("a step that is taken is let go of, though the queue is never empty", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let nowMs = 0;
  let taken = 0;
  const inbox = new Inbox(() => nowMs);
  let going = true;
  const again = (): void => {
    nowMs += 8;
    if (going) inbox.later(again);
  };
  const push = (): WeakRef<object> => {
    const request = {};
    inbox.later(() => {
      taken += Object.keys(request).length + 1;
    });
    return new WeakRef(request);
  };
  again();
  again();
  const held = push();
  while (taken === 0) await turn();
  await turn();
  collect();
  going = false;
  assert.equal(held.deref(), undefined);
});
