/** `signalbox certgen`: files, Secrets, renewal, and that both sides believe each other with what was written for them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect, createServer, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { recordingTerminal } from "./recording-terminal.ts";

const verify = promisify(execFile);

async function certgen(...args: string[]) {
  const terminal = recordingTerminal();
  const code = await runCommandLine(COMMANDS, ["certgen", ...args], terminal);
  return { code, ...terminal.written };
}

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-certgen-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const certificate = async (file: string): Promise<X509Certificate> => new X509Certificate(await readFile(file));

/** The files of one side, for node:tls. */
async function sideOf(folder: string) {
  const [cert, key, ca] = await Promise.all(["tls.crt", "tls.key", "ca.crt"].map((f) => readFile(join(folder, f))));
  return { cert: cert ?? "", key: key ?? "", ca: ca ?? "" };
}

/** What each side says of the other after a handshake. */
async function meet(server: string, client: string, servername: string): Promise<readonly [boolean, string]> {
  const listener = createServer({ ...(await sideOf(server)), requestCert: true });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "secureConnection") as Promise<[TLSSocket]>;
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", servername, ...(await sideOf(client)) });
  await once(socket, "secureConnect");
  const [other] = await accepted;
  const names = other.authorized ? String(other.getPeerX509Certificate()?.subjectAltName) : "not authorized";
  socket.destroy();
  other.destroy();
  listener.close();
  return [socket.authorized, names];
}

test("a folder for each side: keys for their owner alone, verified by openssl, and both believe each other", async (t) => {
  const folder = await emptyFolder(t);
  const { code, out } = await certgen(
    "--fleet",
    "public",
    "--fleet",
    "private",
    "--folder",
    folder,
    "--name",
    "10.0.0.9",
  );
  assert.deepEqual([code, out], [0, ""]);
  assert.deepEqual((await readdir(folder)).toSorted(), ["ca.crt", "ca.key", "fleet-private", "fleet-public", "server"]);
  for (const key of ["ca.key", "server/tls.key", "fleet-public/tls.key"])
    assert.equal((await stat(join(folder, key))).mode & 0o777, 0o600, key);
  for (const [side, purpose] of [
    ["server", "sslserver"],
    ["fleet-public", "sslclient"],
  ] as const) {
    const args = [
      "-x509_strict",
      "-purpose",
      purpose,
      "-CAfile",
      join(folder, side, "ca.crt"),
      join(folder, side, "tls.crt"),
    ];
    assert.match((await verify("openssl", ["verify", ...args])).stdout, /: OK\n$/);
  }
  const server = await certificate(join(folder, "server/tls.crt"));
  assert.equal(
    server.subjectAltName,
    "DNS:signalbox, DNS:signalbox.signalbox, DNS:signalbox.signalbox.svc, DNS:signalbox.signalbox.svc.cluster.local, DNS:localhost, IP Address:10.0.0.9",
  );
  const days = (server.validToDate.getTime() - Date.now()) / 86_400_000;
  assert.ok(days > 364.9 && days <= 365, String(days));
  const [trusts, names] = await meet(join(folder, "server"), join(folder, "fleet-public"), "signalbox.signalbox");
  assert.deepEqual([trusts, names], [true, "DNS:public.fleet.signalbox"]);
});

test("nothing is overwritten unasked; --renew keeps authority and names, and takes a fleet more", async (t) => {
  const folder = await emptyFolder(t);
  await certgen("--fleet", "public", "--folder", folder, "--name", "edge.example.com");
  const before = await certificate(join(folder, "server/tls.crt"));
  const authority = await readFile(join(folder, "ca.crt"), "utf8");
  const refused = await certgen("--fleet", "public", "--folder", folder);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /has an authority already\. Give --renew/);
  assert.equal((await certificate(join(folder, "server/tls.crt"))).serialNumber, before.serialNumber);

  assert.equal((await certgen("--folder", folder, "--renew", "--fleet", "more")).code, 0);
  const after = await certificate(join(folder, "server/tls.crt"));
  assert.equal(await readFile(join(folder, "ca.crt"), "utf8"), authority);
  assert.equal(after.subjectAltName, before.subjectAltName);
  assert.notEqual(after.serialNumber, before.serialNumber);
  assert.notDeepEqual(after.publicKey.export({ format: "jwk" }), before.publicKey.export({ format: "jwk" }));
  const [, names] = await meet(join(folder, "server"), join(folder, "fleet-more"), "edge.example.com");
  assert.equal(names, "DNS:more.fleet.signalbox");

  assert.equal((await certgen("--folder", folder, "--overwrite", "--fleet", "public")).code, 0);
  assert.notEqual(await readFile(join(folder, "ca.crt"), "utf8"), authority);
});

