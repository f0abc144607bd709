/** A wait that others may shorten, but not below what was asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Wait } from "../../src/kubernetes/wait.ts";

/** Sleeps that end when a test says so. */
function sleeps() {
  const asked: { readonly ms: number; readonly end: () => void }[] = [];
  const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((end, fail) => {
      if (signal.aborted) return fail(signal.reason as Error);
      signal.addEventListener("abort", () => fail(signal.reason as Error));
      asked.push({ ms, end });
    });
  return { asked, sleep };
}

const turn = async (): Promise<void> => await new Promise((settle) => setImmediate(settle));

test("a wait that nobody hurries is lived through in one piece", async () => {
  const { asked, sleep } = sleeps();
  const wait = new Wait(sleep);
  wait.set(5_000, 0);
  const over = wait.over(new AbortController().signal);
  assert.deepEqual(
    asked.map(({ ms }) => ms),
    [5_000],
  );
  asked[0]?.end();
  await over;
});

test("hurried, it is over at once", async () => {
  const { asked, sleep } = sleeps();
  const wait = new Wait(sleep);
  wait.set(5_000, 0);
  const over = wait.over(new AbortController().signal);
  wait.hurry();
  await over;
  assert.equal(asked.length, 1);
});

test("hurried, it lasts as long as was asked for", async () => {
  const { asked, sleep } = sleeps();
  const wait = new Wait(sleep);
  wait.set(5_000, 1_000);
  const over = wait.over(new AbortController().signal);
  wait.hurry();
  await turn();
  assert.deepEqual(
    asked.map(({ ms }) => ms),
    [1_000],
  );
  asked[0]?.end();
  await over;
  assert.equal(asked.length, 1, "the rest is left out");
});

test("nobody shortens a wait that was set later, and the signal ends any", async () => {
  const { asked, sleep } = sleeps();
  const wait = new Wait(sleep);
  wait.hurry();
  wait.set(5_000, 5_000);
  const stopping = new AbortController();
  const over = wait.over(stopping.signal);
  wait.hurry();
  await turn();
  assert.deepEqual(
    asked.map(({ ms }) => ms),
    [5_000],
  );
  stopping.abort(new Error("stopped"));
  await assert.rejects(over, /stopped/);
});
