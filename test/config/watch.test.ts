import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type Reload, readSettings, watchSettings } from "../../src/config/watch.ts";
import { problemText } from "../../src/placement/problem.ts";
import { eventually, temporaryFolder } from "../files/temporary-folder.ts";
import { PATIENCE_MS } from "../patience.ts";

const text = (level: string, more = "") => `source: {folder: objects}\nlog: {level: ${level}}\n${more}`;

/** A watch on a file with this text, and its reloads in words: `accepted <level>`, with what needs a restart, or `rejected <first problem>`. */
async function watched(
  context: TestContext,
  options: Parameters<typeof watchSettings>[3] = {},
  file = join(temporaryFolder(context), "signalbox.yaml"),
) {
  const write = (content: string) => writeFileSync(file, content);
  write(text("info"));
  const loaded = await readSettings(file);
  assert.ok("settings" in loaded);
  const reloads: string[] = [];
  const tell = (reload: Reload) =>
    reloads.push(
      reload.kind === "accepted"
        ? ["accepted", reload.settings.log.level, ...reload.restart].join(" ")
        : `rejected ${reload.problems.map(problemText).join()}`.replaceAll(dirname(file), "."),
    );
  const watch = watchSettings(file, loaded.settings, tell, { debounceMs: 10, pollMs: 100, vanishMs: 100, ...options });
  context.after(() => watch.close());
  const becomes = (...expected: string[]) =>
    eventually(
      () => reloads.length >= expected.length,
      () => reloads,
    ).then(() => assert.deepEqual(reloads, expected));
  return { file, write, reloads, becomes };
}

test("an edit is accepted, once, and one that says the same is none", async (context) => {
  const { write, becomes, reloads } = await watched(context);
  write(text("debug"));
  await becomes("accepted debug");
  write(`# the same\n${text("debug")}`);
  await setTimeout(200);
  assert.equal(reloads.length, 1);
  write(text("warn"));
  await becomes("accepted debug", "accepted warn");
});

test("a bad edit is rejected with line, column and remedy, and the last good settings stay", async (context) => {
  const { write, becomes } = await watched(context);
  write(text("debug", "xds: {adress: 1}\n"));
  const rejected =
    'rejected ./signalbox.yaml:3:7: File ./signalbox.yaml, xds.adress: there is no option "adress" in xds. Did you mean address?';
  await becomes(rejected);
  // Put right to what is in force: said, since it ends the rejection.
  write(text("info"));
  await becomes(rejected, "accepted info");
});

test("what needs a restart is named, and not named any more when it is taken back", async (context) => {
  const { write, becomes } = await watched(context);
  write(
    text(
      "debug",
      'xds: {address: "127.0.0.1:18001", graceMs: 1}\nadmin: {grpcAddress: "127.0.0.1:1"}\nhosts: {allowedNetworks: [10.0.0.0/8]}\n',
    ),
  );
  await becomes("accepted debug admin.grpcAddress xds.address xds.graceMs");
  write(text("debug").replace("objects", "others"));
  await becomes("accepted debug admin.grpcAddress xds.address xds.graceMs", "accepted debug source");
  write(text("warn"));
  await becomes("accepted debug admin.grpcAddress xds.address xds.graceMs", "accepted debug source", "accepted warn");
});

test("a file replaced by renaming is seen, and never missing", async (context) => {
  const { file, write, becomes } = await watched(context, { vanishMs: PATIENCE_MS });
  unlinkSync(file);
  await setTimeout(30);
  writeFileSync(`${file}.tmp`, text("debug"));
  renameSync(`${file}.tmp`, file);
  await becomes("accepted debug");
  write(text("warn"));
  await becomes("accepted debug", "accepted warn");
});

test("a file that is gone is told once and keeps the settings; when it is back, that is told", async (context) => {
  const { file, write, reloads, becomes } = await watched(context);
  unlinkSync(file);
  const gone =
    "rejected File ./signalbox.yaml: it cannot be read: it does not exist any more. Restore it, or name another with --config";
  await becomes(gone);
  await setTimeout(250);
  assert.equal(reloads.length, 1);
  write(text("info"));
  await becomes(gone, "accepted info");
});

test("a folder that is gone and back is told, though the file is the same", async (context) => {
  const { file, reloads } = await watched(context);
  renameSync(dirname(file), `${dirname(file)}-away`);
  context.after(() => rmSync(`${dirname(file)}-away`, { recursive: true, force: true }));
  await eventually(
    () => reloads.length === 1,
    () => reloads,
  );
  assert.match(reloads[0] ?? "", /^rejected .*ENOENT/);
  renameSync(`${dirname(file)}-away`, dirname(file));
  await eventually(
    () => reloads.length === 2,
    () => reloads,
  );
  assert.equal(reloads[1], "accepted info");
});

test("a ConfigMap's double link is followed through every swap, by events alone", async (context) => {
  const folder = temporaryFolder(context);
  const swap = (version: number, content: string) => {
    mkdirSync(join(folder, `..v${version}`));
    writeFileSync(join(folder, `..v${version}`, "signalbox.yaml"), content);
    symlinkSync(`..v${version}`, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    rmSync(join(folder, `..v${version - 1}`), { recursive: true, force: true });
  };
  swap(1, text("info"));
  symlinkSync("..data/signalbox.yaml", join(folder, "signalbox.yaml"));
  const { becomes } = await watched(context, { pollMs: 3_600_000 }, join(folder, "signalbox.yaml"));
  swap(2, text("debug"));
  await becomes("accepted debug");
  swap(3, text("warn"));
  await becomes("accepted debug", "accepted warn");
});

test("a file that does not exist is a problem with a remedy", async (context) => {
  const file = join(temporaryFolder(context), "none.yaml");
  const loaded = await readSettings(file);
  assert.ok("problems" in loaded);
  assert.match(
    problemText(loaded.problems[0]),
    /^File .*none\.yaml: it cannot be read: ENOENT.*\. Write it \(docs\/configuration\.md has every option\), or name another with --config$/,
  );
});
