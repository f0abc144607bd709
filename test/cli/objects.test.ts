import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readlink, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readObjects, sourceOf } from "../../src/cli/objects.ts";
import { problemText } from "../../src/placement/problem.ts";
import type { ObjectChange } from "../../src/sources/source.ts";
import { eventually } from "../files/temporary-folder.ts";

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const host = (name: string, hostId: string): string =>
  `{apiVersion: runtime.wasmcloud.dev/v1alpha1, kind: Host, metadata: {name: ${name}}, hostId: id-${hostId}, hostname: 10.0.0.1, httpPort: 80}\n`;

const namesOf = (changes: readonly ObjectChange[]): readonly string[] =>
  changes.map((change) => ("put" in change ? change.put.name : "a removal"));

test("files of a folder are read as the folder source reads them", async (t) => {
  const folder = await folderWith(t, {
    "b.yaml": host("b", "1"),
    "a.yml": `${host("a", "2")}---\n${host("aa", "3")}`,
    "c.json": JSON.stringify({ apiVersion: "runtime.wasmcloud.dev/v1alpha1", kind: "HostList", items: [] }),
    ".hidden.yaml": host("hidden", "4"),
    "notes.txt": "hello",
    "below/d.yaml": host("below", "5"),
  });
  const { changes, files, objects, problems } = await readObjects([folder]);
  assert.deepEqual([namesOf(changes), files, objects, problems], [["a", "aa", "b"], 3, 3, []]);
});

test("a file that is named is read whatever its name, and once only", async (t) => {
  const folder = await folderWith(t, { "hosts.txt": host("a", "1") });
  const file = join(folder, "hosts.txt");
  assert.deepEqual(namesOf((await readObjects([file, file])).changes), ["a"]);
});

test("of equal names the first counts, and the other is told where it stands", async (t) => {
  const folder = await folderWith(t, { "a.yaml": host("same", "1"), "b.yaml": host("same", "2") });
  const { changes, problems } = await readObjects([folder]);
  assert.deepEqual(
    changes.map((change) => "put" in change && change.put.kind === "Host" && change.put.hostId),
    ["id-1"],
  );
  assert.match(
    problems.map(problemText).join("\n"),
    /b\.yaml:1:1: Host default\/same: it is defined at .*a\.yaml:1:1 too/,
  );
});

test("a bad document is a problem with its place, and hurts no other file", async (t) => {
  const folder = await folderWith(t, { "a.yaml": "kind: [", "b.yaml": host("b", "1") });
  const { changes, problems } = await readObjects([folder]);
  assert.deepEqual(namesOf(changes), ["b"]);
  assert.match(problems[0]?.place ?? "", /a\.yaml:1:\d+$/);
});

test("what lies in a folder and cannot be read is a problem, and hurts no other file", async (t) => {
  const folder = await folderWith(t, { "a.yaml": host("a", "1"), "below.yaml/x.yaml": host("b", "2") });
  execFileSync("mkfifo", [join(folder, "pipe.yaml")]);
  await symlink("/nowhere", join(folder, "link.yaml"));
  await symlink(folder, join(folder, "folder.yaml"));
  const { changes, problems, files } = await readObjects([folder]);
  assert.deepEqual([namesOf(changes), files], [["a"], 3]);
  assert.deepEqual(
    problems.map((problem) => problemText(problem).replaceAll(`${folder}/`, "")),
    [
      "File link.yaml: it cannot be read: it is a link that leads nowhere. Put a file that can be read in its place, or remove it",
      "File pipe.yaml: it cannot be read: it is no file. Put a file that can be read in its place, or remove it",
    ],
  );
});

/** Fulfilled when this process has the pipe open so many times. */
async function opened(pipe: string, times: number): Promise<void> {
  const path = await realpath(pipe);
  await eventually(
    async () => {
      const open = await readdir("/proc/self/fd");
      const paths = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => undefined)));
      return paths.filter((found) => found === path).length === times;
    },
    () => `${pipe} is not open ${times} times`,
  );
}

test("a pipe that is named is waited for until the command is stopped, and read to its end", async (t) => {
  const folder = await folderWith(t, {});
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const stop = new AbortController();
  const stopped = readObjects([pipe], stop.signal);
  await opened(pipe, 1);
  stop.abort();
  await assert.rejects(stopped, /^Refusal: .*pipe was not read to its end/);
  const written = openSync(pipe, "r+");
  writeSync(written, host("b", "2"));
  const read = readObjects([pipe]);
  await opened(pipe, 2);
  closeSync(written);
  assert.deepEqual(namesOf((await read).changes), ["b"]);
});

test("what is not there is refused by name", async () => {
  await assert.rejects(
    readObjects(["/nowhere/x.yaml"]),
    /^Refusal: \/nowhere\/x\.yaml cannot be read: there is no such file/,
  );
});

test("as a source it gives everything at once", async (t) => {
  const read = await readObjects([await folderWith(t, { "a.yaml": host("a", "1") })]);
  const batches: unknown[] = [];
  await sourceOf(read).start((batch) => batches.push(batch));
  assert.deepEqual(batches, [{ changes: read.changes, problems: [], synced: true, stale: undefined }]);
});
