/** `signalbox serve` over mutual TLS, with real Envoys of the newest and the oldest version supported. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { type BootstrapTls, bootstrapOf } from "../../src/envoy/bootstrap.ts";
import { xdsSecretsOf } from "../../src/envoy/xds-secrets.ts";
import { startEnvoy } from "../envoy/envoy-process.ts";
import { PATIENCE_MS } from "../patience.ts";
import { Authority, type CertificateFolder, certificateFolder, HOUR } from "../tls/certificates.ts";
import { envoyOf, get, hostNamed, loadOn, servedBy, startedEnvoy } from "./requests.ts";
import { hostYaml, type LogLine, type Serving, serving, workloadYaml } from "./serving.ts";

const authority = new Authority();
const SERVER_NAME = "signalbox.test";
const NAME = { public: "public.fleet.test", private: "private.fleet.test" } as const;

const FLEETS = Object.entries(NAME)
  .map(
    ([fleet, san]) =>
      `  - {name: ${fleet}, proxies: {cluster: ${fleet}, sans: [${san}]}, listeners: [{name: http, address: 127.0.0.1, port: 0}]}`,
  )
  .join("\n");

interface Secure {
  readonly signalbox: Serving;
  readonly own: CertificateFolder;
}

async function secureSignalbox(t: TestContext, maxConnectionAgeMs = 3_600_000): Promise<Secure> {
  const host = await hostNamed(t, "one", "a.test");
  const own = await certificateFolder(t, { ...authority.server([SERVER_NAME]), ca: authority.cert });
  const { certFile, keyFile, caFile } = own;
  const tls = JSON.stringify({ certFile, keyFile, caFile, maxConnectionAgeMs });
  const signalbox = await serving({
    test: t,
    fleets: FLEETS,
    xds: `xds: {address: "127.0.0.1:0", tls: ${tls}}`,
    objects: { "host.yaml": hostYaml("one", "127.0.0.1", host.port), "a.yaml": workloadYaml("a", "a.test", "one") },
  });
  return { signalbox, own };
}

/** Envoy's side: files that it follows. */
async function envoySide(
  t: TestContext,
  certificate: { readonly cert: string; readonly key: string },
  ca = authority.cert,
  serverName = SERVER_NAME,
): Promise<{ readonly tls: BootstrapTls; readonly files: CertificateFolder }> {
  const files = await certificateFolder(t, { ...certificate, ca });
  const { certFile, keyFile, caFile } = files;
  const tls = { certFile, keyFile, caFile, serverName, secretsFolder: files.folder };
  for (const [name, content] of xdsSecretsOf(tls)) await writeFile(join(files.folder, name), stringify(content));
  return { tls, files };
}

/** Waits for a fact; if it never comes, fails with the log. */
async function until(what: string, { signalbox }: Secure, holds: () => boolean): Promise<void> {
  const bound = performance.now() + PATIENCE_MS;
  while (!holds()) {
    assert.ok(performance.now() < bound, `${what}: not so. The log:\n${signalbox.child.lastLines().join("\n")}`);
    await sleep(10);
  }
}

const lines = ({ signalbox }: Secure, message: string): readonly LogLine[] =>
  signalbox.log().filter(({ msg }) => msg.startsWith(message));

for (const version of ["1.40.0", "1.36.2"])
  test(`rule 10: Envoy ${version} with its fleet's certificate is served; with another fleet's it gets nothing, and both are told why`, async (t) => {
    const secure = await secureSignalbox(t);
    const { tls } = await envoySide(t, authority.client([NAME.private]));
    const port = await envoyOf(t, secure.signalbox, { nodeCluster: "private", version, tls });
    await servedBy(port, "a.test", "one");
    const connected = await secure.signalbox.told("proxy connected");
    assert.deepEqual(connected["names"], [`DNS:${NAME.private}`]);

    const other = await startedEnvoy(t, secure.signalbox, { nodeCluster: "public", version, tls });
    const why = `fleet public asks for a certificate with ${NAME.public}, and the one shown has DNS:${NAME.private}`;
    const denied = await secure.signalbox.told(`proxy is denied its fleet: ${why}`);
    assert.match(String(denied["remedy"]), /Give this Envoy a certificate of fleet public, or admit one of its names/);
    const told = new RegExp(`closed: 7, ${why.replaceAll(" ", "( |%20)")}`); // as gRPC writes it, or plain
    await until("Envoy tells why", secure, () => told.test(other.log()));
    assert.doesNotMatch(await other.admin("/server_info"), /"LIVE"/);
    assert.equal(lines(secure, "proxy connected").length, 1);
    const metrics = await secure.signalbox.admin("/metrics");
    assert.match(metrics, /^signalbox_xds_denied_total\{fleet="public"\} [1-9]/m);
    assert.match(metrics, /^signalbox_xds_certificate_expiry_timestamp_seconds\{certificate="own"\} \d+/m);
  });

