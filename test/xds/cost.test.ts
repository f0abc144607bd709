/** Cost by counters: what one change costs with many names and many streams. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ResourceChange } from "../../src/codec/resource.ts";
import { Gate } from "../../src/xds/delivery/gate.ts";
import { Stream } from "../../src/xds/protocol/stream.ts";
import { deltaVariant } from "../../src/xds/protocol/variant.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { BOUNDS, DeltaEnvoy } from "./envoy-model.ts";
import { quota } from "./quota.ts";
import { ASSIGNMENT, assignment, CLUSTER, fleet, hostname, LISTENER, ROUTE, ROUTES } from "./resources.ts";

function storeWith(count: number): ResourceStore {
  const store = new ResourceStore();
  const changes: ResourceChange[] = [...fleet()];
  for (let i = 0; i < count; i++) changes.push(...hostname(`h${i}.test`));
  store.apply(changes);
  store.markComplete();
  return store;
}

function envoysOf(store: ResourceStore, count: number): readonly DeltaEnvoy[] {
  return Array.from({ length: count }, () => {
    const envoy = new DeltaEnvoy(store);
    envoy.connect();
    envoy.flow();
    return envoy;
  });
}

test("500 streams, one encode", () => {
  const store = storeWith(3);
  const envoys = envoysOf(store, 500);
  const before = store.frames.encoded;
  assert.equal(before, 3 + 3 + 1 + 1, "clusters, assignments, the listener and one route configuration");
  store.apply([{ put: assignment("h1.test", "2") }]);
  for (const envoy of envoys) envoy.flow();
  assert.equal(store.frames.encoded, before + 1);
});

test("500 streams, one composition for a new hostname and one for its removal", () => {
  const store = storeWith(3);
  const envoys = envoysOf(store, 500);
  const before = store.compositions.made;
  store.apply(hostname("new.test"));
  for (const envoy of envoys) envoy.flow();
  assert.ok(
    store.compositions.made - before <= 2,
    `${store.compositions.made - before} made: with and without the new one`,
  );
  for (const envoy of envoys) assert.equal(envoy.hosts().length, 4);
});

test("one change among 10,000 is one resource in one response of a few hundred bytes", () => {
  const store = storeWith(10_000);
  const [envoy] = envoysOf(store, 1);
  assert.ok(envoy !== undefined);
  const shelf = store.shelf(ASSIGNMENT);
  let looks = 0;
  const at = shelf.at.bind(shelf);
  shelf.at = (slot) => {
    looks += 1;
    return at(slot);
  };
  store.apply([{ put: assignment("h7.test", "2") }]);
  const responses: (readonly [string, number, number])[] = [];
  for (let response = envoy.stream.next(0); response !== undefined; response = envoy.stream.next(0))
    responses.push([response.type, response.resources, Math.ceil(response.bytes / 300)]);
  assert.deepEqual(responses, [[ASSIGNMENT, 1, 1]]);
  assert.ok(looks < 20, `${looks} resources looked at`);
});

test("a stream that was sent a change says that it has nothing more, and so when it has acknowledged it", () => {
  const store = storeWith(100);
  const [envoy] = envoysOf(store, 1);
  assert.ok(envoy !== undefined);
  envoy.stream.request({ typeUrl: ROUTE, resourceNamesUnsubscribe: [ROUTES] }, 0); // composed resources are always asked
  envoy.flow();
  assert.ok(envoy.stream.quiet);
  store.apply([{ put: assignment("h7.test", "2") }]);
  assert.ok(!envoy.stream.quiet);
  const response = envoy.stream.next(0);
  assert.equal(response?.type, ASSIGNMENT);
  assert.ok(envoy.stream.quiet);
  envoy.stream.request({ typeUrl: ASSIGNMENT, responseNonce: response?.nonce ?? "" }, 0);
  assert.ok(envoy.stream.quiet);
});

test("rule 8: an idle stream with 5,000 subscriptions retains at most 16 KiB", () => {
  const store = storeWith(5_000);
  const variant = deltaVariant({ bounds: BOUNDS, reword: undefined });
  const names = [...store.names(ASSIGNMENT)];
  /** A proxy that is up; only what the server keeps of it is returned. */
  const up = () => {
    const gate = new Gate(store);
    const stream = new Stream({
      gate,
      onlyType: undefined,
      maxTypes: 32,
      channel: (type) => variant.channel({ store, gate, type, nonce: () => "1", names: quota() }),
    });
    const flow = () => {
      for (let response = stream.next(0); response !== undefined; response = stream.next(0))
        stream.request({ typeUrl: response.type, responseNonce: response.nonce }, 0);
    };
    for (const [typeUrl, resourceNamesSubscribe] of [
      [CLUSTER, []],
      [ASSIGNMENT, names],
      [LISTENER, []],
      [ROUTE, [ROUTES]],
    ] as const) {
      stream.request({ typeUrl, resourceNamesSubscribe }, 0);
      flow();
    }
    return stream;
  };
  const retained = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const streams = Array.from({ length: 20 }, up); // what all share is there, and compiled
  const before = retained();
  for (let i = 0; i < 200; i++) streams.push(up());
  const each = (retained() - before) / 200;
  assert.equal(streams.length, 220);
  assert.ok(each <= 16 * 1_024, `${Math.round(each)} bytes`);
});

/** A full collection, which node:test runs without a flag for. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  assert.ok(typeof gc === "function");
  for (let i = 0; i < 3; i++) gc();
}

test("slots of names that came and went are used again", () => {
  const store = storeWith(2);
  const [envoy] = envoysOf(store, 1);
  for (let i = 0; i < 6_000; i++) {
    const name = `ephemeral-${i}.test`;
    store.apply(hostname(name));
    envoy?.settle();
    store.apply([
      { remove: { type: ASSIGNMENT, name } },
      { remove: { type: ROUTE, name, of: ROUTES } },
      { remove: { type: CLUSTER, name } },
    ]);
    envoy?.settle();
  }
  assert.ok(store.shelf(ASSIGNMENT).slots < 3_000, `${store.shelf(ASSIGNMENT).slots} slots for 2 names`);
  assert.deepEqual(envoy?.hosts(), ["h0.test", "h1.test"]);
});
