import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { User } from "@kubernetes/client-node/dist/config_types.js";
import { CredentialReader } from "../../src/kubernetes/credential.ts";
import { ApiError } from "../../src/kubernetes/failure.ts";
import { type Access, type Plugin, readAccess } from "../../src/kubernetes/kubeconfig.ts";
import { plainAccess } from "./observed-reflector.ts";

const folder = mkdtempSync(join(tmpdir(), "signalbox-credential-"));
after(() => rmSync(folder, { recursive: true }));

const plain = plainAccess("https://127.0.0.1:1");
const readerOf = (user: Partial<User>, pluginMs?: number) =>
  new CredentialReader({ ...plain, user: { name: "me", ...user } }, pluginMs);
const bearer = async (reader: CredentialReader) => (await reader.read()).headers["authorization"];

function tokenFile(text: string) {
  const path = join(folder, "token");
  writeFileSync(path, text);
  return { authProvider: { name: "tokenFile", config: { tokenFile: path } } };
}

test("a token that is rotated is shown after a minute, or at once when the one before is refused", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const reader = readerOf(tokenFile("first\n"));
  assert.equal(await bearer(reader), "Bearer first");
  tokenFile("second\n");
  t.mock.timers.tick(59_000);
  assert.equal(await bearer(reader), "Bearer first", "as client-go does, not one read for every request");
  t.mock.timers.tick(2_000);
  assert.equal(await bearer(reader), "Bearer second");
  tokenFile("third\n");
  reader.refused();
  assert.equal(await bearer(reader), "Bearer third");
});

test("a token caught while it is being written is not remembered", async () => {
  const reader = readerOf(tokenFile("\n"));
  await assert.rejects(reader.read(), /token, which test names, is empty/);
  tokenFile("whole");
  assert.equal(await bearer(reader), "Bearer whole");
});

test("authority and client certificate are read from their files for every request; data wins over files", async () => {
  const [caFile, certFile, keyFile] = ["ca.crt", "me.crt", "me.key"].map((name) => join(folder, name));
  assert.ok(caFile !== undefined && certFile !== undefined && keyFile !== undefined);
  for (const path of [caFile, certFile, keyFile]) writeFileSync(path, "first");
  const reader = new CredentialReader({
    ...plain,
    cluster: { ...plain.cluster, caFile, tlsServerName: "api.test" },
    user: { name: "me", certFile, keyFile, keyData: Buffer.from("inline").toString("base64") },
  });
  const shown = async () => {
    const { ca, cert, key, servername, rejectUnauthorized } = (await reader.read()).tls;
    return [String(ca), String(cert), String(key), servername, rejectUnauthorized];
  };
  assert.deepEqual(await shown(), ["first", "first", "inline", "api.test", true]);
  for (const path of [caFile, certFile]) writeFileSync(path, "second");
  assert.deepEqual(await shown(), ["second", "second", "inline", "api.test", true]);
});

const missing: readonly (readonly [what: string, access: Access])[] = [
  ["missing.crt", { ...plain, cluster: { ...plain.cluster, caFile: join(folder, "missing.crt") } }],
  [
    "missing.token",
    {
      ...plain,
      user: { name: "me", authProvider: { name: "tokenFile", config: { tokenFile: join(folder, "missing.token") } } },
    },
  ],
];
for (const [what, access] of missing)
  test(`a file that is missing is named: ${what}`, async () => {
    await assert.rejects(
      new CredentialReader(access).read(),
      (error) =>
        error instanceof ApiError &&
        error.failure.code === "credentials" &&
        error.message.includes(`${what}, which test names, cannot be read: ENOENT`),
    );
  });

test("name and password, and the name to act for, become headers", async () => {
  const { headers } = await readerOf({ username: "me", password: "secret", impersonateUser: "someone" }).read();
  assert.deepEqual(headers, {
    authorization: `Basic ${Buffer.from("me:secret").toString("base64")}`,
    "impersonate-user": "someone",
  });
});

/** A plugin run by Node, as a kubeconfig with it is read. */
function plugin(script: string): { readonly exec: Plugin } {
  const path = join(folder, "kubeconfig");
  const exec = {
    command: process.execPath,
    args: ["-e", script],
    env: [{ name: "COUNT", value: COUNT }],
    installHint: "Install it",
  };
  const text = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "u", user: { exec } }],
  };
  writeFileSync(path, JSON.stringify(text));
  return { exec: readAccess({ kubeconfig: path }, {}).user.exec as Plugin };
}

/** Counts its runs in a file and gives that count as its token. */
const COUNT = join(folder, "count");
const COUNTING = `
const fs = require("node:fs");
const count = fs.readFileSync(process.env.COUNT, "utf8") + "I";
fs.writeFileSync(process.env.COUNT, count);
const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: info.kind,
  status: { token: count, expirationTimestamp: "2026-01-01T00:00:10Z" } }));`;

test("a plugin is asked once, by all who need it, until what it gave expires or is refused", async (t) => {
  writeFileSync(COUNT, "");
  t.mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-01-01T00:00:00Z") });
  const reader = readerOf(plugin(COUNTING));
  assert.deepEqual(await Promise.all([bearer(reader), bearer(reader)]), ["Bearer I", "Bearer I"]);
  assert.equal(await bearer(reader), "Bearer I");
  reader.refused();
  assert.equal(await bearer(reader), "Bearer II");
  t.mock.timers.tick(9_999);
  assert.equal(await bearer(reader), "Bearer II");
  t.mock.timers.tick(1);
  assert.equal(await bearer(reader), "Bearer III");
  assert.equal(readFileSync(COUNT, "utf8"), "III");
});

test("a plugin may give a client certificate instead of a token", async () => {
  const script = `console.log('{"status":{"clientCertificateData":"PEM of it","clientKeyData":"PEM of its key"}}')`;
  const { headers, tls } = await readerOf(plugin(script)).read();
  assert.deepEqual([headers, String(tls.cert), String(tls.key)], [{}, "PEM of it", "PEM of its key"]);
});

const failing: readonly (readonly [script: string, says: RegExp, why: string])[] = [
  [
    "console.error('no session'); process.exit(1)",
    /failed: no session\. Install it/,
    "its own words and hint are told",
  ],
  ["console.log('{}')", /neither status\.token nor a client certificate/, "an answer without a status"],
  [
    "console.log('{\"status\":{}}')",
    /neither status\.token nor a client certificate/,
    "an answer without a credential",
  ],
  ["console.log('<html>')", /neither status\.token nor a client certificate/, "an answer that is no JSON"],
  [
    "process.stdin.once('end', () => { console.error('no password'); process.exit(1); }).resume()",
    /failed: no password/,
    "a plugin that asks a person is told that there is none",
  ],
];
for (const [script, says, why] of failing)
  test(`a plugin that fails: ${why}`, async () => {
    const reader = readerOf(plugin(script));
    await assert.rejects(reader.read(), says);
    await assert.rejects(reader.read(), says, "and again: a failure is not remembered");
  });

test("a plugin that does not end is ended", async () => {
  await assert.rejects(
    readerOf(plugin("setInterval(() => undefined, 1_000)"), 200).read(),
    /did not end in time\. Install it/,
  );
});

test("a plugin that is not installed is named", async () => {
  const exec: Plugin = { command: "signalbox-no-such-plugin", args: [], env: [], installHint: "Install it" };
  await assert.rejects(
    readerOf({ exec }).read(),
    /plugin signalbox-no-such-plugin failed: spawn signalbox-no-such-plugin ENOENT\. Install it/,
  );
});
