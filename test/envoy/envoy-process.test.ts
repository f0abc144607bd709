import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { OLDEST_ENVOY, PINNED_ENVOY } from "../../src/cli/envoy-binary.ts";
import { type EnvoyProcess, startEnvoy } from "./envoy-process.ts";

const staticBootstrap = (upstreamPort: number) => `
static_resources:
  listeners:
  - name: front
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: tcp
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: tcp
          cluster: upstream
  clusters:
  - name: upstream
    connect_timeout: 1s
    load_assignment:
      cluster_name: upstream
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstreamPort}}}}
`;

for (const version of [PINNED_ENVOY, OLDEST_ENVOY]) {
  test(`Envoy ${version} carries a request, tells about itself, and is gone after stop`, async (t) => {
    const upstream = createServer((_, response) => response.end("from upstream"));
    await new Promise<void>((fulfil) => upstream.listen(0, "127.0.0.1", fulfil));
    t.after(() => upstream.close());
    const bootstrap = staticBootstrap((upstream.address() as AddressInfo).port);
    const envoy = await startEnvoy({ bootstrap, version, test: t });
    await envoy.ready();
    assert.equal(envoy.version, version);
    const answer = await fetch(`http://127.0.0.1:${await envoy.port("front")}/`, { headers: { connection: "close" } });
    assert.equal(await answer.text(), "from upstream");
    assert.deepEqual(
      (await envoy.clusters()).cluster_statuses?.map((status) => status["name"]),
      ["upstream"],
    );
    assert.equal(
      (await envoy.stats("^cluster.upstream.upstream_cx_total$")).get("cluster.upstream.upstream_cx_total"),
      1,
    );
    assert.match(JSON.stringify(await envoy.configDump()), /ClustersConfigDump/);
    await envoy.stop();
    assertGone(envoy);
  });
}

test("a bootstrap that Envoy refuses fails the start with Envoy's own words", async () => {
  await assert.rejects(startEnvoy({ bootstrap: "static_resources: {listeners: [{name: x, adress: {}}]}" }), /adress/);
});

function assertGone({ pid }: EnvoyProcess): void {
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
}
