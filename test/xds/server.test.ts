/** The server around the protocol: who belongs to which fleet, what garbage costs, ports, and shutting down. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { XdsServer } from "../../src/xds/server.ts";
import { DeltaClient, NODE } from "./client.ts";
import { names, started } from "./reading.ts";
import {
  ASSIGNMENT,
  assignment,
  CLUSTER,
  cluster,
  hostname,
  LISTENER,
  part,
  ROUTE,
  ROUTES,
  withoutHostname,
} from "./resources.ts";
import { storeOf, withServer } from "./running-server.ts";

test("rule 11: a proxy that matches no fleet gets no response at all, and is ended once it matches", async () => {
  const store = storeOf("a.test");
  let known = false;
  await withServer({ store, assign: () => (known ? { fleet: "edge", store } : undefined) }, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, []);
    await on.until(() => on.told.unassigned.length === 1);
    store.apply(hostname("b.test"));
    await new Promise((settle) => setTimeout(settle, 30)); // time enough for a wrong response
    assert.deepEqual([client.wire.received, on.told.unassigned, on.server.snapshot()], [[], ["edge-1"], []]);
    assert.deepEqual(
      on.server.unassigned().map(({ node, transport }) => [node.id, node.cluster, transport]),
      [["edge-1", NODE.cluster, "ads-delta"]],
    );
    known = true;
    on.server.reassign();
    assert.equal((await client.wire.ended).code, 0);
    await on.until(() => on.server.unassigned().length === 0);
    client.close();
  });
});

test("rule 11: a proxy that stops matching keeps what it has, and goes on when it matches again", async () => {
  const store = storeOf("a.test", "b.test");
  let known = true;
  await withServer({ store, assign: () => (known ? { fleet: "edge", store } : undefined) }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    known = false;
    on.server.reassign();
    store.apply([{ put: assignment("a.test", "2") }]);
    await new Promise((settle) => setTimeout(settle, 30));
    assert.deepEqual([client.wire.received, on.told.reassigned], [[], ["kept"]]);
    known = true;
    on.server.reassign();
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["a.test"]);
    client.close();
  });
});

test("a proxy that a reload gives to another store is ended, so that it reconnects", async () => {
  let store = storeOf("a.test", "b.test");
  await withServer({ store, assign: () => ({ fleet: "edge", store }) }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.server.reassign();
    assert.deepEqual(on.told.reassigned, []);
    store = storeOf("c.test");
    on.server.reassign();
    await client.wire.ended;
    assert.deepEqual(on.told.reassigned, ["ended"]);
    const again = new DeltaClient({ port: on.port });
    again.subscribe(CLUSTER, []);
    assert.deepEqual(names(await again.accept(CLUSTER)), ["c.test"]);
    again.close();
    client.close();
  });
});

test("assign is told what the proxy says of itself", () =>
  withServer({}, async (on) => {
    const metadata = {
      fields: { fleet: { stringValue: "edge" }, shard: { numberValue: 2 }, nested: { structValue: {} } },
    };
    const client = new DeltaClient({ port: on.port, node: { ...NODE, metadata } });
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER);
    const [label] = on.told.connected;
    assert.deepEqual(label?.node, {
      id: "edge-1",
      cluster: "edge",
      userAgentName: "envoy",
      userAgentVersion: "1.40.0",
      metadata: new Map([
        ["fleet", "edge"],
        ["shard", "2"],
      ]),
    });
    assert.deepEqual([label?.transport, label?.fleet], ["ads-delta", "edge"]);
    assert.equal(label?.authority, `127.0.0.1:${on.port}`);
    client.close();
  }));

const garbage: readonly (readonly [why: string, send: (client: DeltaClient) => void, reason: RegExp])[] = [
  ["no node in the first request", (client) => client.wire.send(Buffer.from([0x12, 1, 0x61])), /^node: is missing/],
  ["no type on an aggregated stream", (client) => client.send({}), /^type_url: is empty/],
  ["bytes that are no request", (client) => client.wire.send(Buffer.from([0xff, 0xff, 0xff])), /DeltaDiscoveryRequest/],
];
for (const [why, send, reason] of garbage)
  test(`garbage ends its stream with a reason, and no other: ${why}`, () =>
    withServer({}, async (on) => {
      const good = await started(on, ["a.test", "b.test"]);
      const bad = new DeltaClient({ port: on.port });
      send(bad);
      const status = await bad.wire.ended;
      assert.equal(status.code, 3);
      assert.match(status.details, reason);
      on.store.apply([{ put: assignment("a.test", "2") }]);
      assert.deepEqual(names(await good.accept(ASSIGNMENT)), ["a.test"]);
      good.close();
      bad.close();
    }));

test("a snapshot tells what each proxy wants, has, and has not answered; deliveries how far one resource has come", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    await client.rest();
    const states = (type: string, name: string, of?: string) =>
      on.server.deliveries(type, name, of).map(({ state }) => state);
    assert.deepEqual(states(CLUSTER, "a.test"), ["acknowledged"]);
    assert.deepEqual(states(ROUTE, "a.test", ROUTES), ["acknowledged"]);
    on.store.apply([{ put: cluster("c.test") }, { put: part(ROUTES, "c.test") }]);
    const pending = await client.next(CLUSTER);
    await on.until(() => states(ROUTE, "c.test", ROUTES)[0] === "withheld");
    assert.deepEqual(
      [states(CLUSTER, "c.test"), states(CLUSTER, "b.test"), states(ASSIGNMENT, "c.test")],
      [["sent"], ["acknowledged"], ["unsubscribed"]],
    );
    const [proxy] = on.server.snapshot();
    const counts = (type: string) => {
      const found = proxy?.types.find((one) => one.type === type);
      return [found?.wildcard, found?.subscribed, found?.acknowledged, found?.withheld, found?.pending];
    };
    assert.deepEqual(counts(CLUSTER), [true, 3, 2, 0, 1]);
    assert.deepEqual(counts(ASSIGNMENT), [false, 2, 2, 0, 0]);
    assert.deepEqual(counts(LISTENER), [true, 1, 1, 0, 0]);
    assert.deepEqual(counts(ROUTE), [false, 1, 1, 1, 0]);
    client.ack(pending);
    client.close();
    await on.until(() => on.server.snapshot().length === 0);
  }));

test("what is on its way out counts as leaving, and neither as wanted nor as acknowledged", () =>
  withServer({ graceMs: 60_000 }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply(withoutHostname("b.test"));
    await client.accept(ROUTE);
    await client.rest();
    const counts = on.server
      .snapshot()[0]
      ?.types.flatMap(({ type, subscribed, acknowledged, leaving }) =>
        type === CLUSTER || type === ASSIGNMENT ? [[type, subscribed, acknowledged, leaving]] : [],
      );
    assert.deepEqual(counts, [
      [CLUSTER, 1, 1, 1],
      [ASSIGNMENT, 1, 1, 1],
    ]);
    client.close();
  }));

test("a port in use is a value that names the address, the system's code and the remedy", async () => {
  const taken = createServer();
  await new Promise<void>((settle) => taken.listen(0, "127.0.0.1", settle));
  const address = taken.address();
  assert.ok(address !== null && typeof address === "object");
  const server = new XdsServer({ assign: () => undefined });
  const outcome = await server.listen(`127.0.0.1:${address.port}`);
  assert.ok("code" in outcome);
  assert.deepEqual([outcome.code, outcome.address], ["EADDRINUSE", `127.0.0.1:${address.port}`]);
  assert.match(outcome.remedy, /another port/);
  const foreign = await server.listen("192.0.2.1:0");
  assert.deepEqual("code" in foreign && foreign.code, "EADDRNOTAVAIL");
  taken.close();
  await server.close(0);
});

test("closing ends every stream in order, and settles", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    const closed = on.server.close(10_000);
    assert.equal((await client.wire.ended).code, 0);
    client.close();
    await closed;
    assert.equal(on.told.closed, 1);
  }));
