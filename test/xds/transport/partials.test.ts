/** Requests that are not whole, of all calls together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../../../src/xds/transport/client.ts";
import { type PartialCall, Partials } from "../../../src/xds/transport/partials.ts";

test("beyond the bound the largest of whoever has most is ended, though another is larger", () => {
  const failed: string[] = [];
  const overfull: string[] = [];
  const partials = new Partials(100, ({ peer }) => overfull.push(peer));
  const call = (client: Client, name: string): PartialCall => ({ client, fail: () => failed.push(name) });
  const [abuser, good]: Client[] = ["abuser", "good"].map((peer) => ({ peer, names: undefined }));
  if (abuser === undefined || good === undefined) throw new Error("two clients");
  const own = call(good, "good");
  partials.set(own, 40);
  const many = [10, 20, 15].map((bytes, at) => {
    const one = call(abuser, `abuser ${at}`);
    partials.set(one, bytes);
    return one;
  });
  assert.deepEqual([partials.bytes, failed], [85, []]);
  partials.set(call(abuser, "abuser 3"), 16);
  assert.deepEqual([failed, overfull, partials.bytes], [["abuser 1"], ["abuser"], 81]);
  partials.set(own, 0);
  for (const one of many) partials.set(one, 0);
  assert.equal(partials.bytes, 16);
});
