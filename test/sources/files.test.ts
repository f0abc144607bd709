import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type FilesOptions, filesSource } from "../../src/sources/files.ts";
import type { ObjectRecord } from "../../src/sources/source.ts";
import { eventually, temporaryFolder } from "../files/temporary-folder.ts";
import { PATIENCE_MS } from "../patience.ts";
import { RecordingSink } from "./recording-sink.ts";

const host = (name: string, hostId = name, more = "") =>
  `---\napiVersion: runtime.wasmcloud.dev/v1alpha1\nkind: Host\nmetadata: {name: ${name}}\nhostId: ${hostId}\n${more}`;

/** A source on a folder of its own with these files, once it is synced. */
async function started(
  context: TestContext,
  files: Readonly<Record<string, string>>,
  options: Partial<FilesOptions> = {},
) {
  const folder = join(temporaryFolder(context), "objects");
  mkdirSync(folder);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  const got = new RecordingSink<ObjectRecord>();
  const source = filesSource({ folder, debounceMs: 10, vanishMs: 100, pollMs: 200, ...options });
  context.after(() => source.stop());
  await source.start(got.sink);
  await eventually(
    () => got.synced,
    () => got.batches,
  );
  return { folder, write, got, source, path: (name: string) => join(folder, name) };
}

test("the first complete state comes before synced, and an empty folder is complete", async (context) => {
  const { got } = await started(context, {
    "a.yaml": host("a"),
    "b.json": JSON.stringify({
      apiVersion: "runtime.wasmcloud.dev/v1alpha1",
      kind: "Host",
      metadata: { name: "b" },
      hostId: "b",
    }),
    "c.yml": host("c"),
    "d.txt": host("d"),
    ".e.yaml": host("e"),
  });
  assert.deepEqual(got.keys, ["Host/default/a", "Host/default/b", "Host/default/c"]);
  assert.deepEqual((await started(context, {})).got.batches, [
    { changes: [], problems: [], synced: true, stale: undefined },
  ]);
});

test("a folder that does not exist is refused with its name and a remedy", async (context) => {
  const folder = join(temporaryFolder(context), "nowhere");
  await assert.rejects(
    filesSource({ folder }).start(() => assert.fail("nothing is given")),
    (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /nowhere cannot be read: .*ENOENT.*\. Create it, or correct source\.folder/);
      return true;
    },
  );
});

test("edits, new files and removals are followed", async (context) => {
  const { got, write, path } = await started(context, { "a.yaml": host("a") });
  write("b.yaml", host("b"));
  await eventually(
    () => got.records.has("Host/default/b"),
    () => got.story,
  );
  write("a.yaml", host("a", "other"));
  await eventually(
    () => JSON.stringify(got.records.get("Host/default/a")).includes("other"),
    () => got.story,
  );
  unlinkSync(path("b.yaml"));
  await eventually(
    () => !got.records.has("Host/default/b"),
    () => got.story,
  );
  assert.deepEqual(got.story, ["+Host/default/a", "+Host/default/b", "+Host/default/a", "-Host/default/b"]);
});

test("only what changed is given", async (context) => {
  const { got, write } = await started(context, { "a.yaml": `${host("a")}${host("b")}${host("c")}` });
  const before = got.story.length;
  write("a.yaml", `# a comment\n${host("a")}${host("b", "changed")}${host("c")}`);
  await eventually(
    () => got.story.length > before,
    () => got.story,
  );
  assert.deepEqual(got.story.slice(before), ["+Host/default/b"]);
});

test("a file that turned bad keeps its last good objects, is reported, and recovers", async (context) => {
  const { got, write } = await started(context, { "a.yaml": `${host("a")}${host("b")}` });
  write("a.yaml", `${host("a", "changed")}---\nkind: [\n`);
  await eventually(
    () => got.problems.has("File//a.yaml"),
    () => got.batches,
  );
  const [problem] = got.problems.get("File//a.yaml") ?? [];
  assert.deepEqual([problem?.code, problem?.place], ["file-invalid", "a.yaml:8:1"]);
  assert.deepEqual(got.story, ["+Host/default/a", "+Host/default/b"]);
  write("a.yaml", host("a", "changed"));
  await eventually(
    () => !got.problems.has("File//a.yaml") && got.story.length === 4,
    () => got.batches,
  );
  assert.deepEqual(got.story.slice(2), ["+Host/default/a", "-Host/default/b"]);
});

test("of a file that was never good, the documents that can be read count", async (context) => {
  const { got } = await started(context, { "a.yaml": `${host("a")}---\nkind: [\n${host("b")}` });
  assert.deepEqual([got.keys, [...got.problems.keys()]], [["Host/default/a", "Host/default/b"], ["File//a.yaml"]]);
});

test("an object that turned malformed hurts itself only, and its problem vanishes when it is put right", async (context) => {
  const { got, write } = await started(context, { "a.yaml": `${host("a")}${host("b")}` });
  write("a.yaml", `${host("a", "")}${host("b")}`);
  await eventually(
    () => got.problems.has("Host/default/a"),
    () => got.batches,
  );
  assert.deepEqual(got.keys, ["Host/default/b"]);
  write("a.yaml", `${host("a")}${host("b")}`);
  await eventually(
    () => got.keys.length === 2,
    () => got.batches,
  );
  assert.deepEqual([...got.problems], []);
});

