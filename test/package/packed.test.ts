/** What is published, as its user gets it: packed, installed into an empty folder, started. Also what a container image runs. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startChild } from "../../src/cli/child.ts";
import { startXdsProgram, xdsProgram } from "../docs/xds-program.ts";
import { DeltaClient } from "../xds/client.ts";
import { CLUSTER } from "../xds/resources.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

let folder: string;
after(() => rm(folder, { recursive: true, force: true }));
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signalbox-package-"));
  // Our own tests set variables for npm that do not belong into this npm.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)/.test(name)),
  );
  const packed = await run("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: root,
    env,
    maxBuffer: 1 << 26,
  });
  const [{ filename, files }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf("[\n"))) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  const paths = files.map(({ path }) => path);
  assert.ok(paths.includes("dist/main.js") && paths.includes("dist/codec/generated/descriptor.json"), paths.join("\n"));
  assert.deepEqual(
    paths.filter((path) => /^(src|test|scripts|node_modules)\//.test(path)),
    [],
  );

  await writeFile(join(folder, "package.json"), '{"private": true, "type": "module"}');
  await run("npm", ["install", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline", join(folder, filename)], {
    cwd: folder,
    env,
  });
});

test("the packed package runs in an empty folder, without development dependencies", async (t) => {
  const signalbox = join(folder, "node_modules/.bin/signalbox");
  const { stdout: version } = await run(signalbox, ["--version"], { cwd: folder });
  assert.match(version, /^\d+\.\d+\.\d+/);

  await mkdir(join(folder, "objects"));
  await writeFile(
    join(folder, "signalbox.yaml"),
    'source: {folder: objects}\nxds: {address: "127.0.0.1:0"}\nadmin: {address: "127.0.0.1:0"}\n',
  );
  const ready = Promise.withResolvers<void>();
  const child = await startChild({
    name: "signalbox serve",
    command: signalbox,
    args: ["serve"],
    cwd: folder,
    onLine: (line) => line.includes('"ready: ') && ready.resolve(),
  });
  t.after(() => child.stop());
  const ended = child.exited.then((why) => Promise.reject(new Error(`${why}:\n${child.lastLines().join("\n")}`)));
  await Promise.race([ready.promise, ended]);
  await Promise.all([child.stop(10_000), assert.rejects(ended, /exit code 0/)]);
});

test("a program that imports the packed package serves xDS, and its types are right", async (t) => {
  const file = join(folder, "program.ts");
  await writeFile(file, await xdsProgram());
  const compiler = join(root, "node_modules/.bin/tsc");
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node"];
  await run(compiler, [...options, file], { cwd: folder }).catch(({ stdout }: { readonly stdout: string }) =>
    assert.fail(stdout),
  );
  const client = new DeltaClient({ port: await startXdsProgram(file, t) });
  t.after(() => client.close());
  client.subscribe(CLUSTER, []);
  const { resources = [] } = await client.accept(CLUSTER);
  assert.deepEqual(
    resources.map(({ name }) => name),
    ["shop"],
  );
});
