/** Rule 6 over a real socket: what a proxy refuses is found, reported in its words, not sent again, and keeps nothing else from it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeltaDiscoveryResponse } from "../../src/codec/generated/messages.ts";
import type { DeltaClient } from "./client.ts";
import { hosts, names, started } from "./reading.ts";
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
import { storeOf, withServer } from "./running-server.ts";

const holds = (response: DeltaDiscoveryResponse, text: string): boolean =>
  (response.resources ?? []).some(({ resource }) => Buffer.from(resource?.value ?? []).includes(text));

/** Refuses every response that holds the text, until the server has nothing more. Gives the names accepted. */
async function refusing(client: DeltaClient, type: string, text: string): Promise<readonly string[]> {
  const accepted: string[] = [];
  for (;;) {
    const left = (await client.rest()).filter((response) => response.typeUrl === type);
    if (left.length === 0) return accepted;
    for (const response of left)
      if (holds(response, text)) client.nack(response, `no ${text}, please`);
      else {
        accepted.push(...(type === ROUTE ? hosts(response) : names(response)));
        client.ack(response);
      }
  }
}

test("rule 6: a rejection is told to who owns the resource now, though it was sent when another did", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test"]);
    on.store.apply([{ put: cluster("a.test", "poison") }]);
    const refused = await client.next(CLUSTER);
    const subject = { kind: "Test", namespace: "bank", name: "a.test" };
    on.store.apply([{ put: { ...cluster("a.test", "poison"), subject } }]);
    client.nack(refused, "no");
    await client.rest();
    assert.deepEqual(on.told.rejected[0]?.subject, subject);
  }));

test("rule 6: of several resources refused together, one by one the good ones are accepted and the bad one is reported", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([
      { put: cluster("a.test", "poison") },
      { put: cluster("b.test", "2") },
      { put: cluster("c.test") },
      { put: cluster("d.test") },
    ]);
    const accepted = await refusing(client, CLUSTER, "poison");
    assert.deepEqual(accepted.toSorted(), ["b.test", "c.test", "d.test"]);
    assert.deepEqual(
      on.told.rejected.map(({ name, detail }) => [name, detail]),
      [["a.test", "no poison, please"]],
    );
    assert.deepEqual(on.told.rejected[0]?.subject, { kind: "Test", namespace: "shop", name: "a.test" });
    assert.deepEqual(
      on.server.deliveries(CLUSTER, "a.test").map(({ state }) => state),
      ["rejected"],
    );
    on.store.apply([{ put: cluster("a.test", "3") }]);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["a.test"], "another version is sent");
    on.store.apply([{ put: cluster("a.test", "poison") }]);
    assert.deepEqual(
      (await client.rest()).filter(({ typeUrl }) => typeUrl === CLUSTER),
      [],
      "the refused one is not",
    );
    client.close();
  }));

test("rule 6: a route to a cluster that the proxy refused is not sent, however long it waits", () => {
  let now = 0;
  return withServer({ ackBoundMs: 200, clock: () => now }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([...hostname("c.test"), { put: cluster("c.test", "poison") }]);
    client.nack(await client.next(CLUSTER), "no");
    assert.deepEqual(await client.rest(), []);
    now = 600; // three bounds
    assert.deepEqual(await client.rest(), []);
    on.store.apply([{ put: cluster("c.test", "good") }]);
    await client.accept(CLUSTER);
    client.subscribe(ASSIGNMENT, ["c.test"]);
    await client.accept(ASSIGNMENT);
    assert.deepEqual(hosts(await client.accept(ROUTE)), ["a.test", "b.test", "c.test"]);
    client.close();
  });
});

test("rule 6: a virtual host that the proxy refuses is left at its older content, and the others change", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: part(ROUTES, "a.test", "poison") }, { put: part(ROUTES, "b.test", "fresh") }]);
    await refusing(client, ROUTE, "poison");
    assert.deepEqual(
      on.told.rejected.map(({ name, of }) => [name, of]),
      [["a.test", ROUTES]],
    );
    assert.deepEqual(
      on.server.deliveries(ROUTE, "a.test", ROUTES).map(({ state }) => state),
      ["rejected"],
    );
    assert.deepEqual(
      on.server.deliveries(ROUTE, "b.test", ROUTES).map(({ state }) => state),
      ["acknowledged"],
    );
    on.store.apply([{ remove: { type: ROUTE, name: "b.test", of: ROUTES } }]);
    const response = await client.accept(ROUTE);
    assert.deepEqual([hosts(response), holds(response, "poison")], [["a.test"], false]);
    client.close();
  }));

