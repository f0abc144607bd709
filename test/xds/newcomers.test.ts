/** Rule 6 for those who come later, over a real socket: what their kind refused stands back until they have everything else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DeltaClient, SotwClient } from "./client.ts";
import { hosts, names, started, versions } from "./reading.ts";
import {
  ASSIGNMENT,
  assignment,
  CLUSTER,
  cluster,
  head,
  hostname,
  part,
  ROUTE,
  ROUTES,
  SCOPED_ROUTE,
  scope,
} from "./resources.ts";
import { type Running, storeOf, withServer } from "./running-server.ts";

const ENVOY_OLD = { id: "old", userAgentName: "envoy", userAgentVersion: "1.36.2" };
const ENVOY_NEW = { id: "new", userAgentName: "envoy", userAgentVersion: "1.40.0" };

/** A proxy refuses one cluster of a batch and stays, or leaves. */
async function refused(on: Running, content = "poison"): Promise<DeltaClient> {
  const client = await started(on, ["a.test", "b.test"]);
  on.store.apply([{ put: cluster("a.test", content) }, { put: assignment("b.test", "2") }]);
  client.nack(await client.next(CLUSTER), "no");
  await on.until(() => on.told.rejected.some(({ name }) => name === "a.test"));
  await client.rest();
  return client;
}

test("rule 6: a proxy that restarts is given the last accepted content with everything else, then the refused one alone", () =>
  withServer({}, async (on) => {
    const accepted = on.store.get(CLUSTER, "a.test")?.version;
    (await refused(on)).close();
    await on.until(() => on.told.closed === 1);
    const again = new DeltaClient({ port: on.port });
    again.subscribe(CLUSTER, []);
    const first = await again.accept(CLUSTER);
    assert.deepEqual(names(first), ["a.test", "b.test"]);
    assert.equal(versions(first)["a.test"], accepted);
    const trial = await again.next(CLUSTER);
    assert.deepEqual(versions(trial), { "a.test": on.store.get(CLUSTER, "a.test")?.version });
    again.nack(trial, "still no");
    assert.deepEqual(await again.rest(), []);
    assert.deepEqual(
      on.told.rejected.map(({ name, detail }) => [name, detail]),
      [
        ["a.test", "no"],
        ["a.test", "still no"],
      ],
    );
    again.close();
  }));

test("rule 6: without any accepted content a newcomer loads without the resource, and nothing waits for it", () =>
  withServer({ ackBoundMs: 1_000_000 }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([...hostname("c.test"), { put: cluster("c.test", "poison") }]);
    client.nack(await client.next(CLUSTER), "no");
    await on.until(() => on.told.rejected.length === 1);
    const again = new DeltaClient({ port: on.port });
    again.subscribe(CLUSTER, []);
    assert.deepEqual(names(await again.accept(CLUSTER)), ["a.test", "b.test"]);
    again.nack(await again.next(CLUSTER), "no");
    again.subscribe(ASSIGNMENT, ["a.test", "b.test"]);
    await again.accept(ASSIGNMENT);
    again.subscribe(ROUTE, [ROUTES]);
    assert.deepEqual(
      hosts(await again.accept(ROUTE)),
      ["a.test", "b.test"],
      "routes wait for no cluster that is refused",
    );
    for (const one of [client, again]) one.close();
  }));

test("rule 6: a newcomer that accepts what another refused ends the quarantine for all that follow", () =>
  withServer({}, async (on) => {
    const hostile = await refused(on);
    const newest = on.store.get(CLUSTER, "a.test")?.version;
    const healthy = new DeltaClient({ port: on.port });
    healthy.subscribe(CLUSTER, []);
    assert.notEqual(versions(await healthy.accept(CLUSTER))["a.test"], newest);
    assert.deepEqual(versions(await healthy.accept(CLUSTER)), { "a.test": newest });
    await healthy.rest();
    const next = new DeltaClient({ port: on.port });
    next.subscribe(CLUSTER, []);
    assert.equal(versions(await next.accept(CLUSTER))["a.test"], newest);
    assert.deepEqual(on.told.rejected.length, 1);
    for (const one of [hostile, healthy, next]) one.close();
  }));

test("rule 6: one that refuses everything, and accepts nothing, keeps nothing from newcomers", () =>
  withServer({}, async (on) => {
    const hostile = new DeltaClient({ port: on.port });
    hostile.subscribe(CLUSTER, []);
    for (let refusals = 0; refusals < 3; refusals++)
      hostile.nack(await hostile.next(CLUSTER), "a.test and b.test are bad");
    await on.until(() => on.told.rejected.length === 2);
    const healthy = new DeltaClient({ port: on.port });
    healthy.subscribe(CLUSTER, []);
    assert.deepEqual(names(await healthy.accept(CLUSTER)), ["a.test", "b.test"]);
    for (const one of [hostile, healthy]) one.close();
  }));

