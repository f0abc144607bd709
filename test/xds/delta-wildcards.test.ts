/** Subscriptions over the incremental protocol: wildcards, names that do not exist, types that nobody serves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ResourceStore } from "../../src/xds/store.ts";
import { DeltaClient } from "./client.ts";
import { names, started } from "./reading.ts";
import { ASSIGNMENT, assignment, CLUSTER, cluster, LISTENER, ROUTE, ROUTES, SCOPED_ROUTE, scope } from "./resources.ts";
import { storeOf, withServer } from "./running-server.ts";

const SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
const RUNTIME = "type.googleapis.com/envoy.service.runtime.v3.Runtime";

test("a fresh wildcard of an empty but complete store is answered, once", async () => {
  const store = new ResourceStore();
  store.markComplete();
  await withServer({ store }, async ({ port }) => {
    const client = new DeltaClient({ port });
    client.subscribe(CLUSTER, []);
    client.subscribe(SCOPED_ROUTE, ["*"]);
    for (const type of [CLUSTER, SCOPED_ROUTE]) {
      const response = await client.accept(type);
      assert.deepEqual([names(response), response.removedResources ?? []], [[], []]);
    }
    assert.deepEqual(await client.rest(), []);
    client.close();
  });
});

test("a name that does not exist is listed as removed, and sent once it exists", () =>
  withServer({}, async ({ port, store }) => {
    const client = new DeltaClient({ port });
    client.subscribe(ASSIGNMENT, ["a.test", "later.test"]);
    const first = await client.accept(ASSIGNMENT);
    assert.deepEqual([names(first), first.removedResources], [["a.test"], ["later.test"]]);
    store.apply([{ put: assignment("later.test") }, { put: assignment("unwanted.test") }]);
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["later.test"]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("types that nobody serves are answered with what is missing, and not again", () =>
  withServer({}, async ({ port }) => {
    const client = new DeltaClient({ port });
    client.subscribe(SECRET, ["cert"]);
    const secrets = await client.accept(SECRET);
    assert.deepEqual([names(secrets), secrets.removedResources], [[], ["cert"]]);
    client.subscribe(RUNTIME, ["layer"]);
    assert.deepEqual((await client.accept(RUNTIME)).removedResources, ["layer"]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("asking again for a name is answered, though the proxy has it", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    client.subscribe(ASSIGNMENT, ["b.test"]);
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["b.test"]);
    client.subscribe(ROUTE, [ROUTES]);
    assert.deepEqual(names(await client.accept(ROUTE)), [ROUTES]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("a name not subscribed to any more is not updated, and no response says so", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    client.unsubscribe(ASSIGNMENT, ["b.test"]);
    assert.deepEqual(await client.rest(), []);
    on.store.apply([{ put: assignment("a.test", "2") }, { put: assignment("b.test", "2") }]);
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["a.test"]);
    client.close();
  }));

test("a name unsubscribed under a wildcard is sent again", () =>
  withServer({}, async ({ port }) => {
    const client = new DeltaClient({ port });
    client.subscribe(CLUSTER, ["*", "a.test"]);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["a.test", "b.test"]);
    client.unsubscribe(CLUSTER, ["a.test"]);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["a.test"]);
    client.close();
  }));

test("without the wildcard only names are updated", () =>
  withServer({}, async ({ port, store }) => {
    const client = new DeltaClient({ port });
    client.subscribe(CLUSTER, ["*", "a.test"]);
    await client.accept(CLUSTER);
    client.unsubscribe(CLUSTER, ["*"]);
    assert.deepEqual(await client.rest(), []);
    store.apply([{ put: cluster("a.test", "2") }, { put: cluster("b.test", "2") }, { put: cluster("c.test") }]);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["a.test"]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("a stale nonce acknowledges nothing, but what it subscribes to counts", () =>
  withServer({}, async ({ port }) => {
    const client = new DeltaClient({ port });
    client.subscribe(ASSIGNMENT, ["a.test"]);
    await client.next(ASSIGNMENT);
    client.send({ typeUrl: ASSIGNMENT, responseNonce: "of another stream", resourceNamesSubscribe: ["b.test"] });
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["b.test"]);
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

test("a listener subscription is answered though its proxy asked for nothing else", () =>
  withServer({}, async ({ port }) => {
    const client = new DeltaClient({ port });
    client.subscribe(LISTENER, []);
    assert.deepEqual(names(await client.accept(LISTENER)), ["edge"]);
    client.close();
  }));
