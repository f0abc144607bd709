import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode } from "../../src/codec/decode.ts";
import { EncodeError, encode } from "../../src/codec/encode.ts";
import type { MessageTypes } from "../../src/codec/generated/messages.ts";
import type { MessageName } from "../../src/codec/message-plan.ts";
import { messageOf } from "./messages.ts";
import { asReference, referenceType } from "./reference.ts";

const TYPES: readonly MessageName[] = [
  "envoy.config.cluster.v3.Cluster",
  "envoy.config.endpoint.v3.ClusterLoadAssignment",
  "envoy.config.listener.v3.Listener",
  "envoy.config.route.v3.RouteConfiguration",
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  "envoy.service.discovery.v3.DeltaDiscoveryRequest",
  "envoy.service.discovery.v3.DeltaDiscoveryResponse",
  "envoy.service.discovery.v3.DiscoveryRequest",
];

for (const type of TYPES)
  test(`${type}: the bytes are those of protobufjs' reflection`, () => {
    const reference = referenceType(type);
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const wanted = reference.encode(reference.fromObject(asReference(type, message))).finish();
        assert.equal(Buffer.from(encode(type, message)).toString("hex"), Buffer.from(wanted).toString("hex"));
      }),
      { numRuns: 60 },
    );
  });

for (const type of TYPES)
  test(`${type}: decoded and encoded again, the bytes are the same`, () =>
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const bytes = encode(type, message);
        assert.deepEqual(encode(type, decode(type, bytes)), bytes);
      }),
      { numRuns: 60 },
    ));

test("equal messages give equal bytes, whatever the order of fields and keys", () => {
  const type = "envoy.config.cluster.v3.Cluster";
  const one = { name: "a", type: "EDS", metadata: { filterMetadata: { a: {}, b: {} } } } as const;
  const other = {
    metadata: { filterMetadata: { b: {}, a: {} } },
    type: "EDS",
    name: "a",
    altStatName: undefined,
  } as const;
  assert.deepEqual(encode(type, one), encode(type, other));
});

test("integer keys are in order of their characters, though objects keep them in order of their values", () => {
  const bytes = encode("google.protobuf.Struct", { fields: { 9: {}, 10: {}, "": {} } });
  assert.deepEqual(
    Buffer.from(bytes)
      .toString("latin1")
      .replaceAll(/[^\d]+/g, " ")
      .trim(),
    "10 9",
  );
});

test("the bytes have memory of their own", () => {
  const bytes = encode("envoy.config.cluster.v3.Cluster", { name: "a.test" });
  assert.equal(bytes.buffer.byteLength, bytes.length);
});

test("a default is left out where absence means the same, and written in a oneof or a wrapper", () => {
  assert.equal(encode("envoy.config.core.v3.SocketAddress", { address: "", protocol: "TCP" }).length, 0);
  assert.equal(encode("envoy.config.core.v3.SocketAddress", { portValue: 0 }).length, 2);
  assert.equal(encode("envoy.config.cluster.v3.Cluster", { type: "STATIC" }).length, 2);
  assert.equal(encode("envoy.config.route.v3.RetryPolicy", { numRetries: { value: 0 } }).length, 2);
});

test("a field newer than the .proto files is known", () => {
  const bytes = encode("envoy.config.route.v3.RetryPolicy", { refreshClusterOnRetry: { value: true } });
  assert.deepEqual([...bytes], [(14 << 3) | 2, 2, 8, 1]);
});

const refusals: readonly (readonly [why: string, type: MessageName, message: unknown, words: string])[] = [
  [
    "an unknown field",
    "envoy.config.cluster.v3.Cluster",
    { circuitBreakers: { thresholds: [{}, { maxRequest: 1 }] } },
    "circuit_breakers.thresholds[1].maxRequest: envoy.config.cluster.v3.CircuitBreakers.Thresholds has no such field",
  ],
  [
    "two fields of one oneof",
    "envoy.config.cluster.v3.Cluster",
    { type: "EDS", name: "a", clusterType: {} },
    "cluster_type: type is set too, and only one of cluster_discovery_type can be",
  ],
  [
    "a name that is not of the enum",
    "envoy.config.cluster.v3.Cluster",
    { type: "EDSS" },
    'type: is "EDSS", not one of STATIC, STRICT_DNS, LOGICAL_DNS, EDS, ORIGINAL_DST',
  ],
  ["a number for a name", "envoy.config.cluster.v3.Cluster", { lbPolicy: 0 }, "lb_policy: is 0, not one of"],
  ["a number for a string", "envoy.config.cluster.v3.Cluster", { name: 5 }, "name: is 5, not a string"],
  ["a default of another kind", "envoy.config.cluster.v3.Cluster", { name: 0 }, "name: is 0, not a string"],
  ["half a character", "envoy.config.cluster.v3.Cluster", { name: "\ud800" }, "name: holds half a surrogate pair"],
  [
    "a value without its wrapper",
    "envoy.config.route.v3.RetryPolicy",
    { numRetries: 3 },
    "num_retries: is 3, not a google",
  ],
  [
    "a number out of range",
    "google.protobuf.UInt32Value",
    { value: 2 ** 32 },
    "value: is 4294967296, not an integer from 0 to 4294967295",
  ],
  ["a fraction", "google.protobuf.Duration", { seconds: 0.5 }, "seconds: is 0.5, not an integer from"],
  ["a negative unsigned", "google.protobuf.UInt64Value", { value: -1 }, "value: is -1, not an integer from 0"],
  ["a string for a number", "google.protobuf.DoubleValue", { value: "1" }, 'value: is "1", not a number'],
  ["a string for a boolean", "google.protobuf.BoolValue", { value: "true" }, 'value: is "true", not a boolean'],
  ["a string for bytes", "google.protobuf.Any", { value: "" }, 'value: is "", not bytes'],
  ["one for many", "envoy.config.route.v3.VirtualHost", { domains: "a" }, 'domains: is "a", not an array'],
  ["a hole among many", "envoy.config.route.v3.VirtualHost", { routes: [null] }, "routes[0]: is null, not a envoy"],
  [
    "an array for a map",
    "envoy.config.core.v3.Metadata",
    { filterMetadata: [] },
    "filter_metadata: is an array, not an object",
  ],
  [
    "a wrong value in a map",
    "envoy.config.core.v3.Metadata",
    { filterMetadata: { "a.b": 1 } },
    'filter_metadata["a.b"]: is 1, not a google.protobuf.Struct',
  ],
];
for (const [why, type, message, words] of refusals)
  test(`refused with the path of the field: ${why}`, () =>
    assert.throws(
      () => encode(type, message as MessageTypes[MessageName]),
      (thrown) => {
        assert.ok(thrown instanceof EncodeError);
        assert.ok(thrown.message.startsWith(`${type} ${words}`), thrown.message);
        return true;
      },
    ));
