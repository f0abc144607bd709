/** The rules of this server (ARCHITECTURE, "The xDS server") over state of the world; those of the protocol itself are in conformance/. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../src/codec/decode.ts";
import type { DiscoveryResponse } from "../../src/codec/generated/messages.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { SotwClient } from "./client.ts";
import {
  ASSIGNMENT,
  assignment,
  CLUSTER,
  cluster,
  hostname,
  LISTENER,
  ROUTE,
  ROUTES,
  withoutHostname,
} from "./resources.ts";
import { type Running, storeOf, withServer } from "./running-server.ts";

/** Bodies of test resources are `name content`; those of assignments and clusters are told by their first field alike. */
const texts = (response: DiscoveryResponse): readonly string[] =>
  (response.resources ?? []).map(({ value = new Uint8Array() }) => new TextDecoder().decode(value.subarray(2))).sort();

function hosts({ resources = [] }: DiscoveryResponse): readonly string[] {
  const body = decode("envoy.config.route.v3.RouteConfiguration", resources[0]?.value ?? new Uint8Array());
  return (body.virtualHosts ?? []).map((host) => host.name ?? "");
}

async function started(on: Running, hostnames: readonly string[]): Promise<SotwClient> {
  const client = new SotwClient({ port: on.port });
  client.subscribe(CLUSTER, []);
  await client.accept(CLUSTER, []);
  client.subscribe(ASSIGNMENT, hostnames);
  await client.accept(ASSIGNMENT, hostnames);
  client.subscribe(LISTENER, []);
  await client.accept(LISTENER, []);
  client.subscribe(ROUTE, [ROUTES]);
  await client.accept(ROUTE, [ROUTES]);
  return client;
}

