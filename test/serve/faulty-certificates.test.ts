/** Whatever becomes of the certificate files, the port goes on: a new client is let in, by what was read before. */
import assert from "node:assert/strict";
import { unlink } from "node:fs/promises";
import { test } from "node:test";
import { connect } from "node:tls";
import { CredentialsWatch } from "../../src/tls/credentials-watch.ts";
import { XdsServer } from "../../src/xds/server.ts";
import { Authority, type CertificateFolder, certificateFolder, HOUR } from "../tls/certificates.ts";
import { storeOf } from "../xds/running-server.ts";

const authority = new Authority();
const client = { ...authority.client(["a.test"]), ca: authority.cert };

/** Serial number of the server's certificate, once the server has let this client in: its SETTINGS come behind the handshake. */
async function letIn(port: number): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ALPNProtocols: ["h2"], ...client });
  await new Promise((settle, fail) => socket.once("data", settle).once("error", fail).once("close", fail));
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

const faults: readonly (readonly [why: string, fault: string, make: (folder: CertificateFolder) => Promise<void>])[] = [
  ["a certificate half written", "cut-off", (folder) => folder.put({ cert: authority.server().cert.slice(0, 200) })],
  ["a certificate ahead of its key", "key-mismatch", (folder) => folder.put({ cert: authority.server().cert })],
  ["a key half written", "not-key", (folder) => folder.put({ key: authority.server().key.slice(0, 60) })],
  [
    "a pair that has expired",
    "expired",
    (folder) => folder.put(authority.server(["a.test"], { fromMs: -2 * HOUR, toMs: -HOUR })),
  ],
  ["an empty CA", "not-pem", (folder) => folder.put({ ca: "" })],
  ["a missing key", "unreadable", (folder) => unlink(folder.keyFile)],
];
for (const [why, fault, make] of faults)
  test(`clients are let in while the files are no credentials: ${why}`, async (t) => {
    const folder = await certificateFolder(t, { ...authority.server(), ca: authority.cert });
    let told = (_: string): void => undefined;
    const kept = new Promise<string>((settle) => {
      told = settle;
    });
    let renewed = (): void => undefined;
    const better = new Promise<void>((settle) => {
      renewed = settle;
    });
    const observer = {
      kept: ({ code }: { readonly code: string }) => told(code),
      renewed: () => renewed(),
      recovered: () => undefined,
      expires: () => undefined,
    };
    const credentials = await CredentialsWatch.open(folder, { observer, now: Date.now });
    assert.ok(!("cause" in credentials));
    t.after(() => credentials.close());
    const store = storeOf("a.test");
    const server = new XdsServer({ assign: () => ({ fleet: "edge", store }) });
    t.after(() => server.close(0));
    const bound = await server.listenTls("127.0.0.1:0", { credentials });
    assert.ok("port" in bound);
    const before = await letIn(bound.port);
    await make(folder);
    assert.equal(await kept, fault);
    assert.equal(await letIn(bound.port), before);
    await folder.put({ ...authority.server(), ca: authority.cert });
    await better;
    assert.notEqual(await letIn(bound.port), before, "and the next good files are used");
  });
