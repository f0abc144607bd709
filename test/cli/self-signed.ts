/** A certificate for a test, made by openssl for as long as the test runs. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Key and certificate for `subjectAltNames`, signed by itself: a client that trusts the certificate trusts the server. */
export async function selfSigned(
  t: TestContext,
  subjectAltNames: readonly string[] = ["DNS:localhost", "IP:127.0.0.1"],
): Promise<{ readonly key: string; readonly cert: string; readonly keyFile: string; readonly certFile: string }> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-tls-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const keyFile = join(folder, "key.pem");
  const certFile = join(folder, "cert.pem");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
  const names = ["-subj", "/CN=signalbox-test", "-addext", `subjectAltName=${subjectAltNames.join(",")}`];
  await run("openssl", ["req", "-x509", ...key, "-out", certFile, "-days", "2", ...names]);
  return { key: await readFile(keyFile, "utf8"), cert: await readFile(certFile, "utf8"), keyFile, certFile };
}
