/** Memory that messages share on their way to the socket: each arrives as it was made. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Scratch } from "../../src/xds/content/scratch.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { DeltaClient } from "./client.ts";
import { CLUSTER, whole } from "./resources.ts";
import { withServer } from "./running-server.ts";

const MIB = 1024 * 1024;
const joined = (scratch: Scratch, ...pieces: readonly Uint8Array[]): Buffer =>
  scratch.joined(
    pieces,
    pieces.reduce((sum, piece) => sum + piece.length, 0),
  );

test("joined pieces are what concatenation gives, whatever was joined before", () =>
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), { maxLength: 8 }),
      (messages) => {
        const scratch = new Scratch();
        for (const pieces of messages) assert.deepEqual(joined(scratch, ...pieces), Buffer.concat(pieces));
      },
    ),
  ));

test("messages have the same memory one after the other", () => {
  const scratch = new Scratch();
  const first = joined(scratch, new Uint8Array(MIB));
  assert.equal(joined(scratch, new Uint8Array(MIB)).buffer, first.buffer);
});

test("memory for an enormous message is not kept", () => {
  const scratch = new Scratch();
  const kept = joined(scratch, new Uint8Array(MIB));
  const enormous = joined(scratch, new Uint8Array(9 * MIB));
  assert.notEqual(enormous.buffer, kept.buffer);
  assert.equal(joined(scratch, new Uint8Array(MIB)).buffer, kept.buffer);
});

test("proxies that read late are given the bytes of their own responses", { timeout: 30_000 }, async () => {
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