test("rule 6: a head that the proxy refuses is told from its parts, which go on changing", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: head(ROUTES, "poison") }, { put: part(ROUTES, "b.test", "fresh") }]);
    assert.deepEqual(await refusing(client, ROUTE, "poison"), ["a.test", "b.test"]);
    assert.deepEqual(
      on.told.rejected.map(({ name, of }) => [name, of]),
      [[ROUTES, undefined]],
    );
    on.store.apply([{ remove: { type: ROUTE, name: "b.test", of: ROUTES } }]);
    const response = await client.accept(ROUTE);
    assert.deepEqual([hosts(response), holds(response, "poison")], [["a.test"], false]);
    client.close();
  }));

test("rule 6: one proxy's refusal changes nothing for the others", () =>
  withServer({}, async (on) => {
    const hostile = await started(on, ["a.test", "b.test"]);
    const other = await started(on, ["a.test", "b.test"]);
    on.store.apply([{ put: assignment("a.test", "poison") }]);
    hostile.nack(await hostile.next(ASSIGNMENT), "no");
    assert.equal(holds(await other.accept(ASSIGNMENT), "poison"), true);
    await Promise.all([hostile.rest(), other.rest()]); // both answers have arrived
    assert.deepEqual(
      on.server
        .deliveries(ASSIGNMENT, "a.test")
        .map(({ state }) => state)
        .sort(),
      ["acknowledged", "rejected"],
    );
    hostile.close();
    other.close();
  }));

test("rule 6: scopes of a refused response are sent again in other bytes, different for every attempt", () => {
  const store = storeOf("a.test");
  const reword = ({ type, bytes }: { readonly type: string; readonly bytes: Uint8Array }, attempt: number) =>
    type === SCOPED_ROUTE ? Buffer.concat([bytes, Buffer.from(`!${attempt}`)]) : undefined;
  return withServer({ store, reword }, async (on) => {
    const client = await started(on, ["a.test"]);
    store.apply([{ put: scope("a.test", "good") }, { put: scope("a2.test", "poison", "a.test") }]);
    client.subscribe(SCOPED_ROUTE, []);
    const first = await client.next(SCOPED_ROUTE);
    assert.equal(holds(first, "!"), false);
    client.nack(first, "no");
    const again = await client.accept(SCOPED_ROUTE);
    assert.deepEqual([names(again), holds(again, "good!1")], [["a.test"], true]);
    client.nack(await client.next(SCOPED_ROUTE), "no");
    assert.deepEqual(await client.rest(), []);
    assert.deepEqual(
      on.told.rejected.map(({ name }) => name),
      ["a2.test"],
    );
    client.close();
  });
});

test("rule 6: the end of a rejection is told once: other content, removed, not wanted any more, gone", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    const refuseNext = async (name: string, content: string) => {
      on.store.apply([{ put: assignment(name, content) }]);
      client.nack(await client.next(ASSIGNMENT), "no");
      await on.until(() => on.told.rejected.at(-1)?.version === on.store.get(ASSIGNMENT, name)?.version);
    };
    await refuseNext("a.test", "poison");
    on.store.apply([{ put: assignment("a.test", "good") }]);
    await client.accept(ASSIGNMENT);
    assert.deepEqual(on.told.cleared, ["a.test changed"]);
    on.store.apply([{ put: assignment("a.test", "poison") }]);
    await on.until(() => on.told.rejected.length === 2); // it is the newest again, and is not sent
    assert.deepEqual(await client.rest(), []);
    on.store.apply([{ remove: { type: ASSIGNMENT, name: "a.test" } }]);
    await on.until(() => on.told.cleared.length === 2);
    await refuseNext("b.test", "poison");
    client.unsubscribe(ASSIGNMENT, ["b.test"]);
    await client.rest();
    on.store.apply([{ put: cluster("c.test") }]);
    await client.accept(CLUSTER);
    await on.until(() => on.told.cleared.length === 3); // told with the next change of the store
    assert.deepEqual(on.told.cleared.slice(1), ["a.test removed", "b.test unsubscribed"]);
    on.store.apply([{ put: cluster("c.test", "poison") }]);
    client.nack(await client.next(CLUSTER), "no");
    await on.until(() => on.told.rejected.length === 4);
    client.close();
    await on.until(() => on.told.closed === 1);
    assert.deepEqual(on.told.cleared.slice(3), ["c.test left"]);
  }));
