/** Envelopes written by hand, read back by the codec. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode } from "../../src/codec/decode.ts";
import { deltaEntry, deltaResponse, sotwEntry, sotwResponse } from "../../src/xds/content/wire.ts";

const text = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });
// Lengths around 128 and 16,384 take another byte in their prefix.
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(127, 128, 16_383, 16_384, 70_000).map((size) => new Uint8Array(size).fill(7)),
);
const resource = fc.record({ name: text, version: text, type: text, pieces: fc.array(bytes, { maxLength: 3 }) });

test("a delta response is what the codec reads", () =>
  fc.assert(
    fc.property(
      fc.array(resource, { maxLength: 4 }),
      text,
      text,
      fc.array(text, { maxLength: 4 }),
      (given, type, nonce, removals) => {
        const response = deltaResponse(
          { type, nonce, removals },
          given.map((one) => deltaEntry(one, one.pieces)),
        );
        const read = decode("envoy.service.discovery.v3.DeltaDiscoveryResponse", Buffer.concat(response));
        assert.deepEqual([read.typeUrl, read.nonce, read.removedResources ?? []], [type, nonce, removals]);
        const resources = (read.resources ?? []).map((one) => [
          one.name,
          one.version,
          one.resource?.typeUrl,
          Buffer.from(one.resource?.value ?? []),
        ]);
        assert.deepEqual(
          resources,
          given.map((one) => [one.name, one.version, one.type, Buffer.concat(one.pieces)]),
        );
      },
    ),
  ));

test("a state-of-the-world response is what the codec reads", () =>
  fc.assert(
    fc.property(fc.array(resource, { maxLength: 4 }), text, text, text, (given, type, nonce, version) => {
      const response = sotwResponse(
        { type, nonce, version },
        given.map((one) => sotwEntry(one.type, one.pieces)),
      );
      const read = decode("envoy.service.discovery.v3.DiscoveryResponse", Buffer.concat(response));
      assert.deepEqual([read.typeUrl, read.nonce, read.versionInfo], [type, nonce, version]);
      const resources = (read.resources ?? []).map((one) => [one.typeUrl, Buffer.from(one.value ?? [])]);
      assert.deepEqual(
        resources,
        given.map((one) => [one.type, Buffer.concat(one.pieces)]),
      );
    }),
  ));

test("an entry, kept as long as its resource, has memory of its own: none of Node's pool, which it would keep with it", () => {
  const entry = { name: "a.test", version: "v", type: "type.test/T" };
  for (const made of [deltaEntry(entry, [Buffer.from("body")]), sotwEntry(entry.type, [Buffer.from("body")])])
    assert.equal(made.buffer.byteLength, made.length);
});
