import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type Seen, watchFolder } from "../../src/files/watch-folder.ts";
import { eventually, temporaryFolder } from "./temporary-folder.ts";

/** So long that a test which needs it to pass would not end in time. */
const NEVER_MS = 3_600_000;

test("an event leads to a look without any poll, and many events to few looks", async (context) => {
  const folder = temporaryFolder(context);
  let looks = 0;
  const watch = watchFolder(folder, async () => void looks++, { debounceMs: 30, pollMs: NEVER_MS });
  context.after(() => watch.close());
  for (let i = 0; i < 50; i++) writeFileSync(join(folder, `f${i}`), "x");
  await eventually(
    () => looks > 0,
    () => looks,
  );
  assert.ok(looks <= 3, `${looks} looks at 50 files written at once`);
});

test("without events it looks by itself, and a folder that is made later is watched", async (context) => {
  const folder = join(temporaryFolder(context), "later");
  let looks = 0;
  const watch = watchFolder(folder, async () => void looks++, { debounceMs: 5, pollMs: 20 });
  context.after(() => watch.close());
  await eventually(
    () => looks > 2,
    () => looks,
  );
  mkdirSync(folder);
  rmSync(folder, { recursive: true });
  const before = looks;
  await eventually(
    () => looks > before + 2,
    () => looks,
  );
});

test("looks never overlap, and an event during one leads to another", async (context) => {
  const folder = temporaryFolder(context);
  const seen = { running: 0, most: 0, looks: 0 };
  const look = async () => {
    seen.most = Math.max(seen.most, ++seen.running);
    if (seen.looks === 0) writeFileSync(join(folder, "during"), "x");
    await setTimeout(50);
    seen.running--;
    seen.looks++;
  };
  const watch = watchFolder(folder, look, { debounceMs: 5, pollMs: NEVER_MS });
  context.after(() => watch.close());
  watch.lookAfter(0);
  await eventually(
    () => seen.looks >= 2,
    () => seen,
  );
  assert.equal(seen.most, 1);
});

test("closing waits for the look that has begun, and none comes after", async (context) => {
  const folder = temporaryFolder(context);
  const seen = { begun: 0, ended: 0 };
  const look = async () => {
    seen.begun++;
    await setTimeout(30);
    seen.ended++;
  };
  const watch = watchFolder(folder, look, { debounceMs: 1, pollMs: 1 });
  watch.lookAfter(0);
  await eventually(
    () => seen.begun === 1,
    () => seen,
  );
  await watch.close();
  assert.deepEqual(seen, { begun: 1, ended: 1 });
  writeFileSync(join(folder, "after"), "x");
  await setTimeout(30);
  assert.deepEqual(seen, { begun: 1, ended: 1 });
});

test("the first event leads to a look at once, at the names it was about, and those during the debounce wait", async (context) => {
  const folder = temporaryFolder(context);
  const seen: Seen[] = [];
  const watch = watchFolder(folder, async (names) => void seen.push(names), { debounceMs: NEVER_MS, pollMs: NEVER_MS });
  context.after(() => watch.close());
  writeFileSync(join(folder, "f1"), "x");
  writeFileSync(join(folder, "f2"), "x");
  await eventually(
    () => seen.length > 0,
    () => seen.length,
  );
  writeFileSync(join(folder, "f3"), "x");
  const later: string[] = [];
  await eventually(
    () => later.push(...watch.take()) > 0,
    () => later,
  );
  assert.deepEqual([...new Set(later)], ["f3"]);
  assert.deepEqual([seen.length, seen[0] === "everything" ? [] : [...(seen[0] ?? [])].sort()], [1, ["f1", "f2"]]);
});

test("a folder that is removed is looked at as a whole, without any poll", async (context) => {
  const folder = join(temporaryFolder(context), "objects");
  mkdirSync(folder);
  const seen: Seen[] = [];
  const watch = watchFolder(folder, async (names) => void seen.push(names), { debounceMs: 1, pollMs: NEVER_MS });
  context.after(() => watch.close());
  rmSync(folder, { recursive: true });
  await eventually(
    () => seen.includes("everything"),
    () => seen.length,
  );
});
