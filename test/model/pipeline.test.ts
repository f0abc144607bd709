import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FleetDefinition } from "../../src/model/fleet-model.ts";
import { Pipeline, type PipelineSettings } from "../../src/model/pipeline.ts";
import { holdSettings } from "../../src/placement/hold/hold.ts";
import type { RecordChange } from "../../src/placement/records.ts";
import type { ResourceStore } from "../../src/xds/store.ts";
import { change, recordsAfter } from "../placement/arbitrary-records.ts";
import { host, put, remove, serves, workload } from "../placement/sample-records.ts";
import { fleet, RDS, SCOPED } from "./sample-fleet.ts";

const CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const ASSIGNMENT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
const LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener";

const settings = (...fleets: readonly FleetDefinition[]): PipelineSettings => ({
  policy: { ownership: [] },
  hold: holdSettings({ holdMs: 0 }), // time plays no part here
  fleets,
});

/** Works until nothing is left. */
function settle(pipeline: Pipeline): void {
  while (pipeline.work(() => true)) {}
}

/** Works in the smallest slices there are. */
function settleInSlices(pipeline: Pipeline): number {
  let slices = 1;
  while (pipeline.work(() => false)) slices += 1;
  return slices;
}

function started(changes: Iterable<RecordChange>, ...fleets: readonly FleetDefinition[]): Pipeline {
  const pipeline = new Pipeline(settings(...fleets));
  pipeline.apply(changes, 0);
  pipeline.sync(0);
  settle(pipeline);
  return pipeline;
}

function storeOf(pipeline: Pipeline, name: string, variant = RDS): ResourceStore {
  const resources = pipeline.variant(name, variant);
  assert.ok(resources !== undefined, `fleet ${name} exists`);
  return resources.store;
}

const namesOf = (store: ResourceStore, type: string): string[] => [...store.names(type)].sort();

/** Everything in a store that reaches a proxy: type, name, version. */
const contentsOf = (store: ResourceStore): string[] =>
  store
    .types()
    .flatMap((type) => [...store.names(type)].map((name) => `${type} ${name} ${store.get(type, name)?.version}`))
    .sort();

test("nothing is complete before the source was, and everything is after", () => {
  const pipeline = new Pipeline(settings(fleet("edge")));
  pipeline.apply(put(host("h1"), workload("shop/cart", "h1")), 0);
  settle(pipeline);
  assert.equal(storeOf(pipeline, "edge").complete, false);
  assert.equal(pipeline.complete, false);
  pipeline.sync(0);
  settle(pipeline);
  assert.equal(storeOf(pipeline, "edge").complete, true);
  assert.equal(pipeline.complete, true);
});

test("an empty source is complete and gives a fleet its listeners", () => {
  const store = storeOf(started([], fleet("edge")), "edge");
  assert.equal(store.complete, true);
  assert.equal(namesOf(store, LISTENER).length, 1);
  assert.deepEqual(namesOf(store, CLUSTER), []);
});

test("a move puts one assignment and nothing else", () => {
  const pipeline = started(put(host("h1"), host("h2"), workload("shop/cart", "h1")), fleet("edge"));
  const store = storeOf(pipeline, "edge");
  const before = new Set(contentsOf(store));
  pipeline.apply(put(workload("shop/cart", "h2")), 0);
  settle(pipeline);
  const changed = contentsOf(store).filter((content) => !before.has(content));
  assert.equal(changed.length, 1);
  assert.match(changed[0] ?? "", new RegExp(`^${ASSIGNMENT} a.test `));
});

test("one change among 10,000 hostnames touches only its own", () => {
  const many = Array.from({ length: 10_000 }, (_, i) =>
    workload(`shop/w${i}`, "h1", { registration: serves(`h${i}.test`) }),
  );
  const pipeline = started(put(host("h1"), host("h2"), ...many), fleet("edge"));
  const store = storeOf(pipeline, "edge");
  const { position } = store;
  const { hostnames } = pipeline.placer.cost;
  pipeline.apply(put(workload("shop/w77", "h2", { registration: serves("h77.test") })), 0);
  settle(pipeline);
  assert.equal(pipeline.placer.cost.hostnames - hostnames, 1);
  assert.deepEqual([...store.since(ASSIGNMENT, position)], ["h77.test"]);
  assert.deepEqual([...store.since(CLUSTER, position)], []);
});