test("rule 10: Envoys that cannot prove who they are get no connection, and each cause is told once", async (t) => {
  const secure = await secureSignalbox(t);
  const stranger = new Authority("stranger");
  const expired = authority.client([NAME.public], { fromMs: -2 * HOUR, toMs: -HOUR });
  const strange = await envoySide(t, authority.client([NAME.public]), stranger.cert);
  await startedEnvoy(t, secure.signalbox, { nodeCluster: "public", tls: strange.tls });
  await secure.signalbox.told("client refused: it refuses our certificate (alert unknown ca)");
  const misled = await envoySide(t, authority.client([NAME.public]), authority.cert, "other.test");
  await startedEnvoy(t, secure.signalbox, { nodeCluster: "public", tls: misled.tls });
  await secure.signalbox.told("client refused: it refuses our certificate (alert certificate unknown)");
  await startedEnvoy(t, secure.signalbox, { nodeCluster: "public", tls: (await envoySide(t, expired)).tls });
  const told = await secure.signalbox.told("client refused: it shows a certificate that has expired");
  assert.deepEqual([told["failure"], told["remedy"]], ["expired", "Renew its certificate"]);
  await startedEnvoy(t, secure.signalbox, { nodeCluster: "public" });
  await secure.signalbox.told("client refused: it does not speak TLS");
  await sleep(1_000); // Envoys try again meanwhile
  const refused = lines(secure, "client refused");
  assert.deepEqual(
    refused.map(({ failure }) => failure),
    ["refuses-ours", "refuses-ours", "expired", "plaintext"],
  );
});

for (const version of ["1.40.0", "1.36.2"])
  test(`certificates and authority rotate on both sides under load: Envoy ${version} loses no request and is sent nothing again`, async (t) => {
    const secure = await secureSignalbox(t, 1_500);
    const { signalbox, own } = secure;
    const { tls, files } = await envoySide(t, authority.client([NAME.public]));
    const envoy = await startedEnvoy(t, signalbox, { nodeCluster: "public", version, tls });
    await envoy.ready();
    const port = await envoy.port("http");
    await servedBy(port, "a.test", "one");
    const sent = async () =>
      [
        ...(await signalbox.admin("/metrics")).matchAll(
          /^signalbox_xds_responses_total.*(?:Cluster|Assignment|Route).*$/gm,
        ),
      ].join("\n");
    const before = await sent();
    const load = loadOn(port, "a.test");

    const next = new Authority("next");
    const both = authority.cert + next.cert;
    const renewals = () => lines(secure, "certificate renewed");
    const connections = () => lines(secure, "proxy connected");
    await load.next();
    await Promise.all([own.put({ ca: both }), files.put({ ca: both })]);
    await until("the bundle is used", secure, () => renewals().length === 1);
    const again = connections().length + 2; // the connection under way may have begun before Envoy read the bundle
    await until("Envoy came back", secure, () => connections().length >= again);
    await load.next();
    await own.put(next.server([SERVER_NAME, "renewed.test"]));
    await files.put(next.client([NAME.public, "renewed.test"]));
    await until("Envoy shows its new certificate", secure, () =>
      String(connections().at(-1)?.["names"]).includes("renewed"),
    );
    await load.next();
    await Promise.all([own.put({ ca: next.cert }), files.put({ ca: next.cert })]);
    await until("the old authority is gone", secure, () => renewals().length === 3);
    const then = connections().length + 2;
    await until("Envoy came back", secure, () => connections().length >= then);
    await load.next();

    assert.equal(await sent(), before, "who has everything is sent nothing anew when it comes back");
    const { failures, asked } = await load.end();
    assert.deepEqual(failures, []);
    assert.ok(asked > 4, "the load ran");
    const { certificates } = JSON.parse(await envoy.admin("/certs")) as { certificates: readonly unknown[] };
    assert.match(JSON.stringify(certificates), /renewed\.test/);
    assert.deepEqual(
      signalbox.log().filter(({ level, problem }) => Number(level) >= 40 && problem === undefined),
      [],
      "nothing to worry about",
    );
    t.diagnostic(`${asked} requests over ${connections().length} connections, none failed`);
  });

test("rule 10: an Envoy without a certificate is refused at the handshake", async (t) => {
  const secure = await secureSignalbox(t);
  const { tls } = await envoySide(t, authority.client([NAME.public]));
  const bootstrap = bootstrapOf({
    ...{ fleet: "public", nodeId: "e", nodeCluster: "public", xdsAddress: `127.0.0.1:${secure.signalbox.xdsPort}` },
    ...{ adminAddress: "127.0.0.1:0", transport: "delta-ads", tls, probeAddress: undefined },
  });
  const bare = JSON.parse(JSON.stringify(bootstrap).replace(/"tls_certificate_sds_secret_configs":\[.*?\}\}\],/, ""));
  assert.notDeepEqual(bare, bootstrap);
  const envoy = await startEnvoy({ bootstrap: bare, test: t });
  await secure.signalbox.told("client refused: it shows no certificate");
  assert.doesNotMatch(await envoy.admin("/server_info"), /"LIVE"/);
  assert.equal((await get(Number(new URL(envoy.adminUrl).port), "a")).status, 200, "it lives on");
});
