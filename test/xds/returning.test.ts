/** Rules 4 and 5 for who comes back over state of the world, which tells a version and not what it has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SotwClient } from "./client.ts";
import { ASSIGNMENT, CLUSTER, cluster, LISTENER, ROUTE, ROUTES, withoutHostname } from "./resources.ts";
import { type Running, withServer } from "./running-server.ts";

const TYPES: readonly (readonly [string, readonly string[]])[] = [
  [CLUSTER, []],
  [ASSIGNMENT, ["a.test", "b.test"]],
  [LISTENER, []],
  [ROUTE, [ROUTES]],
];

/** Versions of a proxy that had everything, and is gone. */
async function versionsOf(on: Running): Promise<ReadonlyMap<string, string>> {
  const had = new Map<string, string>();
  const client = new SotwClient({ port: on.port });
  for (const [type, names] of TYPES) {
    client.subscribe(type, names);
    had.set(type, (await client.accept(type, names)).versionInfo ?? "");
  }
  await client.rest();
  client.close();
  await on.until(() => on.told.closed === 1);
  return had;
}

test("rule 4: a proxy that comes back keeps clusters that were removed meanwhile until its routes are acknowledged", () =>
  withServer({ graceMs: 300 }, async (on) => {
    const had = await versionsOf(on);
    on.store.apply(withoutHostname("b.test"));
    const again = new SotwClient({ port: on.port });
    for (const [type, names] of TYPES) again.subscribe(type, names, had.get(type));
    await again.accept(ASSIGNMENT, ["a.test", "b.test"]); // asked for by name, so answered
    const first = await again.wire.take(({ typeUrl }) => typeUrl === CLUSTER || typeUrl === ROUTE);
    assert.equal(first.typeUrl, ROUTE, "routes are told first");
    again.ack(first, [ROUTES]);
    assert.equal((await again.accept(CLUSTER, [])).resources?.length, 1, "then the cluster goes");
    again.close();
  }));

test("rule 5: a changed cluster is followed by its assignment, though a proxy that comes back tells of that later", () =>
  withServer({}, async (on) => {
    const had = await versionsOf(on);
    on.store.apply([{ put: cluster("b.test", "2") }]);
    const again = new SotwClient({ port: on.port });
    again.subscribe(CLUSTER, [], had.get(CLUSTER));
    await again.accept(CLUSTER, []);
    again.subscribe(ASSIGNMENT, ["a.test", "b.test"], had.get(ASSIGNMENT));
    const { resources = [] } = await again.accept(ASSIGNMENT, ["a.test", "b.test"]);
    assert.deepEqual(
      resources.map(({ value }) => new TextDecoder().decode(value?.subarray(2))),
      ["b.test 1"],
    );
    assert.deepEqual(await again.rest(), []);
    again.close();
  }));