test("of equal names the first file counts, the other is reported, and takes over when the first is gone", async (context) => {
  const { got, path, write } = await started(context, { "a.yaml": host("x", "first"), "b.yaml": host("x", "second") });
  const hostId = () =>
    got.records.get("Host/default/x")?.kind === "Host" && JSON.stringify(got.records.get("Host/default/x"));
  assert.match(String(hostId()), /first/);
  assert.match(got.problems.get("File//b.yaml")?.[0]?.cause ?? "", /defined at a\.yaml:2:1 too/);
  unlinkSync(path("a.yaml"));
  await eventually(
    () => /second/.test(String(hostId())),
    () => got.batches,
  );
  assert.deepEqual([...got.problems], []);
  write("0.yaml", host("x", "third"));
  await eventually(
    () => /third/.test(String(hostId())),
    () => got.batches,
  );
  assert.deepEqual([...got.problems.keys()], ["File//b.yaml"]);
  assert.ok(
    got.story.every((word) => word.startsWith("+")),
    "it was never removed",
  );
});

test("a file replaced by renaming never blinks", async (context) => {
  const files = { "a.yaml": host("a"), "b.yaml": host("b") };
  const { got, write, path } = await started(context, files, { vanishMs: PATIENCE_MS });
  for (let i = 0; i < 20; i++) {
    unlinkSync(path("a.yaml"));
    await setTimeout(5);
    write(".a.yaml.tmp", host("a", `id-${i}`));
    renameSync(path(".a.yaml.tmp"), path("a.yaml"));
    await setTimeout(15);
  }
  await eventually(
    () => JSON.stringify(got.records.get("Host/default/a")).includes("id-19"),
    () => got.story,
  );
  assert.ok(!got.story.some((word) => word.startsWith("-")), got.story.join(" "));
});

test("a file renamed keeps its objects", async (context) => {
  const { got, path, write } = await started(context, { "a.yaml": host("a") });
  renameSync(path("a.yaml"), path("z.yaml"));
  write("later.yaml", host("later"));
  await eventually(
    () => got.records.has("Host/default/later") && JSON.stringify(got.records.get("Host/default/a")).includes("z.yaml"),
    () => got.story,
  );
  assert.ok(!got.story.some((word) => word.startsWith("-")), got.story.join(" "));
});

test("an emptied file is empty once it stays so", async (context) => {
  const { got, write } = await started(context, { "a.yaml": host("a") });
  write("a.yaml", "");
  await eventually(
    () => got.keys.length === 0,
    () => got.story,
  );
  assert.deepEqual([...got.problems], []);
});

test("a ConfigMap volume is followed through every swap of its links", async (context) => {
  const folder = temporaryFolder(context);
  const swap = (version: number, text: string) => {
    mkdirSync(join(folder, `..v${version}`));
    writeFileSync(join(folder, `..v${version}`, "a.yaml"), text);
    symlinkSync(`..v${version}`, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    rmSync(join(folder, `..v${version - 1}`), { recursive: true, force: true });
  };
  swap(1, host("a", "id-1"));
  symlinkSync("..data/a.yaml", join(folder, "a.yaml"));
  const got = new RecordingSink<ObjectRecord>();
  // No poll, so that only events can tell.
  const source = filesSource({ folder, debounceMs: 10, vanishMs: 100, pollMs: 3_600_000 });
  context.after(() => source.stop());
  await source.start(got.sink);
  await eventually(
    () => got.synced,
    () => got.batches,
  );
  for (const version of [2, 3, 4]) {
    swap(version, host("a", `id-${version}`));
    await eventually(
      () => JSON.stringify(got.records.get("Host/default/a")).includes(`id-${version}`),
      () => got.story,
    );
  }
  assert.deepEqual(got.story, Array(4).fill("+Host/default/a"));
});

test("a folder that vanishes leaves everything as it was and makes the source stale until it is back", async (context) => {
  const { folder, got } = await started(context, { "a.yaml": host("a") });
  renameSync(folder, `${folder}-away`);
  await eventually(
    () => got.stale !== undefined,
    () => got.batches,
  );
  assert.match(got.stale ?? "", /cannot be read: .*Restore it; until then its last good files count/);
  assert.deepEqual(got.keys, ["Host/default/a"]);
  writeFileSync(join(`${folder}-away`, "b.yaml"), host("b"));
  renameSync(`${folder}-away`, folder);
  await eventually(
    () => got.stale === undefined && got.records.has("Host/default/b"),
    () => got.batches,
  );
  assert.deepEqual(got.story, ["+Host/default/a", "+Host/default/b"]);
  // Watched again: an edit is seen.
  appendFileSync(join(folder, "b.yaml"), host("c"));
  await eventually(
    () => got.records.has("Host/default/c"),
    () => got.story,
  );
});

test("nothing comes after stop", async (context) => {
  const { got, source, write } = await started(context, {});
  await source.stop();
  await source.stop();
  write("a.yaml", host("a"));
  await setTimeout(100);
  assert.equal(got.batches.length, 1);
});

test("a large folder comes in several batches, and other work goes on meanwhile", async (context) => {
  const many = Array.from({ length: 1_200 }, (_, i) => host(`h${i}`)).join("");
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  context.after(() => clearInterval(timer));
  const before = process.cpuUsage();
  const { got } = await started(context, { "a.yaml": many });
  const { user, system } = process.cpuUsage(before);
  assert.equal(got.records.size, 1_200);
  assert.ok(got.batches.every((batch) => batch.changes.length <= 500));
  assert.deepEqual(
    got.batches.map((batch) => batch.synced),
    [...Array(got.batches.length - 1).fill(false), true],
  );
  const workMs = (user + system) / 1_000;
  context.diagnostic(`${turns} timers ran in ${workMs.toFixed()} ms of work`);
  assert.ok(turns > workMs / 20, `${turns} timers ran in ${workMs.toFixed()} ms of work`);
});
