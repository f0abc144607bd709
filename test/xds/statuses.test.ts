/** What a proxy wants and how far each of it has come, resource by resource: what the Client Status Discovery Service tells. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { XdsServer } from "../../src/xds/server.ts";
import { SotwClient } from "./client.ts";
import { started } from "./reading.ts";
import { ASSIGNMENT, assignment, CLUSTER, cluster, LISTENER, ROUTE, ROUTES, whole } from "./resources.ts";
import { storeOf, withServer } from "./running-server.ts";

/** `Cluster a.test acknowledged`, in the order told; `but`: what it was refused for. */
function told(server: XdsServer): readonly string[] {
  const [only] = server.statuses(() => true);
  return [...(only?.resources ?? [])].map(({ type, name, content, state, rejections }) => {
    const there = content === undefined ? " (there is none)" : "";
    const words = rejections.map(({ detail }) => `: ${detail}`).join("");
    return `${type.slice(type.lastIndexOf(".") + 1)} ${name} ${state}${there}${words}`;
  });
}

test("delta: every resource wanted, named or by wildcard, with its state, and names that do not exist", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test", "nobody.test"]);
    on.store.apply([{ put: cluster("a.test", "poison") }, { put: assignment("b.test", "2") }]);
    client.nack(await client.next(CLUSTER), "no poison, please");
    await client.next(ASSIGNMENT);
    await on.until(() => on.told.rejected.length === 1);
    assert.deepEqual(told(on.server).toSorted(), [
      "Cluster a.test rejected: no poison, please",
      "Cluster b.test acknowledged",
      "ClusterLoadAssignment a.test sent",
      "ClusterLoadAssignment b.test sent",
      "ClusterLoadAssignment nobody.test behind (there is none)",
      "Listener edge acknowledged",
      "RouteConfiguration edge/routes acknowledged",
    ]);
    client.close();
  }));

test("a composed resource has the version and the body that its proxy was sent", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    const route = [...(on.server.statuses(() => true)[0]?.resources ?? [])].find(({ type }) => type === ROUTE);
    client.subscribe(ROUTE, [ROUTES]); // asked again, it is sent again
    const sent = await client.accept(ROUTE);
    assert.equal(route?.content?.version, sent.resources?.[0]?.version);
    assert.deepEqual(
      Buffer.concat([...(route?.content?.pieces() ?? [])]),
      Buffer.from(sent.resources?.[0]?.resource?.value ?? []),
    );
    client.close();
  }));

test("state of the world: the same, of lists and of what comes piece by piece", () =>
  withServer({}, async (on) => {
    const client = new SotwClient({ port: on.port });
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER, []);
    client.subscribe(ASSIGNMENT, ["a.test", "nobody.test"]);
    await client.accept(ASSIGNMENT, ["a.test", "nobody.test"]);
    client.subscribe(LISTENER, []);
    await client.next(LISTENER);
    assert.deepEqual(told(on.server).toSorted(), [
      "Cluster a.test acknowledged",
      "Cluster b.test acknowledged",
      "ClusterLoadAssignment a.test acknowledged",
      "ClusterLoadAssignment nobody.test behind (there is none)",
      "Listener edge sent",
    ]);
    client.close();
  }));

test("it may be read in pieces while names come and go, and ends when the proxy does", () =>
  withServer({ store: storeOf(...Array.from({ length: 100 }, (_, at) => `h${at}.test`)) }, async (on) => {
    const client = await started(on, [...on.store.names(CLUSTER)]);
    const reading = () => on.server.statuses(() => true)[0]?.resources ?? [];
    const [through, cut] = [reading()[Symbol.iterator](), reading()[Symbol.iterator]()];
    for (const one of [through, cut]) assert.equal(one.next().done, false);
    on.store.apply(Array.from({ length: 100 }, (_, at) => ({ remove: { type: CLUSTER, name: `h${at}.test` } })));
    on.store.apply([{ put: whole(CLUSTER, "new.test") }]);
    for (const { state } of { [Symbol.iterator]: () => through }) assert.notEqual(state, "unsubscribed");
    client.close();
    await on.until(() => on.told.closed === 1);
    assert.equal(cut.next().done, true);
    assert.deepEqual(
      on.server.statuses(() => true),
      [],
    );
  }));

test("only proxies whose node fits", () =>
  withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    assert.deepEqual(
      on.server.statuses(() => false),
      [],
    );
    assert.equal(
      ROUTES,
      on.server
        .statuses(({ cluster: of }) => of === on.told.connected[0]?.node.cluster)
        .flatMap(({ resources }) => [...resources])
        .find(({ type }) => type === ROUTE)?.name,
    );
    client.close();
  }));
