/** A wait that others may shorten, but not below what was asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Wait } from "../../src/kubernetes/wait.ts";

/** A wait that has begun, the sleeps it asked for, in ms, and what ends the last of them. */
function begun(waitMs: number, leastMs: number) {
  const asked: number[] = [];
  let end: () => void = () => undefined;
  const wait = new Wait(
    (ms, signal) =>
      new Promise((settle, fail) => {
        if (signal.aborted) return fail(signal.reason as Error);
        signal.addEventListener("abort", () => fail(signal.reason as Error));
        asked.push(ms);
        end = settle;
      }),
  );
  wait.hurry(); // means nothing to one that is set later
  wait.set(waitMs, leastMs);
  const stopping = new AbortController();
  return { asked, wait, stopping, over: wait.over(stopping.signal), end: () => end() };
}

const turn = async (): Promise<void> => await new Promise((settle) => setImmediate(settle));

test("a wait that nobody hurries is lived through in one piece", async () => {
  const { asked, over, end } = begun(5_000, 0);
  assert.deepEqual(asked, [5_000]);
  end();
  await over;
});

test("hurried, it is over at once", async () => {
  const { asked, over, wait } = begun(5_000, 0);
  wait.hurry();
  await over;
  assert.deepEqual(asked, [5_000]);
});

test("hurried, it lasts as long as was asked for", async () => {
  const { asked, over, wait, end } = begun(5_000, 1_000);
  wait.hurry();
  await turn();
  assert.deepEqual(asked, [1_000]);
  end();
  await over;
  assert.deepEqual(asked, [1_000], "the rest is left out");
});

test("nobody shortens a wait that stays as a whole, and the signal ends any", async () => {
  const { asked, over, wait, stopping } = begun(5_000, 5_000);
  wait.hurry();
  await turn();
  assert.deepEqual(asked, [5_000]);
  stopping.abort(new Error("stopped"));
  await assert.rejects(over, /stopped/);
});