test("state of the world: a fresh proxy is given everything", () =>
  withServer({}, async (on) => {
    const client = new SotwClient({ port: on.port });
    client.subscribe(CLUSTER, []);
    assert.deepEqual(texts(await client.accept(CLUSTER, [])), ["a.test 1", "b.test 1"]);
    client.subscribe(ASSIGNMENT, ["a.test", "b.test"]);
    assert.deepEqual(texts(await client.accept(ASSIGNMENT, ["a.test", "b.test"])), ["a.test 1", "b.test 1"]);
    client.subscribe(ROUTE, [ROUTES]);
    assert.deepEqual(hosts(await client.accept(ROUTE, [ROUTES])), ["a.test", "b.test"]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("state of the world: rule 1: a version is the hash of the names and contents, so a reconnecting proxy is sent nothing", async () => {
  const version = new Map<string, string>();
  const wants = [
    [CLUSTER, []],
    [ASSIGNMENT, ["a.test", "b.test"]],
    [ROUTE, [ROUTES]],
  ] as const;
  await withServer({}, async (on) => {
    const client = new SotwClient({ port: on.port });
    for (const [type, names] of wants) {
      client.subscribe(type, names);
      version.set(type, (await client.accept(type, names)).versionInfo ?? "");
    }
    client.close();
  });
  await withServer({ store: storeOf("b.test", "a.test") }, async (on) => {
    const client = new SotwClient({ port: on.port });
    for (const [type, names] of wants) client.subscribe(type, names, version.get(type));
    assert.deepEqual(await client.rest(), []);
    on.store.apply([{ put: assignment("b.test", "2") }]);
    assert.deepEqual(texts(await client.accept(ASSIGNMENT, ["a.test", "b.test"])), ["b.test 2"]);
    client.close();
  });
});

test("state of the world: rule 2: nothing before the store is complete, no updates from stale sources", async () => {
  const store = new ResourceStore();
  store.apply(hostname("a.test"));
  await withServer({ store }, async (on) => {
    const client = new SotwClient({ port: on.port });
    client.subscribe(CLUSTER, []);
    await on.until(() => on.told.connected.length === 1);
    assert.deepEqual(client.wire.received, []);
    store.markComplete();
    assert.deepEqual(texts(await client.accept(CLUSTER, [])), ["a.test 1"]);
    client.close();
    store.setFrozen(true);
    const again = new SotwClient({ port: on.port });
    again.subscribe(CLUSTER, [], "another");
    again.subscribe(ASSIGNMENT, ["a.test"], "another");
    assert.deepEqual(await again.rest(), []);
    store.setFrozen(false);
    assert.deepEqual(texts(await again.accept(CLUSTER, [])), ["a.test 1"]);
    again.close();
  });
});

test("state of the world: rule 4: a route waits for its cluster and endpoints", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply(hostname("c.test"));
    assert.deepEqual(texts(await client.accept(CLUSTER, [])), ["a.test 1", "b.test 1", "c.test 1"]);
    assert.deepEqual(await client.rest(), []);
    const all = ["a.test", "b.test", "c.test"];
    client.send({
      typeUrl: ASSIGNMENT,
      resourceNames: all,
      responseNonce: on.told.sent.find(({ type }) => type === ASSIGNMENT)?.nonce,
    });
    const assignments = await client.next(ASSIGNMENT);
    assert.deepEqual(texts(assignments), ["c.test 1"], "the others have not changed");
    assert.deepEqual(await client.rest(), []);
    client.ack(assignments, all);
    assert.deepEqual(hosts(await client.accept(ROUTE, [ROUTES])), all);
    client.close();
  }));

test("state of the world: rule 4: a removed cluster stays in the list until the acknowledgement and the grace are over", () =>
  withServer({ graceMs: 40 }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([...withoutHostname("b.test"), { put: cluster("a.test", "2") }]);
    assert.deepEqual(texts(await client.accept(CLUSTER, [])), ["a.test 2", "b.test 1"]);
    assert.deepEqual(texts(await client.accept(ASSIGNMENT, ["a.test", "b.test"])), ["a.test 1"], "rule 5");
    const routes = await client.next(ROUTE);
    assert.deepEqual(hosts(routes), ["a.test"]);
    assert.deepEqual(await client.rest(), []);
    client.ack(routes, [ROUTES]);
    assert.deepEqual(texts(await client.accept(CLUSTER, [])), ["a.test 2"]);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("state of the world: rule 6: a refused cluster stays in the list at its accepted content", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: cluster("a.test", "poison") }, { put: cluster("c.test") }]);
    client.nack(await client.next(CLUSTER), [], "no");
    let last: readonly string[] = [];
    for (let round = 0; round < 4; round++)
      for (const response of await client.rest()) {
        if (response.typeUrl !== CLUSTER) continue;
        if (texts(response).includes("a.test poison")) client.nack(response, [], "no");
        else {
          last = texts(response);
          client.ack(response, []);
        }
      }
    assert.deepEqual(last, ["a.test 1", "b.test 1", "c.test 1"]);
    assert.deepEqual(
      on.told.rejected.map(({ name }) => name),
      ["a.test"],
    );
    client.close();
  }));

test("state of the world: a cluster that was refused, removed and put anew in other content is waited for no longer than any", () => {
  let now = 0;
  return withServer({ ackBoundMs: 60, clock: () => now }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([...hostname("c.test"), { put: cluster("c.test", "poison") }]);
    client.nack(await client.next(CLUSTER), [], "no");
    await on.until(() => on.told.rejected.length === 1);
    on.store.apply(withoutHostname("c.test"));
    on.store.apply(hostname("c.test"));
    assert.deepEqual(texts(await client.next(CLUSTER)), ["a.test 1", "b.test 1", "c.test 1"]); // and is silent
    now = 60;
    assert.deepEqual(hosts(await client.next(ROUTE)), ["a.test", "b.test", "c.test"], "the bound is over");
    client.close();
  });
});

/** Puts "2" into a.test and then into b.test, and gives the two responses, of which neither is answered. */
async function twoAhead(on: Running, client: SotwClient): Promise<readonly [DiscoveryResponse, DiscoveryResponse]> {
  on.store.apply([{ put: assignment("a.test", "2") }]);
  const first = await client.next(ASSIGNMENT);
  on.store.apply([{ put: assignment("b.test", "2") }]);
  const second = await client.next(ASSIGNMENT);
  assert.deepEqual([texts(first), texts(second)], [["a.test 2"], ["b.test 2"]]);
  return [first, second];
}

const statesOf = (on: Running, names: readonly string[]): readonly string[] =>
  names.flatMap((name) => on.server.deliveries(ASSIGNMENT, name).map(({ state }) => state));

