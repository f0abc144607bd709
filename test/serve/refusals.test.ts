/** What `signalbox serve` says when it cannot start: the object, the field, the remedy, and exit code 1 or 2. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startChild } from "../../src/cli/child.ts";
import { PATIENCE_MS } from "../patience.ts";
import { Authority, certificateFolder, HOUR } from "../tls/certificates.ts";
import { configText, type LogLine, MAIN } from "./serving.ts";

interface Ended {
  readonly code: number;
  readonly text: string;
}

/** Runs `serve` on a configuration until it ends by itself. */
async function refused(t: TestContext, config: string | undefined): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-refusal-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "signalbox.yaml");
  if (config !== undefined) await writeFile(file, config);
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, "serve", "--config", file], { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, text: stderr + stdout });
    });
  });
}

/** A port that somebody has. */
async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => new Promise((done) => server.close(done)));
  return (server.address() as AddressInfo).port;
}

test("no configuration file: its path, and what to do", async (t) => {
  const { code, text } = await refused(t, undefined);
  assert.equal(code, 1);
  assert.match(text, /signalbox\.yaml.*cannot be read.*ENOENT/s);
  assert.match(text, /--config/);
});

test("an unknown option: line, column and what was meant", async (t) => {
  const { code, text } = await refused(t, "source: {folder: .}\nfleets:\n  - name: edge\n    listner: []\n");
  assert.equal(code, 1);
  assert.match(text, /signalbox\.yaml:4:5/);
  assert.match(text, /Did you mean listeners/);
});

test("a folder that does not exist: its path", async (t) => {
  const { code, text } = await refused(t, configText({}));
  assert.equal(code, 1);
  assert.match(text, /objects/);
  assert.match(text, /cannot be read: ENOENT.*Create it, or correct source\.folder/);
});

test("the xDS port is taken: the option, the address, the remedy", async (t) => {
  const port = await takenPort(t);
  const { code, text } = await refused(t, configText({ xds: `xds: {address: "127.0.0.1:${port}"}` }));
  assert.equal(code, 1);
  assert.match(text, new RegExp(`xds\\.address: 127\\.0\\.0\\.1:${port} cannot be listened on: listen EADDRINUSE`));
  assert.doesNotMatch(text, /No address added/, "nor in the words of grpc-js beside it");
});

test("the admin port is taken: the option, the address, the remedy", async (t) => {
  const port = await takenPort(t);
  const config = configText({}).replace('admin: {address: "127.0.0.1:0"}', `admin: {address: "127.0.0.1:${port}"}`);
  const { code, text } = await refused(t, config);
  assert.equal(code, 1);
  assert.match(text, new RegExp(`admin\\.address: 127\\.0\\.0\\.1:${port} cannot be listened on`));
});

test("the admin gRPC port is taken: as the others", async (t) => {
  const port = await takenPort(t);
  const admin = `admin: {address: "127.0.0.1:0", grpcAddress: "127.0.0.1:${port}"}`;
  const { code, text } = await refused(t, configText({}).replace('admin: {address: "127.0.0.1:0"}', admin));
  assert.equal(code, 1);
  assert.match(
    text,
    new RegExp(`admin\\.grpcAddress: 127\\.0\\.0\\.1:${port} cannot be listened on: listen EADDRINUSE`),
  );
  assert.doesNotMatch(text, /No address added/);
});

test("an API server that is away at the start is waited for, and told in two lines", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  const folder = await mkdtemp(join(tmpdir(), "signalbox-away-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const kubeconfig = {
    ...{ "current-context": "a", contexts: [{ name: "a", context: { cluster: "a", user: "a" } }] },
    ...{ clusters: [{ name: "a", cluster: { server: `http://127.0.0.1:${port}` } }], users: [{ name: "a", user: {} }] },
  };
  await writeFile(join(folder, "kubeconfig"), JSON.stringify(kubeconfig));
  const source = `source: {kubernetes: {kubeconfig: ${join(folder, "kubeconfig")}}}`;
  const config = configText({ more: "log: {level: debug}" }).replace("source: {folder: objects}", source);
  await writeFile(join(folder, "signalbox.yaml"), config);
  const args = [MAIN, "serve", "--config", join(folder, "signalbox.yaml")];
  const child = await startChild({ name: "signalbox serve", command: process.execPath, args });
  t.after(() => child.stop());
  const failures = (): readonly LogLine[] =>
    child
      .lastLines()
      .filter((line) => line.startsWith("{"))
      .map((line): LogLine => JSON.parse(line))
      .filter((line) => "failure" in line || "because" in line);
  const until = performance.now() + PATIENCE_MS;
  while (new Set(failures().map((line) => line["kind"])).size < 5) {
    assert.ok(performance.now() < until, child.lastLines().join("\n"));
    await sleep(20);
  }
  assert.deepEqual(
    failures()
      .filter((line) => Number(line["level"]) >= 40)
      .map(({ msg }) => msg.replace(/: connect.*/, "")),
    [
      `no connection to http://127.0.0.1:${port}`,
      "waiting for the source: nothing is known yet, and proxies are sent nothing",
    ],
  );
});

test("plaintext off loopback must be asked for by name", async (t) => {
  const { code, text } = await refused(t, configText({ xds: 'xds: {address: "0.0.0.0:0"}' }));
  assert.equal(code, 1);
  assert.match(text, /xds\.plaintextOffLoopback: true/);
});

const authority = new Authority();
const own = authority.server();
const CERTIFICATES: readonly (readonly [
  why: string,
  files: { cert?: string; key?: string; ca?: string },
  said: RegExp,
])[] = [
  [
    "a missing file",
    { cert: own.cert, key: own.key },
    /xds\.tls\.caFile: .*ca\.crt cannot be read: ENOENT.*signalbox certgen/s,
  ],
  [
    "a file that is no PEM",
    { ...own, cert: "no", ca: authority.cert },
    /xds\.tls\.certFile: .*tls\.crt has no PEM certificate in it/,
  ],
  [
    "a key of another certificate",
    { ...own, key: authority.server().key, ca: authority.cert },
    /xds\.tls\.keyFile: .*tls\.key is not the key of the first certificate/,
  ],
  ["an empty CA", { ...own, ca: "" }, /xds\.tls\.caFile: .*ca\.crt is empty/],
  [
    "an expired certificate",
    { ...authority.server(["a"], { fromMs: -2 * HOUR, toMs: -HOUR }), ca: authority.cert },
    /xds\.tls\.certFile: .*tls\.crt expired at .*Renew it/,
  ],
  [
    "a client's certificate",
    { ...authority.client(["a"]), ca: authority.cert },
    /xds\.tls\.certFile: .*tls\.crt is not for servers/,
  ],
];
for (const [why, files, said] of CERTIFICATES)
  test(`TLS with ${why}: the option, the file, the remedy, before anything is listened on`, async (t) => {
    const { certFile, keyFile, caFile } = await certificateFolder(t, files);
    const tls = JSON.stringify({ certFile, keyFile, caFile });
    const { code, text } = await refused(t, configText({ xds: `xds: {address: "127.0.0.1:0", tls: ${tls}}` }));
    assert.equal(code, 1);
    assert.match(text, said);
    assert.doesNotMatch(text, /"listening"|at .*\.ts:/);
  });

test("a kubeconfig that does not exist: its path", async (t) => {
  const config = configText({}).replace(
    "source: {folder: objects}",
    "source: {kubernetes: {kubeconfig: nowhere.yaml}}",
  );
  const { code, text } = await refused(t, config);
  assert.equal(code, 1);
  assert.match(text, /nowhere\.yaml/);
});
