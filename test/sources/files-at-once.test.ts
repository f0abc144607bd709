import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { problemText } from "../../src/placement/problem.ts";
import { filesSource } from "../../src/sources/files.ts";
import type { ObjectRecord } from "../../src/sources/source.ts";
import { eventually, temporaryFolder } from "../files/temporary-folder.ts";
import { RecordingSink } from "./recording-sink.ts";

/** So long that a test which needs it to pass would not end in time. */
const NEVER_MS = 3_600_000;

const host = (name: string, hostId = name) =>
  `---\napiVersion: runtime.wasmcloud.dev/v1alpha1\nkind: Host\nmetadata: {name: ${name}}\nhostId: ${hostId}\n`;

/** A source that is told by events alone and believes no loss, on a folder with these files, once it is synced. */
async function started(context: TestContext, files: Readonly<Record<string, string>>) {
  const base = temporaryFolder(context);
  const folder = join(base, "objects");
  mkdirSync(folder);
  /** As deployment tools do: complete, in one step. */
  const replace = (name: string, text: string) => {
    writeFileSync(join(base, name), text);
    renameSync(join(base, name), join(folder, name));
  };
  for (const [name, text] of Object.entries(files)) replace(name, text);
  const got = new RecordingSink<ObjectRecord>();
  const source = filesSource({ folder, vanishMs: NEVER_MS, pollMs: NEVER_MS });
  context.after(() => source.stop());
  await source.start(got.sink);
  await eventually(
    () => got.synced,
    () => got.batches,
  );
  const hostIdOf = (name: string) => {
    const record = got.records.get(`Host/default/${name}`);
    return record?.kind === "Host" ? record.hostId : undefined;
  };
  const has = (name: string, hostId: string) =>
    eventually(
      () => hostIdOf(name) === hostId,
      () => got.story.slice(-20),
    );
  return { folder, replace, got, has, hostIdOf };
}

test("a complete change is given for its first event, in a batch of its own", async (context) => {
  const { replace, got, has } = await started(context, { "a.yaml": host("a"), "b.yaml": host("b") });
  for (const hostId of ["x", "y", "z"]) {
    const batches = got.batches.length;
    replace("a.yaml", host("a", hostId));
    await has("a", hostId);
    assert.equal(got.batches.length, batches + 1);
  }
});

test("many files changed at once are all given, for events alone", async (context) => {
  const { replace, got } = await started(context, {});
  for (let i = 0; i < 500; i++) replace(`f${i}.yaml`, host(`h${i}`));
  await eventually(
    () => got.records.size === 500,
    () => got.records.size,
  );
  assert.equal(got.story.length, 500);
});

test("a file written in place in several steps is never seen half", async (context) => {
  const { folder, replace, got, has, hostIdOf } = await started(context, { "a.yaml": host("a") + host("b") });
  const steps = ["", host("a", "new"), host("b", "newer").slice(0, -3), host("b", "newer").slice(-3)];
  const file = openSync(join(folder, "a.yaml"), "w");
  for (const [i, step] of steps.entries()) {
    writeSync(file, step);
    replace("later.yaml", host("later", `step-${i}`));
    await has("later", `step-${i}`); // what was written before it has been read
    if (i < steps.length - 1) assert.equal(hostIdOf("b"), "b");
  }
  closeSync(file);
  await has("b", "newer");
  await has("a", "new");
  assert.deepEqual([...got.problems], []);
  assert.ok(
    got.story.every((word) => word.startsWith("+")),
    got.story.join(" "),
  );
});

test("a large file holds up no other", async (context) => {
  const { replace, got } = await started(context, { "a.yaml": host("a") });
  replace("0-large.yaml", Array.from({ length: 4_000 }, (_, i) => host(`h${i}`)).join(""));
  replace("a.yaml", host("a", "edited"));
  await eventually(
    () => got.records.size === 4_001,
    () => got.records.size,
  );
  assert.deepEqual(got.story.slice(0, 2), ["+Host/default/a", "+Host/default/a"], "the edit came first");
});

test("a file that is too large is refused in words, and keeps what it had", async (context) => {
  const { replace, got } = await started(context, { "a.yaml": host("a"), "b.yaml": `#${"x".repeat(8 * 1024 * 1024)}` });
  assert.deepEqual(got.problems.get("File//b.yaml")?.map(problemText), [
    "File b.yaml: it cannot be read: it has 8388609 bytes, and at most 8388608 are read. Split it into several files; until then its last good version counts",
  ]);
  replace("b.yaml", host("b"));
  await eventually(
    () => got.problems.size === 0 && got.keys.length === 2,
    () => got.story,
  );
});
