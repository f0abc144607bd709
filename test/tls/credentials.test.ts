/** Files that are no credentials: what is said of each, and that nothing else is taken for one. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { promisify } from "node:util";
import { type CredentialsFault, credentialsOf, type TlsTexts } from "../../src/tls/credentials.ts";
import { Authority, certificateFolder, HOUR } from "./certificates.ts";

const run = promisify(execFile);

const FILES = { certFile: "/tls/tls.crt", keyFile: "/tls/tls.key", caFile: "/tls/ca.crt" };
const authority = new Authority();
const own = authority.server(["a.test"]);
const good: TlsTexts = { certFile: own.cert, keyFile: own.key, caFile: authority.cert };

const outcome = (texts: Partial<TlsTexts>, nowMs = Date.now()) => credentialsOf({ ...good, ...texts }, FILES, nowMs);
const encrypted = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export({
  ...{ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" },
}) as string;
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });

test("good files are credentials, with serial, names and bounds", () => {
  const found = outcome({});
  assert.ok(!("cause" in found), JSON.stringify(found));
  assert.equal(found.names, "DNS:a.test");
  assert.match(found.serial, /^[0-9A-F]{20,}$/);
  assert.ok(found.notAfterMs > Date.now() && found.caNotAfterMs > Date.now() && found.notBeforeMs < Date.now());
});

test("a chain behind the certificate, text around it, and several authorities, one of which has expired", () => {
  const past = new Authority("past", { fromMs: -2 * HOUR, toMs: -HOUR });
  const found = outcome({ certFile: `subject=a\n${own.cert}\n${authority.cert}`, caFile: past.cert + authority.cert });
  assert.ok(!("cause" in found), JSON.stringify(found));
  assert.equal([found.context.ca].flat().length, 2);
});

type Row = readonly [
  why: string,
  texts: Partial<TlsTexts>,
  fault: readonly [file: CredentialsFault["file"], code: CredentialsFault["code"]],
  cause: string,
];
const rows: readonly Row[] = [
  ["an empty certificate", { certFile: "" }, ["certFile", "not-pem"], "/tls/tls.crt is empty"],
  ["DER, or anything else", { certFile: "\0\0" }, ["certFile", "not-pem"], "/tls/tls.crt has no PEM certificate in it"],
  [
    "a key for a certificate",
    { certFile: own.key },
    ["certFile", "not-pem"],
    "/tls/tls.crt has no PEM certificate in it",
  ],
  [
    "a certificate half written",
    { certFile: own.cert.slice(0, 200) },
    ["certFile", "cut-off"],
    "/tls/tls.crt is cut off: of 1 certificates 0 are whole",
  ],
  [
    "a bundle half written",
    { caFile: authority.cert + authority.cert.slice(0, 200) },
    ["caFile", "cut-off"],
    "/tls/ca.crt is cut off: of 2 certificates 1 are whole",
  ],
  [
    "a certificate with a hole in it",
    { certFile: own.cert.replace(/\n.{64}\n/, "\n") },
    ["certFile", "not-certificate"],
    "/tls/tls.crt is broken: certificate 1 of 1 cannot be read",
  ],
  ["an empty key", { keyFile: "" }, ["keyFile", "not-key"], "/tls/tls.key is empty"],
  [
    "a key half written",
    { keyFile: own.key.slice(0, 100) },
    ["keyFile", "not-key"],
    "/tls/tls.key holds no private key that can be read",
  ],
  ["a locked key", { keyFile: encrypted }, ["keyFile", "not-key"], "/tls/tls.key is locked by a passphrase"],
  [
    "another certificate's key",
    { keyFile: authority.server().key },
    ["keyFile", "key-mismatch"],
    "/tls/tls.key is not the key of the first certificate in /tls/tls.crt",
  ],
  [
    "the authority before the certificate",
    { certFile: authority.cert + own.cert },
    ["keyFile", "key-mismatch"],
    "/tls/tls.key is not the key of the first certificate in /tls/tls.crt",
  ],
  ["an empty CA", { caFile: "\n" }, ["caFile", "not-pem"], "/tls/ca.crt is empty"],
  ["a CA that is a key", { caFile: own.key }, ["caFile", "not-pem"], "/tls/ca.crt has no PEM certificate in it"],
  [
    "nothing but expired authorities",
    { caFile: new Authority("past", { fromMs: -2 * HOUR, toMs: -HOUR }).cert },
    ["caFile", "expired"],
    "/tls/ca.crt holds only authorities that have expired, the last at ",
  ],
  [
    "a client's certificate",
    { ...texts(authority.client(["a.test"])) },
    ["certFile", "not-for-servers"],
    "/tls/tls.crt is not for servers (its extended key usage lacks serverAuth)",
  ],
  [
    "a certificate that has expired",
    { ...texts(authority.server(["a.test"], { fromMs: -2 * HOUR, toMs: -HOUR })) },
    ["certFile", "expired"],
    "/tls/tls.crt expired at 20",
  ],
  [
    "a certificate of tomorrow",
    { ...texts(authority.server(["a.test"], { fromMs: HOUR / 2 })) },
    ["certFile", "not-yet-valid"],
    "/tls/tls.crt is not valid before 20",
  ],
];
for (const [why, given, fault, cause] of rows)
  test(`no credentials: ${why}`, () => {
    const found = outcome(given);
    assert.ok("cause" in found, "taken for credentials");
    assert.deepEqual([found.file, found.code], fault);
    assert.equal(found.cause.slice(0, cause.length), cause);
    assert.match(found.remedy, /^[A-Z].*[^.]$/);
  });

function texts({ cert, key }: { readonly cert: string; readonly key: string }): Partial<TlsTexts> {
  return { certFile: cert, keyFile: key };
}

test("what OpenSSL itself refuses is refused in its words", async (t) => {
  const { keyFile, put } = await certificateFolder(t);
  const key = weak.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  await put({ key });
  const { stdout: cert } = await run("openssl", ["req", "-x509", "-key", keyFile, "-subj", "/CN=a", "-days", "1"]);
  const found = outcome({ certFile: cert, keyFile: key });
  assert.ok("cause" in found && found.code === "refused", JSON.stringify(found));
  assert.match(found.cause, /refused by OpenSSL: .*too small/);
});
