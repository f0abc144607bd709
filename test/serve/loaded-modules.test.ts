/** `signalbox serve` loads what its configuration needs: a library that is not used costs memory and time at every start. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startChild } from "../../src/cli/child.ts";
import { PATIENCE_MS } from "../patience.ts";
import { configText, MAIN } from "./serving.ts";

/** Writes the URL of every module that a process has loaded into a file when it exits. */
const noting = (file: string): string =>
  `data:text/javascript,${encodeURIComponent(`
    import { writeFileSync } from "node:fs";
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    process.once("exit", () => writeFileSync(${JSON.stringify(file)}, loaded.join("\\n")));
  `)}`;

/** What `serve` has loaded once it is ready: our files as `serve/story`, others by the name of their package. */
async function loadedBy(t: TestContext, configuration: string): Promise<ReadonlySet<string>> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-loaded-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "objects"));
  await writeFile(join(folder, "signalbox.yaml"), configuration);
  const file = join(folder, "loaded");
  const ready = Promise.withResolvers<void>();
  const child = await startChild({
    name: "signalbox serve",
    command: process.execPath,
    args: ["--import", noting(file), MAIN, "serve", "--config", join(folder, "signalbox.yaml")],
    onLine: (line) => {
      if (line.includes('"msg":"ready: ')) ready.resolve();
    },
  });
  const patience = setTimeout(() => ready.reject(new Error(child.lastLines().join("\n"))), PATIENCE_MS);
  t.after(() => child.stop());
  await ready.promise;
  clearTimeout(patience);
  await child.stop();
  const urls = (await readFile(file, "utf8")).split("\n");
  return new Set(
    urls.map(
      (url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? /\/src\/(.*)\.ts$/.exec(url)?.[1] ?? url,
    ),
  );
}

test("serve on a folder loads no gRPC library, no Kubernetes client and no other command", async (t) => {
  const loaded = await loadedBy(t, configText({}));
  assert.ok(loaded.has("serve/control-plane") && loaded.has("prom-client"), "the names were understood");
  const needless = [...loaded].filter(
    (name) =>
      /^(?:@grpc\/|@kubernetes\/)/.test(name) ||
      ["admin/service", "kubernetes/client", "sources/kubernetes", "tls/issue"].includes(name) ||
      /^cli\/(?:quickstart|demo|certificate|envoy)-|^cli\/.*-command$/.test(name),
  );
  assert.deepEqual(needless, []);
});

test("serve with an admin service loads the gRPC library", async (t) => {
  const admin = 'admin: {address: "127.0.0.1:0"';
  const loaded = await loadedBy(t, configText({}).replace(admin, `${admin}, grpcAddress: "127.0.0.1:0"`));
  assert.ok(loaded.has("@grpc/grpc-js") && loaded.has("@grpc/proto-loader"));
});
