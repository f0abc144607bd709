import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CredentialReader } from "../../src/kubernetes/credential.ts";
import { ApiError } from "../../src/kubernetes/failure.ts";
import type { ExecPlugin } from "../../src/kubernetes/kubeconfig.ts";
import { plainAccess } from "./observed-reflector.ts";

const folder = mkdtempSync(join(tmpdir(), "signalbox-credential-"));
after(() => rmSync(folder, { recursive: true }));

const access = plainAccess("https://127.0.0.1:1");
const bearer = async (reader: CredentialReader) => (await reader.read()).headers["authorization"];

test("a token that is rotated is shown with the next request", async () => {
  const token = join(folder, "token");
  const reader = new CredentialReader({ ...access, token: { file: token } }, () => 0);
  writeFileSync(token, "first\n");
  assert.equal(await bearer(reader), "Bearer first");
  writeFileSync(token, "second\n");
  assert.equal(await bearer(reader), "Bearer second");
});

test("a file that is missing is named", async () => {
  const reader = new CredentialReader({ ...access, ca: { file: join(folder, "missing.crt") } }, () => 0);
  await assert.rejects(
    reader.read(),
    (error) => error instanceof ApiError && /missing\.crt, which test names, cannot be read/.test(error.message),
  );
});

test("name and password, and the name to act for, become headers", async () => {
  const { headers } = await new CredentialReader(
    { ...access, basic: "me:secret", impersonate: "someone" },
    () => 0,
  ).read();
  assert.deepEqual(headers, {
    authorization: `Basic ${Buffer.from("me:secret").toString("base64")}`,
    "impersonate-user": "someone",
  });
});

/** A plugin that counts its runs in a file and gives that count as its token. */
function plugin(script: string): ExecPlugin {
  const env = { COUNT: join(folder, "count") };
  return {
    apiVersion: "client.authentication.k8s.io/v1",
    command: process.execPath,
    args: ["-e", script],
    env,
    installHint: "Install it",
  };
}
const COUNTING = `
const fs = require("node:fs");
const count = fs.readFileSync(process.env.COUNT, "utf8") + "I";
fs.writeFileSync(process.env.COUNT, count);
const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: info.kind,
  status: { token: count, expirationTimestamp: "2026-01-01T00:00:10Z" } }));`;

test("a plugin is asked once until what it gave expires or is refused", async () => {
  writeFileSync(join(folder, "count"), "");
  let now = Date.parse("2026-01-01T00:00:00Z");
  const reader = new CredentialReader({ ...access, exec: plugin(COUNTING) }, () => now);
  assert.deepEqual([await bearer(reader), await bearer(reader)], ["Bearer I", "Bearer I"]);
  reader.refused();
  assert.equal(await bearer(reader), "Bearer II");
  now += 10_000;
  assert.equal(await bearer(reader), "Bearer III");
  assert.equal(readFileSync(join(folder, "count"), "utf8"), "III");
});

const failing: readonly (readonly [script: string, says: RegExp, why: string])[] = [
  [
    "console.error('no session'); process.exit(1)",
    /failed: no session\. Install it/,
    "its own words and hint are told",
  ],
  ["console.log('{}')", /neither status\.token nor a client certificate/, "an answer without a credential"],
  ["console.log('<html>')", /neither status\.token nor a client certificate/, "an answer that is no JSON"],
];
for (const [script, says, why] of failing)
  test(`a plugin that fails: ${why}`, async () => {
    await assert.rejects(new CredentialReader({ ...access, exec: plugin(script) }, () => 0).read(), says);
  });
