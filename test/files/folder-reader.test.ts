import assert from "node:assert/strict";
import {
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FolderReader } from "../../src/files/folder-reader.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A reader with a clock of its own, and its looks in short: `name=text`, `name gone`, `name unreadable`. */
function readerIn(context: TestContext) {
  const folder = temporaryFolder(context);
  const clock = { nowMs: 1_000 };
  const reader = new FolderReader(folder, {
    accepts: (name) => name.endsWith(".yaml"),
    vanishMs: 200,
    now: () => clock.nowMs,
  });
  const look = async () => {
    const { changes, againMs, fault } = await reader.look();
    const words = changes.map((c) =>
      "text" in c ? `${c.name}=${c.text}` : `${c.name} ${"gone" in c ? "gone" : "unreadable"}`,
    );
    return [
      ...words,
      ...(againMs === undefined ? [] : [`again in ${againMs}`]),
      ...(fault === undefined ? [] : ["fault"]),
    ];
  };
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  return { folder, clock, look, reader, write };
}

test("a look gives new and changed files by name, and nothing twice", async (context) => {
  const { look, write } = readerIn(context);
  write("b.yaml", "1");
  write("a.yaml", "2");
  write("c.txt", "3");
  assert.deepEqual(await look(), ["a.yaml=2", "b.yaml=1"]);
  assert.deepEqual(await look(), []);
  write("b.yaml", "4");
  assert.deepEqual(await look(), ["b.yaml=4"]);
});

test("a file written again with equal content is no change", async (context) => {
  const { look, write } = readerIn(context);
  write("a.yaml", "1");
  await look();
  write("a.yaml", "1");
  assert.deepEqual(await look(), []);
});

test("a file that is gone is believed to be when it stays away", async (context) => {
  const { folder, clock, look, write } = readerIn(context);
  write("a.yaml", "1");
  await look();
  unlinkSync(join(folder, "a.yaml"));
  assert.deepEqual(await look(), ["again in 200"]);
  clock.nowMs += 150;
  assert.deepEqual(await look(), ["again in 50"]);
  clock.nowMs += 50;
  assert.deepEqual(await look(), ["a.yaml gone"]);
  assert.deepEqual(await look(), []);
});

test("a file that vanished and is back in time never went, even with other content", async (context) => {
  const { folder, clock, look, write } = readerIn(context);
  write("a.yaml", "1");
  await look();
  for (const text of ["1", "2"]) {
    unlinkSync(join(folder, "a.yaml"));
    await look();
    clock.nowMs += 199;
    write("a.yaml", text);
    assert.deepEqual(await look(), text === "1" ? [] : ["a.yaml=2"]);
    clock.nowMs += 1_000;
    assert.deepEqual(await look(), []);
  }
});

test("an emptied file is empty when it stays so, and at once when it is new", async (context) => {
  const { clock, look, write } = readerIn(context);
  write("new.yaml", "");
  write("a.yaml", "1");
  assert.deepEqual(await look(), ["a.yaml=1", "new.yaml="]);
  write("a.yaml", "");
  assert.deepEqual(await look(), ["again in 200"]);
  clock.nowMs += 200;
  assert.deepEqual(await look(), ["a.yaml="]);
});

test("a file that cannot be read is told once, and again when it can", async (context) => {
  const { folder, look, write } = readerIn(context);
  symlinkSync("loop.yaml", join(folder, "loop.yaml"));
  write("a.yaml", "1");
  assert.deepEqual(await look(), ["a.yaml=1", "loop.yaml unreadable"]);
  assert.deepEqual(await look(), []);
  unlinkSync(join(folder, "loop.yaml"));
  write("loop.yaml", "2");
  assert.deepEqual(await look(), ["loop.yaml=2"]);
});

test("subfolders and links to nothing are no files", async (context) => {
  const { folder, look } = readerIn(context);
  mkdirSync(join(folder, "sub.yaml"));
  symlinkSync("nowhere", join(folder, "dangling.yaml"));
  assert.deepEqual(await look(), []);
});

test("a folder that cannot be read is a fault that changes nothing", async (context) => {
  const { folder, clock, look, write } = readerIn(context);
  write("a.yaml", "1");
  await look();
  renameSync(folder, `${folder}-away`);
  context.after(() => rmSync(`${folder}-away`, { recursive: true, force: true }));
  clock.nowMs += 1_000;
  assert.deepEqual(await look(), ["fault"]);
  renameSync(`${folder}-away`, folder);
  assert.deepEqual(await look(), []);
});

test("a look at some files reads those, though they seem unchanged, and no others", async (context) => {
  const { folder, look, reader, write } = readerIn(context);
  write("a.yaml", "1");
  write("b.yaml", "1");
  for (let i = 0; i < 3; i++) await look();
  write("a.yaml", "2");
  write("b.yaml", "2");
  const { changes } = await reader.lookAt(["a.yaml", "unknown.yaml"], "in any case");
  assert.deepEqual(changes, [{ name: "a.yaml", text: "2" }]);
  // Equal inode, size and times, as two writes in one tick of the file system's clock have: only reading tells.
  const { atime, mtime } = statSync(join(folder, "a.yaml"));
  for (const text of ["3", "4"]) {
    write("a.yaml", text);
    utimesSync(join(folder, "a.yaml"), atime, mtime);
    const seen = await reader.lookAt(["a.yaml"], "in any case");
    assert.deepEqual(seen.changes, [{ name: "a.yaml", text }]);
  }
});

test("where the folder is gone its files are not, however long they are missing", async (context) => {
  const { folder, clock, look, reader, write } = readerIn(context);
  write("a.yaml", "1");
  await look();
  renameSync(folder, `${folder}-away`);
  context.after(() => rmSync(`${folder}-away`, { recursive: true, force: true }));
  assert.equal((await reader.lookAt(["a.yaml"], "in any case")).againMs, 200);
  clock.nowMs += 200;
  const { changes, fault } = await reader.lookAt(["a.yaml"], "in any case");
  assert.deepEqual([changes, fault?.includes("ENOENT")], [[], true]);
});

test("an event about another name concerns all links, since it may be on their way", async (context) => {
  const { folder, look, reader, write } = readerIn(context);
  write("target", "1");
  symlinkSync("target", join(folder, "link.yaml"));
  write("a.yaml", "1");
  await look();
  assert.deepEqual(reader.concerned(["a.yaml"]), ["a.yaml"]);
  assert.deepEqual(reader.concerned(["a.yaml", "..data"]), ["a.yaml", "link.yaml"]);
});

test("a file that is too large is told so with what to do", async (context) => {
  const { reader, folder } = readerIn(context);
  writeFileSync(join(folder, "a.yaml"), "");
  truncateSync(join(folder, "a.yaml"), 8 * 1024 * 1024 + 1);
  const { changes } = await reader.look();
  assert.deepEqual(changes, [
    {
      name: "a.yaml",
      unreadable: "it has 8388609 bytes, and at most 8388608 are read",
      remedy: "Split it into several files",
    },
  ]);
});
