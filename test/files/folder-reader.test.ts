import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
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
  return { folder, clock, look, write };
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