test("rule 6: another build is not held back by what this one refuses", () =>
  withServer({}, async (on) => {
    const old = new DeltaClient({ port: on.port, node: ENVOY_OLD });
    old.subscribe(CLUSTER, []);
    await old.accept(CLUSTER);
    on.store.apply([{ put: cluster("a.test", "poison") }]);
    old.nack(await old.next(CLUSTER), "no");
    await on.until(() => on.told.rejected.length === 1);
    const other = new DeltaClient({ port: on.port, node: ENVOY_NEW });
    other.subscribe(CLUSTER, []);
    assert.equal(versions(await other.accept(CLUSTER))["a.test"], on.store.get(CLUSTER, "a.test")?.version);
    for (const one of [old, other]) one.close();
  }));

test("rule 6: changed content is tried again with everybody, in the first response of a newcomer too", () =>
  withServer({}, async (on) => {
    const client = await refused(on);
    on.store.apply([{ put: cluster("a.test", "good") }]);
    await client.accept(CLUSTER);
    const newcomer = new DeltaClient({ port: on.port });
    newcomer.subscribe(CLUSTER, []);
    assert.equal(versions(await newcomer.accept(CLUSTER))["a.test"], on.store.get(CLUSTER, "a.test")?.version);
    for (const one of [client, newcomer]) one.close();
  }));

test("rule 6: a virtual host that the kind refused is left at its accepted content in the first configuration of a newcomer", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: part(ROUTES, "a.test", "poison") }]);
    client.nack(await client.next(ROUTE), "no");
    await on.until(() => on.told.rejected.length === 1);
    const again = await started(on, ["a.test", "b.test"]);
    const trial = await again.next(ROUTE);
    assert.match(Buffer.from(trial.resources?.[0]?.resource?.value ?? []).toString(), /poison/);
    again.nack(trial, "no");
    await on.until(() => on.told.rejected.length === 2);
    assert.deepEqual(await again.rest(), []);
    for (const one of [client, again]) one.close();
  }));

test("rule 6: a head that the kind refused stands back for the accepted one", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: head(ROUTES, "poison") }]);
    client.nack(await client.next(ROUTE), "no");
    await on.until(() => on.told.rejected.length === 1);
    const again = await started(on, ["a.test", "b.test"]);
    again.nack(await again.next(ROUTE), "no");
    await on.until(() => on.told.rejected.length === 2);
    assert.deepEqual(await again.rest(), []);
    for (const one of [client, again]) one.close();
  }));

test("rule 6: state of the world: the first list of a newcomer has the accepted content, the next the refused one", () =>
  withServer({}, async (on) => {
    const up = new SotwClient({ port: on.port });
    up.subscribe(CLUSTER, []);
    const before = await up.accept(CLUSTER, []);
    on.store.apply([{ put: cluster("a.test", "poison") }]);
    up.nack(await up.next(CLUSTER), [], "Error adding/updating cluster(s) a.test: no");
    await on.until(() => on.told.rejected.length === 1);
    const again = new SotwClient({ port: on.port });
    again.subscribe(CLUSTER, []);
    assert.equal((await again.accept(CLUSTER, [])).versionInfo, before.versionInfo);
    again.nack(await again.next(CLUSTER), [], "no");
    await on.until(() => on.told.rejected.length === 2);
    assert.deepEqual(await again.rest(), []);
    for (const one of [up, again]) one.close();
  }));

test("rule 6: only scopes of a refused response are sent in other bytes afterwards", () => {
  const store = storeOf("a.test", "b.test");
  const reword = ({ type, bytes }: { readonly type: string; readonly bytes: Uint8Array }, attempt: number) =>
    type === SCOPED_ROUTE ? Buffer.concat([bytes, Buffer.from(`!${attempt}`)]) : undefined;
  return withServer({ store, reword }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    store.apply([{ put: scope("a.test", "good") }, { put: scope("a2.test", "poison", "a.test") }]);
    client.subscribe(SCOPED_ROUTE, []);
    client.nack(await client.next(SCOPED_ROUTE), "a2.test is bad");
    const bytesOf = async (): Promise<string> =>
      Buffer.from((await client.accept(SCOPED_ROUTE)).resources?.[0]?.resource?.value ?? []).toString();
    assert.match(await bytesOf(), /good!1/);
    client.nack(await client.next(SCOPED_ROUTE), "no");
    await client.rest();
    store.apply([{ put: scope("b.test", "good") }]);
    assert.doesNotMatch(await bytesOf(), /!/, "what was in no refused response is shared with other proxies");
    client.close();
  });
});

test("rule 6: rejections beyond 64 of a type are kept as bits: not sent again, and not told one by one", () =>
  withServer({ store: storeOf() }, async (on) => {
    const client = await started(on, []);
    const many = Array.from({ length: 100 }, (_, i) => `h${i}.test`);
    on.store.apply(many.map((name) => ({ put: cluster(name, "poison") })));
    for (;;) {
      const left = (await client.rest()).filter(({ typeUrl }) => typeUrl === CLUSTER);
      if (left.length === 0) break;
      for (const response of left) client.nack(response, "no");
    }
    assert.equal(on.told.rejected.length, 64);
    const states = many.map((name) => on.server.deliveries(CLUSTER, name)[0]?.state);
    assert.deepEqual(new Set(states), new Set(["rejected"]));
    on.store.apply([{ put: cluster("h99.test", "good") }]);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["h99.test"]);
    client.close();
  }));
