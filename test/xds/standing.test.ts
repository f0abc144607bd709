/** Data-plane truth: for each hostname, how many proxies have acknowledged the newest of its cluster, assignment and route. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { atOnce } from "../../src/admin/in-slices.ts";
import type { ResourceRef } from "../../src/codec/resource.ts";
import { BitSet } from "../../src/xds/content/bit-set.ts";
import { standingsOf } from "../../src/xds/standing.ts";
import { DeltaClient, SotwClient } from "./client.ts";
import { started } from "./reading.ts";
import { ASSIGNMENT, assignment, CLUSTER, cluster, hostname, LISTENER, part, ROUTE, ROUTES } from "./resources.ts";
import { type Running, storeOf, withServer } from "./running-server.ts";

const refsOf = (name: string): readonly ResourceRef[] => [
  { type: CLUSTER, name },
  { type: ASSIGNMENT, name },
  { type: ROUTE, name, of: ROUTES },
];

/** `2/3` for each hostname, and the same found the slow way, resource by resource. */
function standings(on: Running, names: readonly string[]): readonly string[] {
  const told = atOnce(on.server.standings(on.store, names.map(refsOf)));
  for (const [at, name] of names.entries()) {
    const states = refsOf(name).map((ref) => on.server.deliveries(ref.type, ref.name, ref.of));
    const complete = on.server
      .snapshot()
      .filter(({ serial }) =>
        states.every((ofOne) => ofOne.find(({ proxy }) => proxy.serial === serial)?.state === "acknowledged"),
      );
    assert.equal(told[at]?.acknowledged, complete.length, name);
  }
  return told.map(({ acknowledged, proxies }) => `${acknowledged}/${proxies}`);
}

const BOTH = ["a.test", "b.test"];

test("a hostname is acknowledged by a proxy that has the newest of all that it is made of, and by no other", () =>
  withServer({}, async (on) => {
    const [one, two] = [await started(on, BOTH), await started(on, BOTH)];
    await Promise.all([one.rest(), two.rest()]);
    assert.deepEqual(standings(on, BOTH), ["2/2", "2/2"]);

    on.store.apply([{ put: assignment("a.test", "2") }]);
    assert.deepEqual(standings(on, BOTH), ["0/2", "2/2"], "changed, and not even sent");
    await one.accept(ASSIGNMENT);
    await one.rest();
    const sent = await two.next(ASSIGNMENT);
    assert.deepEqual(standings(on, BOTH), ["1/2", "2/2"], "sent is not acknowledged");
    two.nack(sent, "no");
    await two.rest();
    assert.deepEqual(standings(on, BOTH), ["1/2", "2/2"], "nor is refused");

    on.store.apply([{ put: part(ROUTES, "b.test", "2") }]);
    await one.accept(ROUTE);
    await one.rest();
    assert.deepEqual(standings(on, BOTH), ["1/2", "1/2"]);
    on.store.apply(hostname("c.test"));
    await one.accept(CLUSTER);
    await one.rest();
    assert.deepEqual(standings(on, [...BOTH, "c.test"]), ["1/2", "1/2", "0/2"], "its route waits for endpoints");
    two.close();
    await on.until(() => on.told.closed === 1);
    assert.deepEqual(standings(on, [...BOTH, "c.test"]), ["1/1", "1/1", "0/1"]);
    one.close();
  }));

test("what stands for refused content at a newcomer is not the newest", () =>
  withServer({}, async (on) => {
    const first = await started(on, BOTH);
    on.store.apply([{ put: cluster("a.test", "poison") }]);
    first.nack(await first.next(CLUSTER), "no");
    await on.until(() => on.told.rejected.length === 1);
    const newcomer = await started(on, BOTH);
    await newcomer.next(CLUSTER); // the trial, unanswered
    await on.until(() => standings(on, BOTH)[1] === "2/2");
    assert.deepEqual(standings(on, BOTH), ["0/2", "2/2"]);
    for (const one of [first, newcomer]) one.close();
  }));

test("state of the world: the same", () =>
  withServer({}, async (on) => {
    const client = new SotwClient({ port: on.port });
    const types: readonly (readonly [string, readonly string[]])[] = [
      [CLUSTER, []],
      [ASSIGNMENT, BOTH],
      [LISTENER, []],
      [ROUTE, [ROUTES]],
    ];
    for (const [type, names] of types) {
      client.subscribe(type, names);
      await client.accept(type, names);
    }
    await client.rest();
    assert.deepEqual(standings(on, BOTH), ["1/1", "1/1"]);
    on.store.apply([{ put: cluster("a.test", "2") }, { put: part(ROUTES, "b.test", "2") }]);
    assert.deepEqual(standings(on, BOTH), ["0/1", "0/1"]);
    await client.accept(CLUSTER, []);
    await client.rest();
    assert.deepEqual(standings(on, BOTH), ["0/1", "0/1"], "the assignment follows its cluster, and is not answered");
    client.close();
  }));

test("a proxy that names only some is not taken for one that has everything", () =>
  withServer({}, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, ["a.test"]);
    await client.accept(CLUSTER);
    await client.rest();
    const group = (name: string): readonly ResourceRef[] => [{ type: CLUSTER, name }];
    const told = atOnce(on.server.standings(on.store, [group("a.test"), group("b.test")]));
    assert.deepEqual(
      told.map(({ acknowledged }) => acknowledged),
      [1, 0],
    );
    client.close();
  }));

test("1,000 proxies and 5,000 hostnames: one step for each proxy, in which only what it lacks is looked at", () => {
  const store = storeOf(...Array.from({ length: 5_000 }, (_, i) => `h${i}.test`));
  const lacking = new BitSet();
  lacking.add(store.shelf(CLUSTER).slotOf("h7.test") ?? -1);
  let asked = 0;
  const proxy = (behind: boolean) => ({
    lacking: () => {
      asked += 1;
      return [behind ? lacking : new BitSet()];
    },
  });
  const proxies = Array.from({ length: 1_000 }, (_, i) => proxy(i === 3));
  const groups = Array.from({ length: 5_000 }, (_, i) => refsOf(`h${i}.test`));
  const work = standingsOf(store, proxies, groups);
  let steps = 0;
  let step = work.next();
  for (; !step.done; step = work.next()) steps += 1;
  assert.deepEqual([steps, asked], [1_000, 3_000]);
  assert.deepEqual(new Set(step.value.map(({ acknowledged }) => acknowledged)), new Set([1_000, 999]));
  assert.equal(step.value[7]?.acknowledged, 999);
});