test("a change that a fleet does not see changes none of its stores", () => {
  const mine = workload("shop/cart", "h1");
  const pipeline = started(put(host("h1"), mine), fleet("edge", { exposes: { namespaces: ["shop"] } }));
  const { position } = storeOf(pipeline, "edge");
  pipeline.apply(put(workload("bank/vault", "h1", { registration: serves("vault.test") })), 0);
  settle(pipeline);
  assert.equal(storeOf(pipeline, "edge").position, position);
});

test("public and private fleets share hosts, each sees its own hostnames", () => {
  const pipeline = started(
    put(host("h1"), workload("shop/cart", "h1"), workload("bank/vault", "h1", { registration: serves("vault.test") })),
    fleet("public", { exposes: { namespaces: ["shop"] } }),
    fleet("private", { exposes: { namespaces: ["bank"] } }),
  );
  assert.deepEqual(namesOf(storeOf(pipeline, "public"), CLUSTER), ["a.test"]);
  assert.deepEqual(namesOf(storeOf(pipeline, "private"), CLUSTER), ["vault.test"]);
});

test("while the source is stale no store changes; what came meanwhile counts afterwards", () => {
  const cart = workload("shop/cart", "h1");
  const pipeline = started(put(host("h1"), cart), fleet("edge"));
  const store = storeOf(pipeline, "edge");
  const { position } = store;
  pipeline.setStale(true);
  assert.equal(store.frozen, true);
  pipeline.apply(remove(cart), 0);
  settle(pipeline);
  assert.equal(store.position, position);
  pipeline.setStale(false);
  settle(pipeline);
  assert.equal(store.frozen, false);
  assert.deepEqual(namesOf(store, CLUSTER), []);
});

test("a variant asked for while the source is stale is made of what was known before", () => {
  const cart = workload("shop/cart", "h1");
  const pipeline = started(put(host("h1"), cart), fleet("edge"));
  pipeline.setStale(true);
  pipeline.apply(remove(cart), 0);
  const store = storeOf(pipeline, "edge", SCOPED);
  settle(pipeline);
  assert.deepEqual([store.complete, store.frozen], [true, true]);
  assert.deepEqual(namesOf(store, CLUSTER), ["a.test"]);
});

test("a fleet that a reload brings while the source is stale is complete only afterwards: it has seen no hostname yet", () => {
  const pipeline = started(put(host("h1"), workload("shop/cart", "h1")), fleet("edge"));
  pipeline.setStale(true);
  pipeline.redefine(settings(fleet("edge"), fleet("new")), 0);
  settle(pipeline);
  assert.equal(storeOf(pipeline, "new").complete, false);
  pipeline.setStale(false);
  settle(pipeline);
  assert.equal(storeOf(pipeline, "new").complete, true);
  assert.deepEqual(namesOf(storeOf(pipeline, "new"), CLUSTER), ["a.test"]);
});

test("a complete state that is stale from the start, as one restored from disk is, is served and then left alone", () => {
  const cart = workload("shop/cart", "h1");
  const pipeline = new Pipeline(settings(fleet("edge")));
  pipeline.setStale(true);
  pipeline.apply(put(host("h1"), cart), 0);
  settle(pipeline);
  assert.equal(pipeline.complete, false);
  pipeline.sync(0);
  settle(pipeline);
  assert.equal(pipeline.complete, true);
  const store = storeOf(pipeline, "edge");
  assert.deepEqual(namesOf(store, CLUSTER), ["a.test"]);
  pipeline.apply(remove(cart), 0);
  settle(pipeline);
  assert.deepEqual(namesOf(store, CLUSTER), ["a.test"]);
});

