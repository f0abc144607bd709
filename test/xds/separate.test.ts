/** Separate streams: one per type, and for endpoints one per name, as Envoy opens them without ADS. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, DeltaClient, NODE } from "./client.ts";
import { hosts, names } from "./reading.ts";
import { ASSIGNMENT, CLUSTER, hostname, ROUTE, ROUTES, withoutHostname } from "./resources.ts";
import { withServer } from "./running-server.ts";

const CDS = "/envoy.service.cluster.v3.ClusterDiscoveryService";
const EDS = "/envoy.service.endpoint.v3.EndpointDiscoveryService";
const RDS = "/envoy.service.route.v3.RouteDiscoveryService";

test("the streams of one connection and node id are one proxy, and make before break holds across them", () =>
  withServer({ graceMs: 30 }, async (on) => {
    const over = connect(on.port);
    const open = (path: string) => new DeltaClient({ port: on.port, path, over });
    const clusters = open(`${CDS}/DeltaClusters`);
    clusters.subscribe(CLUSTER, []);
    await clusters.accept(CLUSTER);
    const routes = open(`${RDS}/DeltaRoutes`);
    routes.subscribe(ROUTE, [ROUTES]);
    const endpoints = open(`${EDS}/DeltaEndpoints`);
    endpoints.subscribe(ASSIGNMENT, ["a.test"]);
    await endpoints.accept(ASSIGNMENT);
    const more = open(`${EDS}/DeltaEndpoints`);
    more.subscribe(ASSIGNMENT, ["b.test"]);
    const assignment = await more.next(ASSIGNMENT);
    assert.deepEqual(routes.wire.received, []);
    more.ack(assignment);
    assert.deepEqual(hosts(await routes.accept(ROUTE)), ["a.test", "b.test"]);
    assert.deepEqual([on.server.snapshot().length, on.server.snapshot()[0]?.streams], [1, 4]);
    on.store.apply(withoutHostname("b.test"));
    assert.deepEqual(hosts(await routes.accept(ROUTE)), ["a.test"]);
    assert.deepEqual((await clusters.accept(CLUSTER)).removedResources, ["b.test"]);
    more.close();
    on.store.apply(hostname("c.test"));
    assert.deepEqual(names(await clusters.accept(CLUSTER)), ["c.test"]);
    const third = open(`${EDS}/DeltaEndpoints`);
    third.subscribe(ASSIGNMENT, ["c.test"]);
    await third.accept(ASSIGNMENT);
    assert.deepEqual(hosts(await routes.accept(ROUTE)), ["a.test", "c.test"]);
    over.close();
  }));

test("rule 9: one node id over two connections is two proxies; two ids over one connection are two", () =>
  withServer({}, async (on) => {
    const over = connect(on.port);
    const ask = async (client: DeltaClient) => {
      client.subscribe(CLUSTER, []);
      await client.accept(CLUSTER);
    };
    await ask(new DeltaClient({ port: on.port, path: `${CDS}/DeltaClusters`, over }));
    await ask(new DeltaClient({ port: on.port, path: `${CDS}/DeltaClusters`, over, node: { ...NODE, id: "edge-2" } }));
    const other = new DeltaClient({ port: on.port, path: `${CDS}/DeltaClusters` });
    await ask(other);
    assert.deepEqual(
      on.server.snapshot().map(({ node }) => node.id),
      ["edge-1", "edge-2", "edge-1"],
    );
    other.close();
    over.close();
  }));

test("two aggregated streams over one connection are two proxies: something between shares the connection", () =>
  withServer({}, async (on) => {
    const over = connect(on.port);
    for (const client of [new DeltaClient({ port: on.port, over }), new DeltaClient({ port: on.port, over })]) {
      client.subscribe(CLUSTER, []);
      assert.deepEqual(names(await client.accept(CLUSTER)), ["a.test", "b.test"]);
    }
    assert.equal(on.server.snapshot().length, 2);
    over.close();
  }));

test("another type on a separate stream is garbage, and ends that stream alone", () =>
  withServer({}, async (on) => {
    const over = connect(on.port);
    const wrong = new DeltaClient({ port: on.port, path: `${CDS}/DeltaClusters`, over });
    wrong.subscribe(ROUTE, []);
    const status = await wrong.wire.ended;
    assert.deepEqual([status.code, status.details], [3, on.told.garbage[0]]);
    assert.match(status.details, /^type_url: is ".*RouteConfiguration" on a stream of .*Cluster$/);
    const right = new DeltaClient({ port: on.port, path: `${CDS}/DeltaClusters`, over });
    right.subscribe(CLUSTER, []);
    await right.accept(CLUSTER);
    over.close();
  }));
