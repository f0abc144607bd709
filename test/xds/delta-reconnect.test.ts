/** Make before break over reconnects, re-adding, and proxies that fall silent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DeltaClient } from "./client.ts";
import { hosts, names, started, versions } from "./reading.ts";
import { ASSIGNMENT, CLUSTER, cluster, hostname, ROUTE, ROUTES, withoutHostname } from "./resources.ts";
import { type Running, storeOf, withServer } from "./running-server.ts";

/** What a proxy of `a.test` and `gone.test` has. */
async function contents(on: Running): Promise<Record<"clusters" | "assignments" | "routes", Record<string, string>>> {
  const client = new DeltaClient({ port: on.port });
  client.subscribe(CLUSTER, []);
  const clusters = versions(await client.accept(CLUSTER));
  client.subscribe(ASSIGNMENT, ["a.test", "gone.test"]);
  const assignments = versions(await client.accept(ASSIGNMENT));
  client.subscribe(ROUTE, [ROUTES]);
  const routes = versions(await client.accept(ROUTE));
  client.close();
  return { clusters, assignments, routes };
}

test("after a reconnect the same order holds: route, acknowledgement, grace, cluster", async () => {
  let had: Awaited<ReturnType<typeof contents>> | undefined;
  await withServer({ store: storeOf("a.test", "gone.test") }, async (on) => {
    had = await contents(on);
  });
  // A new process, whose store never heard of gone.test.
  await withServer({ store: storeOf("a.test"), graceMs: 40 }, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, [], had?.clusters);
    client.subscribe(ASSIGNMENT, ["a.test", "gone.test"], had?.assignments);
    client.subscribe(ROUTE, [ROUTES], had?.routes);
    const routes = await client.next(ROUTE);
    assert.deepEqual(hosts(routes), ["a.test"]);
    await new Promise((settle) => setTimeout(settle, 80)); // two graces: the cluster waits for the acknowledgement
    assert.deepEqual(await client.rest(), []);
    client.ack(routes);
    assert.deepEqual((await client.accept(CLUSTER)).removedResources, ["gone.test"]);
    assert.deepEqual((await client.accept(ASSIGNMENT)).removedResources, ["gone.test"]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  });
});

test("rule 5: a changed cluster is followed by its assignment, though a proxy that comes back tells of that later", () =>
  withServer({ store: storeOf("a.test", "gone.test") }, async (on) => {
    const { clusters, assignments } = await contents(on);
    on.store.apply([{ put: cluster("a.test", "2") }]);
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, [], clusters);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["a.test"]);
    client.subscribe(ASSIGNMENT, ["a.test", "gone.test"], assignments);
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["a.test"]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("a reconnecting proxy keeps its routes while its other types are still being compared", () =>
  withServer({ store: storeOf("a.test", "gone.test") }, async (on) => {
    const { clusters, assignments, routes } = await contents(on);
    on.store.apply(hostname("new.test"));
    const client = new DeltaClient({ port: on.port });
    client.subscribe(ROUTE, [ROUTES], routes); // before the types that its parts need
    assert.deepEqual(await client.rest(), []);
    client.subscribe(CLUSTER, [], clusters);
    client.subscribe(ASSIGNMENT, ["a.test", "gone.test"], assignments);
    const added = await client.accept(CLUSTER);
    assert.deepEqual(names(added), ["new.test"]);
    assert.deepEqual(await client.rest(), []);
    client.subscribe(ASSIGNMENT, ["new.test"]);
    await client.accept(ASSIGNMENT);
    assert.deepEqual(hosts(await client.accept(ROUTE)), ["a.test", "gone.test", "new.test"]);
    client.close();
  }));

test("putting a hostname again within the grace keeps its cluster, which is not sent again", () =>
  withServer({ graceMs: 60_000 }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply(withoutHostname("b.test"));
    assert.deepEqual(hosts(await client.accept(ROUTE)), ["a.test"]);
    on.store.apply(hostname("b.test"));
    assert.deepEqual(hosts(await client.accept(ROUTE)), ["a.test", "b.test"]);
    assert.deepEqual(await client.rest(), []);
    assert.equal(on.server.snapshot()[0]?.types.find(({ type }) => type === CLUSTER)?.leaving, 0);
    client.close();
  }));

test("a resource that comes and goes with other content is sent, though it is back at its old version", () =>
  withServer({ graceMs: 60_000 }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: cluster("b.test", "2") }]);
    on.store.apply([{ remove: { type: CLUSTER, name: "b.test" } }]);
    await client.rest();
    on.store.apply([{ put: cluster("b.test", "2") }]);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["b.test"]);
    client.close();
  }));

test("a silent proxy delays its own routes by the bound, and the other proxy's not at all", () => {
  let now = 0;
  return withServer({ ackBoundMs: 150, clock: () => now }, async (on) => {
    const silent = await started(on, ["a.test", "b.test"]);
    const other = await started(on, ["a.test", "b.test"]);
    on.store.apply(hostname("c.test"));
    await silent.next(CLUSTER); // never answered
    await other.accept(CLUSTER);
    other.subscribe(ASSIGNMENT, ["c.test"]);
    await other.accept(ASSIGNMENT);
    assert.deepEqual(hosts(await other.accept(ROUTE)), ["a.test", "b.test", "c.test"]);
    assert.deepEqual(silent.wire.received, [], "the other was served first");
    now = 150;
    assert.deepEqual(hosts(await silent.next(ROUTE)), ["a.test", "b.test", "c.test"], "the bound is over");
    silent.close();
    other.close();
  });
});

test("a proxy that answers no route response gets the next after the bound, and its removals in the end", () =>
  withServer({ ackBoundMs: 40, graceMs: 20 }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply(withoutHostname("b.test"));
    assert.deepEqual(hosts(await client.next(ROUTE)), ["a.test"]);
    on.store.apply([{ remove: { type: ROUTE, name: "a.test", of: ROUTES } }]);
    assert.deepEqual(hosts(await client.next(ROUTE)), []);
    assert.deepEqual((await client.next(CLUSTER)).removedResources, ["b.test"]);
    client.close();
  }));

test("rule 9: two proxies may share a node id, and each has its own state", () =>
  withServer({}, async (on) => {
    const one = await started(on, ["a.test", "b.test"]);
    const two = new DeltaClient({ port: on.port });
    two.subscribe(CLUSTER, []);
    assert.deepEqual(names(await two.accept(CLUSTER)), ["a.test", "b.test"]);
    two.subscribe(ROUTE, [ROUTES]);
    assert.deepEqual(await two.rest(), [], "the first proxy's acknowledged endpoints are not the second's");
    assert.equal(on.server.snapshot().length, 2);
    two.close();
    await on.until(() => on.told.closed === 1);
    on.store.apply([{ put: cluster("a.test", "2") }]);
    assert.deepEqual(names(await one.accept(CLUSTER)), ["a.test"]);
    one.close();
  }));
