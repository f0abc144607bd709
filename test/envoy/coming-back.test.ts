/** Real Envoys whose line breaks again and again, with nothing new for them: each time they get a response, without which Envoy would wait longer each time. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { bootstrapOf, XDS_CLUSTER } from "../../src/envoy/bootstrap.ts";
import { translateFleet, translateHostname } from "../../src/envoy/translate.ts";
import { variantOf } from "../../src/envoy/variant.ts";
import { XdsServer } from "../../src/xds/server.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { fleet } from "../model/sample-fleet.ts";
import { PATIENCE_MS } from "../patience.ts";
import { hostNamed } from "../serve/requests.ts";
import { startEnvoy } from "./envoy-process.ts";
import { startRelay } from "./relay.ts";
import { endpointOf, resourcesOf } from "./request-bench.ts";

const { spec: USUAL } = fleet("edge");
const SPEC = { ...USUAL, accessLog: false, listeners: USUAL.listeners.map((listener) => ({ ...listener, port: 0 })) };

const BREAKS = 8;

for (const version of ["1.40.0", "1.36.2"])
  for (const transport of ["delta-ads", "sotw-ads"] as const)
    test(`Envoy ${version}, ${transport}: each time it comes back it is sent listeners and nothing else, and acknowledges them`, async (t) => {
      const host = await hostNamed(t, "one", "a.test");
      const wish = { layout: "rds", endpoints: "eds", xdsCluster: XDS_CLUSTER, unknownHostname: SPEC.unknownHostname };
      const { variant } = variantOf({ ...wish, layout: "rds", endpoints: "eds" }, { transport, build: undefined });
      const placed = { hostname: "a.test", owner: "shop", protocolGroup: "", endpoints: [endpointOf(host, "a.test")] };
      const resources = [translateFleet(SPEC, variant), translateHostname(SPEC, variant, placed)].flatMap(resourcesOf);
      const store = new ResourceStore();
      store.apply(resources.map((put) => ({ put })));
      store.markComplete();
      const told = new EventTarget();
      const sent: string[] = [];
      const server = new XdsServer({
        assign: () => ({ fleet: "edge", store }),
        observer: {
          connected: () => void sent.push("connected"),
          sent: (_, { type }) => void sent.push(type.slice(type.lastIndexOf(".") + 1)),
          acknowledged: (_, { type }) => void told.dispatchEvent(new Event(type.slice(type.lastIndexOf(".") + 1))),
        },
      });
      t.after(() => server.close(0));
      const bound = await server.listen("127.0.0.1:0");
      assert.ok("port" in bound);
      const relay = await startRelay(bound.port, () => 0);
      t.after(() => relay.close());
      const routed = once(told, "RouteConfiguration");
      const bootstrap = bootstrapOf({
        ...{ fleet: "edge", nodeId: "envoy", nodeCluster: "edge", xdsAddress: `127.0.0.1:${relay.port}` },
        ...{ adminAddress: "127.0.0.1:0", transport, tls: undefined, probeAddress: undefined },
      });
      const envoy = await startEnvoy({ bootstrap, test: t, version });
      await envoy.ready();
      await routed;
      sent.length = 0;
      for (let i = 0; i < BREAKS; i += 1) {
        const acknowledged = once(told, "Listener", { signal: AbortSignal.timeout(PATIENCE_MS) });
        relay.cut();
        await acknowledged;
      }
      const each = sent
        .join(" ")
        .split("connected")
        .slice(1)
        .map((types) => types.trim());
      // Assignments that SotW asks for by name are answered.
      assert.deepEqual([...new Set(each.map((types) => types.replace(/ ?ClusterLoadAssignment ?/, "")))], ["Listener"]);
      assert.equal(each.length, BREAKS);
    });