test("what was lost in a mass shortly before the start is held in the first complete stores; what was lost long ago is not", () => {
  const lost = put(host("h1"), host("h2"), workload("shop/cart", "h1"));
  const draining = (agoMs: number): boolean => {
    const pipeline = new Pipeline({ ...settings(fleet("edge")), hold: holdSettings({}) });
    pipeline.apply(lost, 1_000_000 - agoMs);
    pipeline.apply(remove(host("h1"), host("h2"), workload("shop/cart", "h1")), 1_000_000 - agoMs);
    pipeline.sync(1_000_000);
    settle(pipeline);
    return namesOf(storeOf(pipeline, "edge"), CLUSTER).length === 1;
  };
  assert.equal(draining(0), true);
  assert.equal(draining(119_999), true);
  assert.equal(draining(120_000), false);
  assert.equal(draining(3_600_000), false);
});

test("of a mass that is larger than what is held in one go, nothing is missing in the first complete stores", () => {
  const workloads = Array.from({ length: 2_500 }, (_, i) =>
    workload(`shop/w${i}`, i % 2 === 0 ? "h1" : "h2", { registration: serves(`w${i}.test`) }),
  );
  const pipeline = new Pipeline({ ...settings(fleet("edge")), hold: holdSettings({}) });
  pipeline.apply(put(host("h1"), host("h2"), ...workloads), 0);
  pipeline.apply(remove(host("h1"), ...workloads, host("h2")), 0);
  pipeline.sync(0);
  settle(pipeline);
  assert.equal(namesOf(storeOf(pipeline, "edge"), CLUSTER).length, 2_500);
});

test("a variant asked for later is complete only once all of it is translated", () => {
  const pipeline = started(put(host("h1"), workload("shop/cart", "h1")), fleet("edge"));
  const store = storeOf(pipeline, "edge", SCOPED);
  assert.equal(store.complete, false);
  settle(pipeline);
  assert.equal(store.complete, true);
  assert.deepEqual(namesOf(store, CLUSTER), ["a.test"]);
});

test("a fleet's new settings change what they say and leave the rest alone", () => {
  const pipeline = started(put(host("h1"), workload("shop/cart", "h1")), fleet("edge"));
  const store = storeOf(pipeline, "edge");
  const before = new Set(contentsOf(store));
  const { spec } = fleet("edge");
  const listeners = spec.listeners.map((listener) => ({ ...listener, port: 9090 }));
  pipeline.redefine(settings(fleet("edge", { spec: { ...spec, listeners } })), 0);
  settle(pipeline);
  const changed = contentsOf(store).filter((content) => !before.has(content));
  assert.equal(changed.length, 1);
  assert.ok(changed[0]?.startsWith(LISTENER));
});

test("selectors that change on a reload move hostnames between fleets", () => {
  const pipeline = started(
    put(host("h1"), workload("shop/cart", "h1")),
    fleet("public"),
    fleet("private", { exposes: { namespaces: ["bank"] } }),
  );
  pipeline.redefine(settings(fleet("public", { exposes: { namespaces: ["bank"] } }), fleet("private")), 0);
  settle(pipeline);
  assert.deepEqual(namesOf(storeOf(pipeline, "public"), CLUSTER), []);
  assert.deepEqual(namesOf(storeOf(pipeline, "private"), CLUSTER), ["a.test"]);
});

test("what a fleet sees differently is told with before and after", () => {
  const told: string[] = [];
  const pipeline = new Pipeline(settings(fleet("edge")), (name, hostname, before, after) =>
    told.push(`${name} ${hostname} ${before?.endpoints[0]?.address} ${after?.endpoints[0]?.address}`),
  );
  const cart = workload("shop/cart", "h1");
  pipeline.apply(put(host("h1"), cart), 0);
  settle(pipeline);
  pipeline.apply(remove(cart), 0);
  settle(pipeline);
  assert.deepEqual(told, ["edge a.test undefined 10.0.0.1:80", "edge a.test 10.0.0.1:80 undefined"]);
});

test("incremental equals from scratch, in whatever slices, down to the bytes", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const step = started([], fleet("edge", { first: SCOPED }));
      for (const one of changes) {
        step.apply([one], 0);
        settleInSlices(step);
      }
      const whole = started(put(...recordsAfter(changes)), fleet("edge", { first: SCOPED }));
      assert.deepEqual(contentsOf(storeOf(step, "edge", SCOPED)), contentsOf(storeOf(whole, "edge", SCOPED)));
    }),
    { numRuns: 100 },
  );
});