test("state of the world: a move does not wait for the answer to another, and is acknowledged by its own", () =>
  withServer({}, async (on) => {
    const names = ["a.test", "b.test"];
    const client = await started(on, names);
    const [first, second] = await twoAhead(on, client);
    client.ack(first, names);
    assert.deepEqual(await client.rest(), []);
    assert.deepEqual(statesOf(on, names), ["acknowledged", "sent"]);
    client.ack(second, names);
    assert.deepEqual(await client.rest(), []);
    assert.deepEqual(statesOf(on, names), ["acknowledged", "acknowledged"]);
    client.close();
  }));

test("state of the world: an acknowledgement stands for those before it that were not answered", () =>
  withServer({}, async (on) => {
    const names = ["a.test", "b.test"];
    const client = await started(on, names);
    const [, second] = await twoAhead(on, client);
    client.ack(second, names);
    assert.deepEqual(await client.rest(), []);
    assert.deepEqual(statesOf(on, names), ["acknowledged", "acknowledged"]);
    assert.equal(on.told.acknowledged.filter(({ type }) => type === ASSIGNMENT).length, 3, "each is told");
    assert.equal(on.server.snapshot()[0]?.types.find(({ type }) => type === ASSIGNMENT)?.pending, 0);
    client.close();
  }));

test("state of the world: names that are new are answered while other responses are under way, and asked for once", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: cluster("c.test") }, { put: assignment("c.test") }]);
    await client.accept(CLUSTER, []);
    const [first, second] = await twoAhead(on, client);
    const all = ["a.test", "b.test", "c.test"];
    client.ack(first, all);
    const third = await client.next(ASSIGNMENT);
    assert.deepEqual(texts(third), ["c.test 1"]);
    client.ack(second, all);
    client.ack(third, all);
    assert.deepEqual(await client.rest(), []);
    client.close();
  }));

test("state of the world: a version that followed on a refused response is not believed of who comes back with it", () =>
  withServer({}, async (on) => {
    const names = ["a.test", "b.test"];
    const client = await started(on, names);
    const [first, second] = await twoAhead(on, client);
    client.nack(first, names, "no a.test");
    client.ack(second, names); // it has b.test 2, and the version of that promises a.test 2
    await client.rest();
    client.close();
    await on.until(() => on.server.snapshot().length === 0);
    const again = new SotwClient({ port: on.port });
    again.subscribe(ASSIGNMENT, names, second.versionInfo);
    assert.notDeepEqual(await again.rest(), []);
    again.close();
  }));

test("state of the world: a refusal stands for the acknowledgement of what came before it, up to the version it tells", () =>
  withServer({}, async (on) => {
    const names = ["a.test", "b.test"];
    const client = await started(on, names);
    const [first, second] = await twoAhead(on, client);
    client.send({
      typeUrl: ASSIGNMENT,
      resourceNames: names,
      responseNonce: second.nonce,
      versionInfo: first.versionInfo,
      errorDetail: { code: 3, message: "no b.test" },
    });
    assert.deepEqual(await client.rest(), []);
    assert.deepEqual(statesOf(on, names), ["acknowledged", "rejected"]);
    assert.equal(
      on.told.acknowledged.filter(({ type, nonce }) => type === ASSIGNMENT && nonce === first.nonce).length,
      1,
    );
    client.close();
  }));

test("state of the world: so does one of a list: what the client went on with in between is what it has", () => {
  let now = 0;
  return withServer({ ackBoundMs: 60, clock: () => now }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: cluster("a.test", "2") }]);
    const first = await client.next(CLUSTER); // and is silent
    now = 60;
    on.store.apply([{ put: cluster("b.test", "poison") }]);
    const second = await client.next(CLUSTER);
    assert.deepEqual(
      [texts(first), texts(second)],
      [
        ["a.test 2", "b.test 1"],
        ["a.test 2", "b.test poison"],
      ],
    );
    const { typeUrl, nonce: responseNonce } = second;
    const errorDetail = { code: 3, message: "no b.test" };
    client.send({ typeUrl, resourceNames: [], responseNonce, versionInfo: first.versionInfo, errorDetail });
    await on.until(() => on.told.rejected.length === 1);
    on.store.apply([{ put: cluster("a.test", "1") }]);
    assert.deepEqual(texts(await client.next(CLUSTER)), ["a.test 1", "b.test 1"]);
    client.close();
  });
});
