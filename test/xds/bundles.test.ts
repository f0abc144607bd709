/** Bytes that responses share on their way to sockets: each arrives as it was made. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bundles } from "../../src/xds/content/bundles.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { PATIENCE_MS } from "../patience.ts";
import { DeltaClient } from "./client.ts";
import { CLUSTER, whole } from "./resources.ts";
import { withServer } from "./running-server.ts";

const MIB = 1024 * 1024;

const entriesOf = (count: number, first = 0): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, at) => Buffer.from([first, at, at + 1]));

test("many entries are joined once, for whoever is sent the same ones", () => {
  const bundles = new Bundles();
  const entries = entriesOf(20);
  const [joined, ...more] = bundles.of(entries);
  assert.deepEqual([joined, more], [Buffer.concat(entries), []]);
  assert.equal(bundles.of([...entries])[0], joined);
  assert.equal(bundles.made, 1);
});

test("other entries are another bundle, though their bytes are equal; few are left as they are", () => {
  const bundles = new Bundles();
  const [joined] = bundles.of(entriesOf(20));
  assert.notEqual(bundles.of(entriesOf(20))[0], joined);
  assert.deepEqual(bundles.of(entriesOf(21))[0], Buffer.concat(entriesOf(21)));
  assert.equal(bundles.made, 3);
  const few = entriesOf(3);
  assert.equal(bundles.of(few), few);
});

test("as many as are on their way at a time are remembered", () => {
  const bundles = new Bundles();
  const lists = Array.from({ length: 9 }, (_, at) => entriesOf(20, at));
  const made = lists.map((entries) => bundles.of(entries)[0]); // held, as by writes in flight
  assert.equal(bundles.of(lists[8] ?? [])[0], made[8]);
  assert.notEqual(bundles.of(lists[0] ?? [])[0], made[0]);
});

test("proxies that read late are given the bytes of their own responses", { timeout: PATIENCE_MS }, async () => {
  const store = new ResourceStore();
  const contents = ["a.test", "b.test", "c.test"].map((name, at) => ({
    name,
    bytes: new Uint8Array(2 * MIB + at).fill(at + 1),
  }));
  store.apply(contents.map(({ name, bytes }) => ({ put: whole(CLUSTER, name, "1", { bytes }) })));
  store.markComplete();
  await withServer({ store }, async (on) => {
    const clients = contents.map(({ name }) => {
      const client = new DeltaClient({ port: on.port });
      client.wire.pause(); // more than a window: most of each response waits at the server while the next is made
      client.subscribe(CLUSTER, [name]);
      return client;
    });
    await on.until(() => on.told.sent.length === clients.length);
    for (const client of clients) client.wire.resume();
    for (const [at, client] of clients.entries()) {
      const value = (await client.next(CLUSTER)).resources?.[0]?.resource?.value ?? new Uint8Array();
      assert.ok(Buffer.compare(value, contents[at]?.bytes ?? new Uint8Array()) === 0, `of proxy ${at}`);
      client.close();
    }
  });
});
