/** Envoys that keep Contour's bootstrap, served by Signalbox: ready through `stats-health`, and no failed request while placements move. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { selfSigned } from "../cli/self-signed.ts";
import { startContourEnvoy } from "../envoy/contour-envoy.ts";
import { rawRequest } from "../envoy/raw-request.ts";
import { PATIENCE_MS } from "../patience.ts";
import { Authority, certificateFolder } from "../tls/certificates.ts";
import { get, hostNamed, loadOn, servedBy } from "./requests.ts";
import { hostYaml, serving, workloadYaml } from "./serving.ts";
import { tlsLoadOn } from "./tls-load.ts";

const FLEET = (certificate: { readonly certFile: string; readonly keyFile: string }) => `
  - name: contour
    proxies: {cluster: projectcontour}
    contour: {statsAddress: "127.0.0.1:0"}
    listeners:
      - {name: ingress_http, address: 127.0.0.1, port: 0}
      - {name: ingress_https, address: 127.0.0.1, port: 0, tls: {certFile: ${certificate.certFile}, keyFile: ${certificate.keyFile}}}`;

for (const version of ["1.40.0", "1.36.2"])
  test(`Contour's bootstrap on Envoy ${version}: ready, and moves under load without a failed request`, async (t) => {
    const [one, two] = await Promise.all([hostNamed(t, "one", "Shop.test"), hostNamed(t, "two", "Shop.test")]);
    const certificate = await selfSigned(t, ["DNS:shop.test"]);
    const signalbox = await serving({
      test: t,
      fleets: FLEET(certificate),
      objects: {
        "hosts.yaml": [hostYaml("one", "127.0.0.1", one.port), hostYaml("two", "127.0.0.1", two.port)].join("---\n"),
        "shop.yaml": workloadYaml("shop", "Shop.test", "one"),
      },
    });
    const envoy = await startContourEnvoy({ test: t, xdsPort: signalbox.xdsPort, version, pod: "envoy-x7k2p" });
    const stats = await envoy.port("stats-health");
    const http = await envoy.port("ingress_http");
    const https = await envoy.port("ingress_https");
    await kubeletFindsReady(stats);

    // The layer `dynamic` came, and nothing that Envoy asked for was waited for in vain (15 s each), or refused.
    const counted = await envoy.stats("^runtime.update_success$|init_fetch_timeout$|update_rejected$");
    assert.ok(counted.size > 8, [...counted.keys()].join(", "));
    const more = [...counted].filter(([, value]) => value > 0);
    assert.deepEqual(more, [["runtime.update_success", 1]]);

    await servedBy(http, "shop.TEST:8080", "one");
    const loads = [
      loadOn(http, "shop.test"),
      loadOn(http, "shop.test", "/slow?ms=50"),
      tlsLoadOn(https, "shop.test", certificate.cert),
    ];
    for (const to of ["two", "one", "two", "one", "two"]) {
      await signalbox.write("shop.yaml", workloadYaml("shop", "Shop.test", to));
      await servedBy(http, "shop.test", to);
      await Promise.all(loads.map((load) => load.next()));
    }
    for (const { failures, asked } of await Promise.all(loads.map((load) => load.end()))) {
      assert.deepEqual(failures, []);
      assert.ok(asked > 2, "the load ran");
    }

    const prometheus = await get(stats, "prometheus", "/stats/prometheus");
    // Contour's shutdown-manager counts open connections by this name before it lets a pod end.
    assert.match(prometheus.body, /envoy_http_downstream_cx_active\{envoy_http_conn_manager_prefix="ingress_http"\}/);
    assert.equal((await get(stats, "anybody", "/config_dump")).status, 404);
    const post = "POST /quitquitquit HTTP/1.1\nHost: anybody\nContent-Length: 0\nConnection: close\n\n";
    assert.equal((await rawRequest(stats, post)).status, 404);

    const { proxies } = JSON.parse(await signalbox.admin("/debug/proxies"));
    assert.equal(proxies.length, 1, "its streams are one proxy");
    assert.deepEqual([proxies[0].transport, proxies[0].nodeId], ["separate-sotw", "envoy-x7k2p"]);
    assert.ok(
      proxies[0].streams <= 5,
      `LDS, CDS, RDS, RTDS and one certificate, not a stream per hostname: ${proxies[0].streams}`,
    );
  });

test("over mutual TLS with the certificates that `contour certgen` makes: the server is `contour`, Envoys are `envoy`, others are sent nothing", async (t) => {
  const namesOf = (service: string) => ["", ".projectcontour", ".projectcontour.svc"].map((suffix) => service + suffix);
  const authority = new Authority("Project Contour");
  const [host, own, envoys, others] = await Promise.all([
    hostNamed(t, "one", "shop.test"),
    certificateFolder(t, { ...authority.server(namesOf("contour")), ca: authority.cert }),
    certificateFolder(t, { ...authority.client(namesOf("envoy")), ca: authority.cert }),
    certificateFolder(t, { ...authority.client(["somebody"]), ca: authority.cert }),
  ]);
  const { certFile, keyFile, caFile } = own;
  const signalbox = await serving({
    test: t,
    xds: `xds: {address: "127.0.0.1:0", tls: ${JSON.stringify({ certFile, keyFile, caFile })}}`,
    fleets: FLEET(await selfSigned(t)).replace("{cluster: projectcontour}", "{cluster: projectcontour, sans: [envoy]}"),
    objects: {
      "host.yaml": hostYaml("one", "127.0.0.1", host.port),
      "shop.yaml": workloadYaml("shop", "shop.test", "one"),
    },
  });
  const { xdsPort } = signalbox;
  const start = (pod: string, certificates: string) =>
    startContourEnvoy({ test: t, xdsPort, version: "1.40.0", pod, certificates });
  const envoy = await start("envoy-1", envoys.folder);
  await envoy.ready();
  await servedBy(await envoy.port("ingress_http"), "shop.test", "one");
  await start("stranger", others.folder);
  const why = "fleet contour asks for a certificate with envoy, and the one shown has DNS:somebody";
  assert.equal((await signalbox.told(`proxy is denied its fleet: ${why}`))["proxy"], "stranger");
});

test("without ADS an Envoy serves more hostnames than it could have streams for: 1,100, where a stream for each ends at 1,023", async (t) => {
  const hostnames = Array.from({ length: 1_100 }, (_, i) => `h${i}.test`);
  const last = hostnames.at(-1) ?? "";
  const host = await hostNamed(t, "one", last);
  const signalbox = await serving({
    test: t,
    fleets: FLEET(await selfSigned(t)),
    objects: {
      "host.yaml": hostYaml("one", "127.0.0.1", host.port),
      "all.yaml": hostnames.map((hostname, i) => workloadYaml(`w${i}`, hostname, "one")).join("---\n"),
    },
  });
  const envoy = await startContourEnvoy({ test: t, xdsPort: signalbox.xdsPort, version: "1.40.0", pod: "envoy-1" });
  await envoy.ready();
  await servedBy(await envoy.port("ingress_http"), last, "one");
  const { proxies } = JSON.parse(await signalbox.admin("/debug/proxies"));
  assert.deepEqual([proxies.length, proxies[0].streams], [1, 5]);
});

/** Asks as the kubelet does. The port is closed until Envoy has everything. */
async function kubeletFindsReady(port: number): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  const asked = () => get(port, "kubelet", "/ready").catch(() => undefined);
  for (let answer = await asked(); answer?.status !== 200; answer = await asked()) {
    assert.ok(performance.now() < until, `not ready: ${answer?.status ?? "the port is closed"}`);
    await sleep(20);
  }
}
