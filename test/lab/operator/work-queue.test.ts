/** A controller of the operator looks at one object at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkQueue } from "./work-queue.ts";

const refuse = (_: string, error: unknown): never => {
  throw error;
};

test("a slow object makes the others wait; a key added during its look is looked at once more", async (t) => {
  const looks: string[] = [];
  const slow = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const queue = new WorkQueue(async (key) => {
    looks.push(key);
    if (key === "slow" && looks.length === 1) await slow.promise;
    if (looks.length === 3) done.resolve();
    return undefined;
  }, refuse);
  t.after(() => queue.stop());
  queue.add("slow");
  for (const key of ["other", "slow", "slow"]) queue.add(key);
  await new Promise(setImmediate);
  assert.deepEqual(looks, ["slow"]);
  slow.resolve();
  await done.promise;
  assert.deepEqual(looks, ["slow", "other", "slow"]);
});

test("a look that fails is told and made again; one that gives a time is made again after it", async (t) => {
  const told: unknown[] = [];
  let looks = 0;
  const done = Promise.withResolvers<void>();
  const queue = new WorkQueue(
    async () => {
      looks += 1;
      if (looks === 1) throw new Error("conflict");
      if (looks === 3) done.resolve();
      return looks === 2 ? 1 : undefined;
    },
    (key, error) => told.push([key, String(error)]),
  );
  t.after(() => queue.stop());
  queue.add("a");
  await done.promise;
  assert.deepEqual(told, [["a", "Error: conflict"]]);
});
