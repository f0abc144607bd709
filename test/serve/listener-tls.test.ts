/** A listener with a certificate, over ADS: served by it, renewed under load, and closed to everybody without it. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { selfSigned } from "../cli/self-signed.ts";
import { hostNamed, startedEnvoy } from "./requests.ts";
import { hostYaml, serving, workloadYaml } from "./serving.ts";
import { tlsLoadOn } from "./tls-load.ts";

test("a listener shows its certificate, HTTP/2 by ALPN, and a renewed one without a failed request", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "listener-tls-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [certFile, keyFile] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const put = async (): Promise<string> => {
    const made = await selfSigned(t, ["DNS:shop.test"]);
    await copyFile(made.keyFile, `${keyFile}.new`);
    await copyFile(made.certFile, `${certFile}.new`);
    await rename(`${keyFile}.new`, keyFile);
    await rename(`${certFile}.new`, certFile);
    return made.cert;
  };
  const host = await hostNamed(t, "one", "shop.test");
  const signalbox = await serving({
    test: t,
    fleets: `  - {name: edge, listeners: [{name: http, address: 127.0.0.1, port: 0, tls: {certFile: ${certFile}, keyFile: ${keyFile}}}]}`,
    objects: {
      "host.yaml": hostYaml("one", "127.0.0.1", host.port),
      "shop.yaml": workloadYaml("shop", "shop.test", "one"),
    },
  });
  const missing = await startedEnvoy(t, signalbox);
  // Envoy refuses a certificate whose files are not there, and is ready nevertheless: the rest is served, and Signalbox tells.
  const { detail } = await signalbox.told("proxy rejected a resource; it keeps the last it accepted");
  assert.match(String(detail), /tls\.crt|tls\.key/);
  await missing.ready();
  const missingPort = await missing.port("http");
  assert.equal(await shownProtocol(missingPort, (await selfSigned(t)).cert), undefined);
  const first = await put();
  while ((await shownProtocol(missingPort, first)) === undefined) await sleep(20);
  await missing.stop();

  const envoy = await startedEnvoy(t, signalbox);
  await envoy.ready();
  const port = await envoy.port("http");
  assert.equal(await shownProtocol(port, first), "h2");
  const load = tlsLoadOn(port, "shop.test", first); // on one connection, which a renewal leaves alone
  const second = await put();
  while ((await shownProtocol(port, second)) === undefined) await sleep(20);
  assert.equal(await shownProtocol(port, first), undefined, "the first is not shown any more");
  const { failures, asked } = await load.end();
  assert.deepEqual(failures, []);
  assert.ok(asked > 0, "the load ran");
});

/** The protocol agreed on, if the certificate shown is the one given. */
function shownProtocol(port: number, ca: string): Promise<string | undefined> {
  const options = { port, host: "127.0.0.1", servername: "shop.test", ca, ALPNProtocols: ["h2", "http/1.1"] };
  return new Promise((settle) => {
    const socket = connect(options, () => {
      settle(socket.alpnProtocol === false ? "" : (socket.alpnProtocol ?? ""));
      socket.destroy();
    });
    socket.on("error", () => settle(undefined));
  });
}
