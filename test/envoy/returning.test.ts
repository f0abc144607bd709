/** Real Envoys that come back to a Signalbox whose clusters have changed, as after an upgrade: endpoints follow, though Envoy has them. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bootstrapOf, XDS_CLUSTER } from "../../src/envoy/bootstrap.ts";
import type { FleetSpec } from "../../src/envoy/fleet-spec.ts";
import { translateFleet, translateHostname } from "../../src/envoy/translate.ts";
import { type ProxyTransport, variantOf } from "../../src/envoy/variant.ts";
import { XdsServer } from "../../src/xds/server.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { fleet } from "../model/sample-fleet.ts";
import { PATIENCE_MS } from "../patience.ts";
import { get, hostNamed } from "../serve/requests.ts";
import { startEnvoy } from "./envoy-process.ts";
import { endpointOf, resourcesOf } from "./request-bench.ts";

const HOSTNAMES = ["a.test", "b.test", "c.test"];

const ENVOYS: readonly { readonly transport: ProxyTransport; readonly version: string }[] = [
  { transport: "sotw-ads", version: "1.40.0" },
  { transport: "sotw-ads", version: "1.36.2" },
  { transport: "delta-ads", version: "1.40.0" },
  { transport: "delta-ads", version: "1.36.2" },
];

const { spec: USUAL } = fleet("edge");
const SPEC: FleetSpec = {
  ...USUAL,
  accessLog: false,
  listeners: USUAL.listeners.map((listener) => ({ ...listener, port: 0 })),
};
const WISH = {
  layout: "rds",
  endpoints: "eds",
  xdsCluster: XDS_CLUSTER,
  unknownHostname: SPEC.unknownHostname,
} as const;

/** A server process' worth: a store of its own, and nothing remembered. */
async function serverOf(t: TestContext, spec: FleetSpec, host: Parameters<typeof endpointOf>[0], address: string) {
  const { variant } = variantOf(WISH, { transport: "delta-ads", build: { major: 1, minor: 40 } });
  const store = new ResourceStore();
  const translations = HOSTNAMES.map((hostname) =>
    translateHostname(spec, variant, {
      ...{ hostname, owner: "shop", protocolGroup: "" },
      endpoints: [endpointOf(host, hostname)],
    }),
  );
  const resources = [translateFleet(spec, variant), ...translations].flatMap((one) => resourcesOf(one));
  store.apply(resources.map((put) => ({ put })));
  store.markComplete();
  const server = new XdsServer({ assign: () => ({ fleet: "edge", store }) });
  t.after(() => server.close(0));
  const bound = await server.listen(address);
  assert.ok("port" in bound, JSON.stringify(bound));
  return { server, address: `127.0.0.1:${bound.port}` };
}

test("rule 5: clusters changed while Signalbox was away warm no longer than it takes to send their endpoints", async (t) => {
  const host = await hostNamed(t, "one", ...HOSTNAMES);
  const before = await serverOf(t, SPEC, host, "127.0.0.1:0");
  const envoys = await Promise.all(
    ENVOYS.map(async ({ transport, version }) => {
      const bootstrap = bootstrapOf({
        ...{ fleet: "edge", nodeId: `${transport} ${version}`, nodeCluster: "edge", xdsAddress: before.address },
        ...{ adminAddress: "127.0.0.1:0", transport, tls: undefined, probeAddress: undefined },
      });
      const envoy = await startEnvoy({ bootstrap, test: t, version, logLevel: "warning" });
      await envoy.ready();
      return envoy;
    }),
  );
  await before.server.close(0);
  const traffic = { ...SPEC.traffic, connectTimeoutMs: SPEC.traffic.connectTimeoutMs + 1 };
  await serverOf(t, { ...SPEC, traffic }, host, before.address);
  for (const [at, envoy] of envoys.entries()) {
    const until = performance.now() + PATIENCE_MS;
    const stat = async (filter: string): Promise<number> => {
      let sum = 0;
      for (const value of (await envoy.stats(filter)).values()) sum += value;
      return sum;
    };
    const changed = async (): Promise<boolean> =>
      (await stat("^cluster_manager.cluster_modified$")) >= HOSTNAMES.length &&
      (await stat("^cluster_manager.warming_clusters$")) === 0;
    while (!(await changed())) {
      assert.ok(performance.now() < until, `${JSON.stringify(ENVOYS[at])}: the clusters have not changed`);
      await sleep(20);
    }
    const timedOut = await stat("^cluster\\..*_test\\.init_fetch_timeout$");
    assert.equal(timedOut, 0, `${JSON.stringify(ENVOYS[at])}: Envoy gave up waiting for endpoints`);
    const port = await envoy.port("http");
    for (const hostname of HOSTNAMES) assert.equal((await get(port, hostname)).status, 200, hostname);
  }
});