test("--kubernetes prints the Secrets that the manifests mount; without a folder the authority's key is in none", async () => {
  const { code, out, err } = await certgen("--fleet", "public", "--kubernetes", "--namespace", "edge");
  assert.equal(code, 0);
  assert.match(err, /the authority's key is not kept/);
  const secrets = parseAllDocuments(out).map((document) => document.toJS());
  assert.deepEqual(
    secrets.map(({ kind, type, metadata }) => [kind, type, metadata.name, metadata.namespace]),
    [
      ["Secret", "kubernetes.io/tls", "signalbox-xds", "edge"],
      ["Secret", "kubernetes.io/tls", "signalbox-xds-public", "edge"],
    ],
  );
  for (const { data } of secrets) {
    assert.deepEqual(Object.keys(data), ["ca.crt", "tls.crt", "tls.key"]);
    const read = new X509Certificate(Buffer.from(data["tls.crt"], "base64"));
    assert.ok(read.verify(new X509Certificate(Buffer.from(data["ca.crt"], "base64")).publicKey));
  }
  const own = new X509Certificate(Buffer.from(secrets[0].data["tls.crt"], "base64"));
  assert.match(own.subjectAltName ?? "", /DNS:signalbox\.edge\.svc,/);
});

test("a configuration's fleets, each with the first name that it asks for", async (t) => {
  const folder = await emptyFolder(t);
  const config = join(folder, "signalbox.yaml");
  await writeFile(
    config,
    `source: {folder: .}
xds: {tls: {certFile: a, keyFile: b, caFile: c}}
fleets:
- {name: one, proxies: {cluster: one, sans: ["spiffe://test/one", other.test]}}
- {name: two, proxies: {cluster: two, sans: ["*.edge.test"]}}
- {name: three}
`,
  );
  assert.equal((await certgen("--config", config, "--folder", join(folder, "out"))).code, 0);
  const names = await Promise.all(
    ["one", "two", "three"].map(
      async (f) => (await certificate(join(folder, `out/fleet-${f}/tls.crt`))).subjectAltName,
    ),
  );
  assert.deepEqual(names, ["URI:spiffe://test/one", "DNS:two.edge.test", "DNS:three.fleet.signalbox"]);
});

const refusals: readonly (readonly [why: string, args: readonly string[], code: number, words: RegExp])[] = [
  ["nowhere to write to", ["--fleet", "a"], 2, /nowhere to write to. Give --folder, or --kubernetes/],
  ["no fleet", ["--kubernetes"], 2, /no fleet is named. Give --fleet <name>/],
  ["a name that is none", ["--kubernetes", "--fleet", "A b"], 2, /--fleet cannot be "A b"/],
  ["no days", ["--kubernetes", "--fleet", "a", "--days", "0"], 2, /--days cannot be "0"/],
  ["renewing without a key", ["--kubernetes", "--renew"], 2, /--renew needs the authority's key/],
  ["renewing and replacing", ["--folder", "/nowhere", "--renew", "--overwrite"], 2, /Give one of them/],
  ["renewing what is not there", ["--folder", "/nowhere", "--renew"], 1, /\/nowhere\/ca\.crt cannot be read: ENOENT/],
  [
    "certificates that outlive their authority",
    ["--kubernetes", "--fleet", "a", "--ca-days", "9"],
    1,
    /before the certificates it would sign/,
  ],
  [
    "a folder that cannot be",
    ["--fleet", "a", "--folder", "/dev/null/x"],
    1,
    /\/dev\/null\/x cannot be written to: ENOTDIR/,
  ],
];
for (const [why, args, code, words] of refusals)
  test(`certgen is refused: ${why}`, async () => {
    const refused = await certgen(...args);
    assert.equal(refused.code, code);
    assert.match(refused.err, words);
    assert.equal(refused.out, "");
  });
