import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { confirmState, readState, writeState } from "../../../src/sources/saved/state-file.ts";
import { temporaryFolder } from "../../files/temporary-folder.ts";

const MODULE = join(import.meta.dirname, "../../../src/sources/saved/state-file.ts");
const EMPTY = { savedAtMs: 7, records: [], lost: [] };

test("a state is read as it was written, and nothing lies beside it", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "state");
  assert.equal(await readState(file), undefined);
  assert.equal(await writeState(file, EMPTY), undefined);
  assert.deepEqual(await readState(file), EMPTY);
  assert.deepEqual(await readdir(folder), ["state"]);
});

test("a state that is confirmed is as new as that, in the same bytes; one that is gone cannot be confirmed", async (t) => {
  const file = join(temporaryFolder(t), "state");
  assert.equal(await confirmState(file, 8), false);
  await writeState(file, EMPTY);
  const before = await readFile(file);
  assert.equal(await confirmState(file, 1_800_000_000_123), true);
  assert.deepEqual(await readState(file), { ...EMPTY, savedAtMs: 1_800_000_000_123 });
  assert.deepEqual(await readFile(file), before);
});

test("a place that cannot be written to is named, with the remedy", async (t) => {
  const file = join(temporaryFolder(t), "nowhere", "state");
  const fault = await writeState(file, EMPTY);
  assert.match(fault?.cause ?? "", /^the state cannot be saved to .*nowhere\/state: ENOENT/);
  assert.match(fault?.remedy ?? "", /saved\.file/);
});

test("a disk that is full half way leaves the state that was there, and nothing else", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "state");
  await writeState(file, EMPTY);
  const before = await readFile(file);
  // A limit on the size of files stands in for the disk: the write fails after the first blocks are taken.
  const program = `const { writeState } = await import(${JSON.stringify(MODULE)});
    process.on("SIGXFSZ", () => {});
    const record = { kind: "Host", name: "x".repeat(1_000) };
    console.log(JSON.stringify(await writeState(${JSON.stringify(file)}, { savedAtMs: 8, records: Array(1_000).fill(record), lost: [] })));`;
  const { stdout } = await promisify(execFile)("/bin/sh", [
    "-c",
    'ulimit -f 64; exec "$0" --input-type=module --eval "$1"',
    process.execPath,
    program,
  ]);
  assert.match(stdout, /EFBIG/);
  assert.deepEqual(await readFile(file), before);
  assert.deepEqual(await readdir(folder), ["state"]);
});

test("what a process left that was killed amid a write goes with the next write, once it is a minute old; nothing else does", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "state");
  // The last record kills the process when it is its turn to be written.
  const program = `const { writeState } = await import(${JSON.stringify(MODULE)});
    const records = [...Array(1_000).fill({ kind: "Host" }), { toJSON: () => process.kill(process.pid, "SIGKILL") }];
    await writeState(${JSON.stringify(file)}, { savedAtMs: 8, records, lost: [] });`;
  await assert.rejects(promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]), {
    signal: "SIGKILL",
  });
  const [left, ...more] = await readdir(folder);
  assert.ok(left !== undefined && more.length === 0);
  assert.ok((await readFile(join(folder, left))).length > 0, "it was amid the write");
  assert.match(left, /^state\.\d+\.new$/);
  const others = ["state.7.new.txt", "state.x.new", "state.new", "other.7.new", "state..new"];
  for (const name of others) await writeFile(join(folder, name), "");
  for (const name of others) await utimes(join(folder, name), 1, 1);

  assert.equal(await writeState(file, EMPTY), undefined);
  assert.deepEqual(await readdir(folder), ["state", left, ...others].sort(), "it may be under way");
  const old = Date.now() / 1_000 - 61;
  await utimes(join(folder, left), old, old);
  assert.equal(await writeState(file, EMPTY), undefined);
  assert.deepEqual(await readdir(folder), ["state", ...others].sort());
});

test("a file that cannot be read, or is none of ours, is a fault and not a crash", async (t) => {
  const folder = temporaryFolder(t);
  await mkdir(join(folder, "a-folder"));
  await writeFile(join(folder, "text"), "hello\n");
  const faults = await Promise.all(["a-folder", "text"].map((name) => readState(join(folder, name))));
  const causes = faults.map((fault) => (fault !== undefined && "cause" in fault ? fault.cause : "taken"));
  assert.match(causes[0] ?? "", /cannot be read: EISDIR/);
  assert.match(causes[1] ?? "", /is not what Signalbox wrote, and is not used$/);
});
