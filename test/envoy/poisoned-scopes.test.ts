/** One scope that Envoy rejects, put below our own validation, must not keep the others of its response from being served. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { encode } from "../../src/codec/encode.ts";
import type { Resource } from "../../src/codec/resource.ts";
import { versionOf } from "../../src/codec/version.ts";
import { CLUSTER_TYPE, SCOPE_TYPE } from "../../src/envoy/names.ts";
import { type Translation, translateFleet, translateHostname } from "../../src/envoy/translate.ts";
import { fleet, SCOPED } from "../model/sample-fleet.ts";
import { PATIENCE_MS } from "../patience.ts";
import { startEnvoy } from "./envoy-process.ts";
import { rawRequest } from "./raw-request.ts";
import { xdsDelivery } from "./xds-delivery.ts";

/** Two virtual hosts of one domain: Envoy refuses the whole response. */
function badScope(): Resource {
  const virtualHost = (name: string) => ({
    name,
    domains: ["*"],
    routes: [{ match: { prefix: "/" }, directResponse: { status: 200 } }],
  });
  const bytes = encode("envoy.config.route.v3.ScopedRouteConfiguration", {
    name: "bad.test",
    key: { fragments: [{ stringKey: "bad.test" }] },
    routeConfiguration: { name: "bad.test", virtualHosts: [virtualHost("one"), virtualHost("two")] },
  });
  return {
    kind: "whole",
    type: SCOPE_TYPE,
    name: "bad.test",
    version: versionOf(bytes),
    bytes,
    requires: [{ type: CLUSTER_TYPE, name: "good-6.test" }], // so that it comes in one response with the good ones

    companion: undefined,
    subject: undefined,
  };
}

const resourcesOf = (translation: Translation): readonly Resource[] => {
  assert.ok(translation.ok);
  return translation.resources;
};

for (const version of ["1.40.0", "1.36.2"])
  test(`good scopes beside a rejected one are served, Envoy ${version}`, async (t) => {
    const { spec } = fleet("edge");
    const listeners = spec.listeners.map((listener) => ({ ...listener, port: 0 }));
    const delivery = await xdsDelivery("delta-ads");
    t.after(() => delivery.stop());
    const base = resourcesOf(translateFleet({ ...spec, listeners }, SCOPED));
    await delivery.deliver(base);
    const envoy = await startEnvoy({ bootstrap: delivery.bootstrap, test: t, version });
    await envoy.ready();
    const port = await envoy.port("http");
    const names = Array.from({ length: 7 }, (_, i) => `good-${i}.test`);
    const good = names.flatMap((hostname) =>
      resourcesOf(translateHostname(spec, SCOPED, { hostname, owner: "shop", protocolGroup: "", endpoints: [] })),
    );
    await delivery.deliver([...base, ...good, badScope()]);
    const until = performance.now() + PATIENCE_MS;
    for (const name of [...names].reverse()) {
      for (let status = 404; status !== 503; await sleep(20)) {
        status = (await rawRequest(port, `GET / HTTP/1.1\nHost: ${name}\nConnection: close\n\n`)).status; // no endpoint, so a route answers 503
        assert.ok(performance.now() < until, `${name} still answers ${status}`);
      }
    }
    const stats = await envoy.stats("scoped_rds.*update_rejected");
    assert.ok(
      [...stats.values()].some((count) => count > 0),
      "the bad scope was rejected",
    );
    assert.equal((await rawRequest(port, "GET / HTTP/1.1\nHost: bad.test\nConnection: close\n\n")).status, 404);
  });
