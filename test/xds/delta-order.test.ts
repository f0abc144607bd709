/** The rules of this server (ARCHITECTURE, "The xDS server") over the incremental protocol; those of the protocol itself are in conformance/. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ResourceStore } from "../../src/xds/store.ts";
import { DeltaClient } from "./client.ts";
import { hosts, names, started, versions } from "./reading.ts";
import {
  ASSIGNMENT,
  assignment,
  CLUSTER,
  cluster,
  fleet,
  hostname,
  ROUTE,
  ROUTES,
  SCOPED_ROUTE,
  scope,
  withoutHostname,
} from "./resources.ts";
import { storeOf, withServer } from "./running-server.ts";

test("rule 1: a reconnecting proxy that has everything is sent nothing, though the server is another", async () => {
  let had: Record<string, Record<string, string>> = {};
  await withServer({}, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, []);
    const clusters = await client.accept(CLUSTER);
    client.subscribe(ASSIGNMENT, ["a.test", "b.test"]);
    const assignments = await client.accept(ASSIGNMENT);
    client.subscribe(ROUTE, [ROUTES]);
    had = {
      clusters: versions(clusters),
      assignments: versions(assignments),
      routes: versions(await client.accept(ROUTE)),
    };
    client.close();
  });
  await withServer({ store: storeOf("b.test", "a.test") }, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, [], had["clusters"]);
    client.subscribe(ROUTE, [ROUTES], had["routes"]);
    client.subscribe(ASSIGNMENT, ["a.test", "b.test"], had["assignments"]);
    assert.deepEqual(await client.rest(), []);
    on.store.apply([{ put: assignment("a.test", "moved") }]);
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["a.test"]);
    client.close();
  });
});

test("rule 2: nothing is sent before the store is complete", async () => {
  const store = new ResourceStore();
  store.apply([...fleet(), ...hostname("a.test")]);
  await withServer({ store }, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, []);
    await on.until(() => on.told.connected.length === 1);
    store.apply(hostname("b.test"));
    await new Promise((settle) => setTimeout(settle, 30)); // time enough for a wrong response
    assert.deepEqual(client.wire.received, []);
    store.markComplete();
    assert.deepEqual(names(await client.accept(CLUSTER)), ["a.test", "b.test"]);
    client.close();
  });
});

test("rule 2: from stale sources a proxy is given what it lacks, no updates and no removals", () =>
  withServer({}, async (on) => {
    on.store.setFrozen(true);
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, [], { "a.test": "another", "gone.test": "1" });
    assert.deepEqual(names(await client.accept(CLUSTER)), ["b.test"]);
    client.subscribe(ROUTE, [ROUTES], { [ROUTES]: "another" });
    assert.deepEqual(await client.rest(), []);
    on.store.setFrozen(false);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["a.test"]);
    client.close();
  }));

test("rule 4: a route waits for its cluster and endpoints, the others do not", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([...hostname("c.test"), { remove: { type: ROUTE, name: "b.test", of: ROUTES } }]);
    const clusters = await client.next(CLUSTER);
    assert.deepEqual(names(clusters), ["c.test"]);
    assert.deepEqual(hosts(await client.accept(ROUTE)), ["a.test"]);
    client.ack(clusters);
    assert.deepEqual(await client.rest(), []);
    client.subscribe(ASSIGNMENT, ["c.test"]);
    const assignments = await client.next(ASSIGNMENT);
    assert.deepEqual(await client.rest(), []);
    client.ack(assignments);
    assert.deepEqual(hosts(await client.accept(ROUTE)), ["a.test", "c.test"]);
    client.close();
  }));

test("rule 4: a removal goes route, acknowledgement, grace, cluster", () =>
  withServer({ graceMs: 40 }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply(withoutHostname("b.test"));
    const routes = await client.next(ROUTE);
    assert.deepEqual(hosts(routes), ["a.test"]);
    assert.deepEqual(await client.rest(), []);
    client.ack(routes);
    const removed = await client.accept(CLUSTER);
    assert.deepEqual([names(removed), removed.removedResources], [[], ["b.test"]]);
    assert.deepEqual((await client.accept(ASSIGNMENT)).removedResources, ["b.test"]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("rule 5: a changed cluster is followed by its unchanged assignment in the same turn", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: cluster("a.test", "changed") }]);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["a.test"]);
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["a.test"]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("rds: the next response waits for the answer to the last", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ remove: { type: ROUTE, name: "b.test", of: ROUTES } }]);
    const first = await client.next(ROUTE);
    on.store.apply([{ remove: { type: ROUTE, name: "a.test", of: ROUTES } }]);
    assert.deepEqual(await client.rest(), []);
    client.ack(first);
    assert.deepEqual(hosts(await client.accept(ROUTE)), []);
    client.close();
  }));

test("the first route response of a fresh proxy is complete", () =>
  withServer({}, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER);
    client.subscribe(ROUTE, [ROUTES]);
    client.subscribe(ASSIGNMENT, ["a.test"]);
    await client.accept(ASSIGNMENT);
    assert.deepEqual(await client.rest(), []);
    client.subscribe(ASSIGNMENT, ["b.test"]);
    await client.accept(ASSIGNMENT);
    assert.deepEqual(hosts(await client.accept(ROUTE)), ["a.test", "b.test"]);
    client.close();
  }));

test("the first answer to a wildcard of scopes is complete, later ones are not held up", () => {
  const store = storeOf("a.test", "b.test");
  store.apply([{ put: scope("a.test") }, { put: scope("b.test") }]);
  return withServer({ store }, async ({ port }) => {
    const client = new DeltaClient({ port });
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER);
    client.subscribe(SCOPED_ROUTE, []);
    client.subscribe(ASSIGNMENT, ["a.test"]);
    await client.accept(ASSIGNMENT);
    assert.deepEqual(await client.rest(), []);
    client.subscribe(ASSIGNMENT, ["b.test"]);
    await client.accept(ASSIGNMENT);
    assert.deepEqual(names(await client.accept(SCOPED_ROUTE)), ["a.test", "b.test"]);
    store.apply([{ put: cluster("c.test") }, { put: scope("c.test") }, { put: scope("a.test", "2") }]);
    assert.deepEqual(names(await client.accept(SCOPED_ROUTE)), ["a.test"]);
    client.close();
  });
});

test("moves do not wait for the answers of a proxy that is far away", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    for (let i = 0; i < 100; i += 1) {
      on.store.apply([{ put: assignment("a.test", `moved ${i}`) }]);
      assert.deepEqual(names(await client.next(ASSIGNMENT)), ["a.test"]); // and not answered
    }
    client.close();
  }));
