import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Writer } from "protobufjs/minimal.js";
import { DecodeError, decode } from "../../src/codec/decode.ts";
import { encode } from "../../src/codec/encode.ts";
import { messageNames } from "../../src/codec/message-plan.ts";

const CLUSTER = "envoy.config.cluster.v3.Cluster";

test("fields at their default are absent, set ones are there", () => {
  const message = {
    name: "a.test",
    type: "STATIC",
    connectTimeout: {},
    loadAssignment: { clusterName: "a", endpoints: [{ lbEndpoints: [] }] },
    metadata: { filterMetadata: { a: { fields: { x: { numberValue: 0 } } } } },
  } as const;
  const { loadAssignment: _, ...rest } = message;
  assert.deepEqual(decode(CLUSTER, encode(CLUSTER, message)), {
    ...rest,
    loadAssignment: { clusterName: "a", endpoints: [{}] },
  });
});

test("unknown fields and enum values, as a newer Envoy sends, are left out", () => {
  const newer = Buffer.from([0x92, 0x7f, 1, 65, 0x0a, 1, 97, 0x30, 99]); // field 2034 "A", name "a", lb_policy 99
  assert.deepEqual(decode(CLUSTER, newer), { name: "a" });
});

test("a field of another wire type is an unknown field", () => {
  assert.deepEqual(decode(CLUSTER, Buffer.from([0x08, 5, 0x0a, 1, 97])), { name: "a" });
});

test("concatenated messages merge: repeated fields append, messages merge, the last scalar counts", () => {
  const type = "envoy.config.route.v3.RouteConfiguration";
  const head = encode(type, { name: "first", vhds: { configSource: { ads: {} } }, virtualHosts: [{ name: "a" }] });
  const tail = encode(type, {
    name: "second",
    vhds: { configSource: { resourceApiVersion: "V3" } },
    virtualHosts: [{ name: "b" }],
  });
  assert.deepEqual(decode(type, Buffer.concat([head, tail])), {
    name: "second",
    vhds: { configSource: { ads: {}, resourceApiVersion: "V3" } },
    virtualHosts: [{ name: "a" }, { name: "b" }],
  });
});

test("of a oneof, the last on the wire counts", () => {
  const bytes = Buffer.concat([encode(CLUSTER, { type: "EDS" }), encode(CLUSTER, { clusterType: { name: "x" } })]);
  assert.deepEqual(decode(CLUSTER, bytes), { clusterType: { name: "x" } });
});

test("numbers are read packed and one by one", () => {
  const type = "envoy.config.route.v3.RetryPolicy";
  assert.deepEqual(encode(type, { retriableStatusCodes: [500, 503] }), new Uint8Array([0x3a, 4, 0xf4, 3, 0xf7, 3]));
  assert.deepEqual(decode(type, Buffer.from([0x38, 0xf4, 3, 0x3a, 2, 0xf7, 3])), { retriableStatusCodes: [500, 503] });
});

test("a map's key may be __proto__", () => {
  const type = "envoy.service.discovery.v3.DeltaDiscoveryRequest";
  const bytes = encode(type, { initialResourceVersions: JSON.parse('{"__proto__":"1","a":"2"}') });
  const { initialResourceVersions = {} } = decode(type, bytes);
  assert.deepEqual(Object.entries(initialResourceVersions), [
    ["__proto__", "1"],
    ["a", "2"],
  ]);
});

test("messages nested without end are refused", () => {
  let bytes: Uint8Array = new Uint8Array(0);
  const wrap = (tag: number, inner: Uint8Array): Uint8Array => Writer.create().uint32(tag).bytes(inner).finish();
  for (let depth = 0; depth < 200; depth++) bytes = wrap(0x0a, wrap(0x32, bytes)); // Value.list_value of ListValue.values
  assert.throws(
    () => decode("google.protobuf.ListValue", bytes),
    /not a google.protobuf.ListValue: more than 100 messages/,
  );
});

const broken: readonly (readonly [why: string, bytes: readonly number[]])[] = [
  ["a field longer than its message", [0x0a, 5, 97]],
  ["a tag without a value", [0x0a]],
  ["a nested message that ends within a field", [0x22, 2, 0x08, 0x80, 1]],
  ["a group that does not end", [0x0b]],
  ["wire type 7", [0x0f]],
  ["a number of more than ten bytes", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
];
for (const [why, bytes] of broken)
  test(`refused: ${why}`, () => assert.throws(() => decode(CLUSTER, Buffer.from(bytes)), DecodeError));

test("any bytes are a message or a DecodeError", () =>
  fc.assert(
    fc.property(fc.constantFrom(...messageNames), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
      try {
        encode(type, decode(type, bytes));
      } catch (thrown) {
        assert.ok(thrown instanceof DecodeError || /not an integer|surrogate/.test(String(thrown)), String(thrown));
      }
    }),
    { numRuns: 2000 },
  ));
