/** Certificates that we make, as OpenSSL sees them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import * as der from "../../src/tls/der.ts";
import { issueAuthority, issueCertificate } from "../../src/tls/issue.ts";
import { Authority, certificateFolder } from "./certificates.ts";

const run = promisify(execFile);

/** What `openssl verify` says, strictly by RFC 5280. */
async function verified(ca: string, file: string, purpose: "sslserver" | "sslclient"): Promise<string> {
  const args = ["verify", "-x509_strict", "-CAfile", ca, "-purpose", purpose, file];
  return run("openssl", args).then(
    ({ stdout }) => stdout.trim().slice(file.length + 2),
    (error: { readonly stderr: string }) => error.stderr,
  );
}

const SANS = ["public.fleet.signalbox", "10.0.0.1", "fd00::1:2", "::ffff:1.2.3.4", "spiffe://test/ns/a"];

test("openssl verify, at its strictest, takes a certificate for its own use and no other", async (t) => {
  const authority = new Authority();
  const { folder, certFile, caFile, put } = await certificateFolder(t, { ca: authority.cert });
  for (const [use, other] of [
    ["server", "client"],
    ["client", "server"],
  ] as const) {
    await put({ cert: authority[use](SANS).cert });
    assert.equal(await verified(caFile, certFile, `ssl${use}`), "OK");
    assert.match(await verified(caFile, certFile, `ssl${other}`), /unsuitable certificate purpose/);
  }
  await put({ cert: new Authority().client(SANS).cert });
  assert.match(await verified(caFile, certFile, "sslclient"), /unable to get local issuer certificate|signature/);
  const { stdout } = await run("openssl", ["x509", "-in", join(folder, "ca.crt"), "-noout", "-text"]);
  assert.match(stdout, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
  assert.match(stdout, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
});

test("names and bounds are those asked for", () => {
  const authority = new Authority();
  const notBeforeMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  const notAfterMs = Date.UTC(2051, 11, 31, 23, 59, 59); // beyond what UTCTime can say
  const wish = { name: "public", use: "client", sans: SANS, notBeforeMs, notAfterMs } as const;
  const { cert, key } = issueCertificate(wish, authority.issued);
  const read = new X509Certificate(cert);
  assert.equal(
    read.subjectAltName,
    "DNS:public.fleet.signalbox, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:1:2, IP Address:0:0:0:0:0:FFFF:102:304, URI:spiffe://test/ns/a",
  );
  assert.deepEqual([read.validFromDate.getTime(), read.validToDate.getTime()], [notBeforeMs, notAfterMs]);
  assert.deepEqual([read.subject, read.issuer], ["CN=public", "CN=test authority"]);
  assert.match(key, /^-----BEGIN PRIVATE KEY-----/);
  assert.notEqual(read.serialNumber, new X509Certificate(issueCertificate(wish, authority.issued).cert).serialNumber);
});

test("two authorities of one name are told apart by their keys", async (t) => {
  const now = Date.now();
  const wish = { name: "same", notBeforeMs: now - 1_000, notAfterMs: now + 60_000 };
  const [one, other] = [issueAuthority(wish), issueAuthority(wish)];
  const end = { ...wish, name: "a", use: "client", sans: ["a.test"] } as const;
  const { certFile, caFile } = await certificateFolder(t, {
    ca: one.cert + other.cert,
    cert: issueCertificate(end, other).cert,
  });
  assert.equal(await verified(caFile, certFile, "sslclient"), "OK");
});

const encodings: readonly (readonly [what: string, encoded: Buffer, hex: string])[] = [
  ["0", der.integer(Buffer.of(0)), "020100"],
  ["127", der.integer(Buffer.of(0x7f)), "02017f"],
  ["128, whose first bit is no sign", der.integer(Buffer.of(0x80)), "02020080"],
  ["leading zeros", der.integer(Buffer.of(0, 0, 1)), "020101"],
  ["a length of two bytes", der.octetString(Buffer.alloc(0x80)).subarray(0, 3), "048180"],
  ["a length of three bytes", der.octetString(Buffer.alloc(0x100)).subarray(0, 4), "04820100"],
  ["an arc of three groups", der.objectIdentifier("1.2.840.113549"), "06062a864886f70d"],
  ["1999", der.time(Date.UTC(1999, 11, 31, 23, 59, 59)), "170d3939313233313233353935395a"],
  ["2049", der.time(Date.UTC(2049, 11, 31, 23, 59, 59)), "170d3439313233313233353935395a"],
  ["2050", der.time(Date.UTC(2050, 0, 1)), "180f32303530303130313030303030305a"],
];
for (const [what, encoded, hex] of encodings) test(`DER of ${what}`, () => assert.equal(encoded.toString("hex"), hex));
