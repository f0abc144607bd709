/** A real Envoy among clients that misbehave: it is given every change; and a real Envoy that was frozen catches up when it goes on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Resource } from "../../src/codec/resource.ts";
import { bootstrapOf } from "../../src/envoy/bootstrap.ts";
import { translateFleet, translateHostname } from "../../src/envoy/translate.ts";
import { XdsServer } from "../../src/xds/server.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { fleet, RDS } from "../model/sample-fleet.ts";
import { PATIENCE_MS } from "../patience.ts";
import { get, hostNamed } from "../serve/requests.ts";
import { DeltaClient } from "../xds/client.ts";
import { CLUSTER } from "../xds/resources.ts";
import { type EnvoyProcess, startEnvoy } from "./envoy-process.ts";
import { endpointOf, resourcesOf } from "./request-bench.ts";

const OLD = ["old-0.test", "old-1.test"];
const NEW = ["new-0.test", "new-1.test", "new-2.test"];

async function serves(envoy: EnvoyProcess, hostname: string): Promise<void> {
  const port = await envoy.port("http");
  const until = performance.now() + PATIENCE_MS;
  for (let status = -1; status !== 200; await sleep(10)) {
    status = (await get(port, hostname)).status;
    assert.ok(performance.now() < until, `${hostname} still answers ${status}`);
  }
}

test("an Envoy beside one that is frozen, one that rejects everything and one that sends noise is given every change", async (t) => {
  const host = await hostNamed(t, "one", ...OLD, ...NEW);
  const { spec } = fleet("edge");
  const [listener] = spec.listeners;
  assert.ok(listener !== undefined);
  const of = (hostname: string): readonly Resource[] => {
    const endpoints = [endpointOf(host, hostname)];
    return resourcesOf(translateHostname(spec, RDS, { hostname, owner: "shop", protocolGroup: "", endpoints }));
  };
  const store = new ResourceStore();
  const counts = { rejected: 0, garbage: 0 };
  const server = new XdsServer({
    assign: () => ({ fleet: "edge", store }),
    graceMs: 0,
    ...{ keepaliveMs: 200, keepaliveTimeoutMs: 1_000 }, // a frozen one is found out sooner than by default
    observer: {
      rejected: () => (counts.rejected += 1),
      garbage: () => (counts.garbage += 1),
    },
  });
  const bound = await server.listen("127.0.0.1:0");
  assert.ok("port" in bound);
  t.after(() => server.close(0));
  const base = resourcesOf(translateFleet({ ...spec, listeners: [{ ...listener, port: 0 }] }, RDS));
  store.apply([...base, ...OLD.flatMap(of)].map((put) => ({ put })));
  store.markComplete();
  const bootstrap = bootstrapOf({
    ...{ fleet: "edge", nodeId: "edge", nodeCluster: "edge", xdsAddress: `127.0.0.1:${bound.port}` },
    ...{ transport: "delta-ads", adminAddress: "127.0.0.1:0", tls: undefined, probeAddress: undefined },
  });
  const good = await startEnvoy({ bootstrap, test: t });
  const frozen = await startEnvoy({ bootstrap, test: t });
  for (const envoy of [good, frozen]) {
    await envoy.ready();
    for (const hostname of OLD) await serves(envoy, hostname);
  }
  process.kill(frozen.pid, "SIGSTOP");
  try {
    const bad = new DeltaClient({ port: bound.port });
    t.after(() => bad.close());
    bad.subscribe(CLUSTER, []);
    const rejecting = (async () => {
      while (counts.rejected < OLD.length + NEW.length) bad.nack(await bad.next(CLUSTER), "no");
    })().catch(() => undefined); // ended by the test's end at the latest
    for (let at = 0; at < 120; at++) {
      const noise = new DeltaClient({ port: bound.port });
      noise.wire.send(Buffer.alloc(100, 0xff));
      await noise.wire.ended;
      noise.close();
      const hostname = NEW[at / 40];
      if (hostname === undefined) continue;
      store.apply(of(hostname).map((put) => ({ put })));
      await serves(good, hostname);
    }
    while (server.snapshot().length > 2) await sleep(10); // good and bad
    assert.equal(counts.garbage, 120);
    bad.close();
    await rejecting;
  } finally {
    process.kill(frozen.pid, "SIGCONT");
  }
  for (const hostname of NEW) await serves(frozen, hostname);
});
