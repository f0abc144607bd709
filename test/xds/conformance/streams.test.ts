/** What holds for a stream as a whole: its types, its first request, and the services there are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { connect, DeltaClient, NODE, SotwClient } from "../client.ts";
import { ASSIGNMENT, assignment, CLUSTER, cluster, LISTENER, ROUTE, SCOPED_ROUTE, whole } from "../resources.ts";
import { storeOf, withServer } from "../running-server.ts";
import { methodOf, RTDS, SDS, VARIANTS, type Variant } from "./combinations.ts";
import { rule } from "./rule.ts";

rule("the type may be left out on a separate stream", { aggregated: false }, async ({ client, server }) => {
  server.has({ a: "1" });
  client.saysType = false;
  client.reconnects({ silently: true });
  client.asksForEverything();
  await client.isGiven({ a: "1" });
  server.changes({ a: "2" });
  await client.isGiven({ a: "2" });
});

const withType = (variant: Variant, kind: typeof SDS) => {
  const path = methodOf(variant, kind);
  return path === undefined ? {} : { path };
};

for (const variant of VARIANTS)
  for (const kind of [SDS, RTDS])
    test(`a type that nobody fills is answered, and has nothing: ${kind.name}, ${variant.name}`, () =>
      withServer({}, async ({ port }) => {
        if (variant.delta) {
          const client = new DeltaClient({ port, ...withType(variant, kind) });
          client.subscribe(kind.type, ["layer"]);
          const response = await client.accept(kind.type);
          assert.deepEqual([response.resources ?? [], response.removedResources], [[], ["layer"]]);
          if (variant.aggregated) assert.deepEqual(await client.rest(), []);
          client.close();
        } else {
          const client = new SotwClient({ port, ...withType(variant, kind) });
          client.subscribe(kind.type, ["layer"]);
          const response = await client.accept(kind.type, ["layer"]);
          assert.deepEqual([response.resources ?? [], typeof response.versionInfo], [[], "string"]);
          if (variant.aggregated) assert.deepEqual(await client.rest(), []);
          client.close();
        }
      }));

test("the node is needed in the first request of a stream alone", () =>
  withServer({}, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER);
    client.send({ typeUrl: ASSIGNMENT, resourceNamesSubscribe: ["a.test"], node: { ...NODE, id: "somebody else" } });
    await client.accept(ASSIGNMENT);
    assert.deepEqual(
      on.server.snapshot().map(({ node }) => node.id),
      ["edge-1"],
    );
    client.close();
  }));

test("types on one stream know nothing of each other: SotW, ADS", () =>
  withServer({}, async ({ port, store, server }) => {
    const client = new SotwClient({ port });
    client.subscribe(CLUSTER, []);
    client.subscribe(ASSIGNMENT, ["a.test"]);
    const clusters = await client.next(CLUSTER);
    const assignments = await client.next(ASSIGNMENT);
    const stateOf = (type: string) => server.deliveries(type, "a.test").map(({ state }) => state);
    client.send({ typeUrl: ASSIGNMENT, resourceNames: ["a.test"], responseNonce: clusters.nonce }); // of the other type
    assert.deepEqual(await client.rest(), []);
    assert.deepEqual([stateOf(CLUSTER), stateOf(ASSIGNMENT)], [["sent"], ["sent"]]);
    client.nack(assignments, ["a.test"], "no");
    client.ack(clusters, []);
    assert.deepEqual(await client.rest(), []);
    store.apply([{ put: assignment("a.test", "2") }]);
    assert.equal((await client.accept(ASSIGNMENT, ["a.test"])).resources?.length, 1);
    await client.rest();
    assert.deepEqual([stateOf(CLUSTER), stateOf(ASSIGNMENT)], [["acknowledged"], ["acknowledged"]]);
    client.close();
  }));

test("types on one stream know nothing of each other: delta, ADS", () =>
  withServer({}, async ({ port, server }) => {
    const client = new DeltaClient({ port });
    client.subscribe(CLUSTER, []);
    client.subscribe(ASSIGNMENT, ["a.test"]);
    const clusters = await client.next(CLUSTER);
    const assignments = await client.next(ASSIGNMENT);
    const stateOf = (type: string) => server.deliveries(type, "a.test").map(({ state }) => state);
    client.nack({ ...clusters, typeUrl: ASSIGNMENT }, "no"); // the nonce of one with the type of the other
    await client.rest();
    assert.deepEqual([stateOf(CLUSTER), stateOf(ASSIGNMENT)], [["sent"], ["sent"]]);
    client.ack(clusters);
    client.nack(assignments, "no");
    await client.rest();
    assert.deepEqual([stateOf(CLUSTER), stateOf(ASSIGNMENT)], [["acknowledged"], ["rejected"]]);
    client.close();
  }));

const pointing = [CLUSTER, ASSIGNMENT, LISTENER, SCOPED_ROUTE, ROUTE];
const names = ["one"];

test("what is pointed at is sent before what points at it: delta, ADS", () =>
  withServer({ store: storeOf() }, async ({ port, store, told }) => {
    const client = new DeltaClient({ port });
    for (const type of pointing.toReversed()) client.subscribe(type, names);
    for (const type of pointing) await client.accept(type);
    await client.rest();
    const before = told.sent.length;
    store.apply(pointing.toReversed().map((type) => ({ put: whole(type, "one") })));
    for (const type of pointing) await client.accept(type);
    assert.deepEqual(
      told.sent.slice(before).map(({ type }) => type),
      pointing,
    );
    client.close();
  }));

test("what is pointed at is sent before what points at it: SotW, ADS", () =>
  withServer({ store: storeOf() }, async ({ port, store, told }) => {
    const client = new SotwClient({ port });
    for (const type of pointing.toReversed()) client.subscribe(type, names);
    for (const type of pointing) await client.accept(type, names);
    await client.rest();
    const before = told.sent.length;
    store.apply(pointing.toReversed().map((type) => ({ put: whole(type, "one") })));
    for (const type of pointing) await client.accept(type, names);
    assert.deepEqual(
      told.sent.slice(before).map(({ type }) => type),
      pointing,
    );
    client.close();
  }));

for (const variant of VARIANTS.filter(({ aggregated }) => !aggregated))
  test(`streams of one type have names of their own: separate, ${variant.delta ? "delta" : "SotW"}`, () =>
    withServer({}, async ({ port, store }) => {
      const over = connect(port);
      const service = "envoy.service.endpoint.v3.EndpointDiscoveryService";
      const path = `/${service}/${variant.delta ? "DeltaEndpoints" : "StreamEndpoints"}`;
      const given: Record<string, number> = {};
      for (const name of ["a.test", "b.test"]) {
        const client = variant.delta ? new DeltaClient({ port, over, path }) : new SotwClient({ port, over, path });
        client.subscribe(ASSIGNMENT, [name]);
        const response = client instanceof DeltaClient ? client.accept(ASSIGNMENT) : client.accept(ASSIGNMENT, [name]);
        given[name] = (await response).resources?.length ?? 0;
        store.apply([{ put: assignment(name, "2") }]);
        assert.equal((await client.next(ASSIGNMENT)).resources?.length, 1);
      }
      assert.deepEqual(given, { "a.test": 1, "b.test": 1 });
      over.close();
    }));

test("one response holds one type though a change concerned several", () =>
  withServer({ store: storeOf("a.test") }, async ({ port, store }) => {
    const client = new DeltaClient({ port });
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER);
    client.subscribe(ASSIGNMENT, ["a.test"]);
    await client.accept(ASSIGNMENT);
    store.apply([{ put: cluster("a.test", "2") }, { put: assignment("a.test", "2") }]);
    for (const type of [CLUSTER, ASSIGNMENT])
      assert.deepEqual(
        (await client.accept(type)).resources?.map(({ resource }) => resource?.typeUrl),
        [type],
      );
    client.close();
  }));

const NOT_SERVED = [
  "/envoy.service.route.v3.VirtualHostDiscoveryService/DeltaVirtualHosts",
  "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs",
  "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats",
  "/envoy.service.health.v3.HealthDiscoveryService/StreamHealthCheck",
];
for (const path of NOT_SERVED)
  test(`a service that is not served says so: ${path}`, () =>
    withServer({}, async ({ port }) => {
      const client = new DeltaClient({ port, path });
      client.subscribe("", []);
      assert.equal((await client.wire.ended).code, status.UNIMPLEMENTED);
      client.close();
    }));
