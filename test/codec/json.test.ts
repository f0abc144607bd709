import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import protojson from "protobufjs/ext/protojson.js";
import { anyOf } from "../../src/codec/any.ts";
import { camelCase } from "../../src/codec/descriptor.ts";
import { encode } from "../../src/codec/encode.ts";
import type { MessageTypes } from "../../src/codec/generated/messages.ts";
import { fromJson, JsonError, type JsonValue, toJson } from "../../src/codec/json.ts";
import type { MessageName } from "../../src/codec/message-plan.ts";
import { messageOf } from "./messages.ts";
import { referenceType } from "./reference.ts";

const CLUSTER = "envoy.config.cluster.v3.Cluster";

const forms: readonly (readonly [what: string, type: MessageName, message: unknown, json: JsonValue])[] = [
  [
    "fields in order of ids, defaults left out",
    CLUSTER,
    { type: "EDS", lbPolicy: "ROUND_ROBIN", name: "a" },
    { name: "a", type: "EDS" },
  ],
  [
    "names in snake_case",
    CLUSTER,
    { altStatName: "a_b", edsClusterConfig: {} },
    { eds_cluster_config: {}, alt_stat_name: "a_b" },
  ],
  ["a duration", "google.protobuf.Duration", { seconds: 1, nanos: 500_000_000 }, "1.500s"],
  ["a duration of microseconds", "google.protobuf.Duration", { nanos: 25_000 }, "0.000025s"],
  ["no duration at all", "google.protobuf.Duration", {}, "0s"],
  ["a duration backwards", "google.protobuf.Duration", { seconds: -1, nanos: -5 }, "-1.000000005s"],
  ["a duration that is none", "google.protobuf.Duration", { seconds: 1, nanos: -5 }, { seconds: 1, nanos: -5 }],
  ["a time", "google.protobuf.Timestamp", { seconds: 1_700_000_000, nanos: 1_000_000 }, "2023-11-14T22:13:20.001Z"],
  ["a time beyond the year 9999", "google.protobuf.Timestamp", { seconds: 2 ** 50 }, { seconds: 2 ** 50, nanos: 0 }],
  ["a wrapper is its value", "envoy.config.route.v3.RetryPolicy", { numRetries: { value: 3 } }, { num_retries: 3 }],
  [
    "a wrapper of a default is that default",
    "envoy.config.route.v3.RetryPolicy",
    { numRetries: {} },
    { num_retries: 0 },
  ],
  [
    "64 bits are text",
    "envoy.config.cluster.v3.Cluster.RingHashLbConfig",
    { minimumRingSize: { value: 5 } },
    { minimum_ring_size: "5" },
  ],
  [
    "bytes are base64",
    "envoy.config.core.v3.DataSource",
    { inlineBytes: new Uint8Array([255, 254]) },
    { inline_bytes: "//4=" },
  ],
  [
    "a struct is an object",
    "google.protobuf.Struct",
    {
      fields: {
        a: { listValue: { values: [{ boolValue: false }, { nullValue: "NULL_VALUE" }, { numberValue: 1.5 }] } },
        b: { structValue: { fields: { c: { stringValue: "" } } } },
      },
    },
    { a: [false, null, 1.5], b: { c: "" } },
  ],
  ["infinity is text", "google.protobuf.DoubleValue", { value: Number.POSITIVE_INFINITY }, "Infinity"],
  [
    "an Any is expanded",
    "envoy.config.core.v3.TypedExtensionConfig",
    { name: "r", typedConfig: anyOf("envoy.extensions.filters.http.router.v3.Router", { startChildSpan: true }) },
    {
      name: "r",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        start_child_span: true,
      },
    },
  ],
  [
    "an Any of a message with a form of its own keeps it as value",
    "google.protobuf.Any",
    anyOf("google.protobuf.Duration", { seconds: 3 }),
    { "@type": "type.googleapis.com/google.protobuf.Duration", value: "3s" },
  ],
  [
    "an Any of an unknown type keeps its bytes",
    "google.protobuf.Any",
    { typeUrl: "a/b.C", value: new Uint8Array([1]) },
    { "@type": "a/b.C", value: "AQ==" },
  ],
];
for (const [what, type, message, json] of forms)
  test(`JSON: ${what}`, () => {
    const typed = message as MessageTypes[MessageName];
    assert.deepEqual(toJson(type, typed), json);
    assert.equal(JSON.stringify(toJson(type, encode(type, typed))), JSON.stringify(json));
    assert.deepEqual(encode(type, fromJson(type, json)), encode(type, typed));
  });

test("from JSON, both spellings of a field are understood, null is absence, and numbers may be text", () => {
  const wanted = { type: "EDS", edsClusterConfig: { serviceName: "x" }, perConnectionBufferLimitBytes: { value: 5 } };
  assert.deepEqual(
    fromJson(CLUSTER, {
      type: 3,
      eds_cluster_config: { service_name: "x" },
      perConnectionBufferLimitBytes: 5,
      name: null,
    }),
    wanted,
  );
  assert.deepEqual(fromJson("envoy.config.route.v3.DirectResponseAction", { status: "404" }), { status: 404 });
});

const refusals: readonly (readonly [type: MessageName, json: unknown, words: string])[] = [
  [
    CLUSTER,
    { load_assignment: { endpoint: [] } },
    "load_assignment.endpoint: envoy.config.endpoint.v3.ClusterLoadAssignment has no such field",
  ],
  [CLUSTER, { type: "EDSS" }, 'type: is "EDSS", not one of STATIC'],
  [CLUSTER, { name: 5 }, "name: is 5, not a string"],
  [CLUSTER, { connect_timeout: "5" }, "connect_timeout: is not a google.protobuf.Duration"],
  [CLUSTER, { health_checks: {} }, "health_checks: is not an array"],
  [CLUSTER, { health_checks: [5] }, "health_checks[0]: is not a envoy.config.core.v3.HealthCheck"],
  [CLUSTER, { typed_extension_protocol_options: [] }, "typed_extension_protocol_options: is not an object"],
  [CLUSTER, { typed_extension_protocol_options: { a: { x: 1 } } }, "typed_extension_protocol_options[a]: has no @type"],
  ["envoy.config.route.v3.DirectResponseAction", { status: "x" }, 'status: is "x", not a uint32'],
];
for (const [type, json, words] of refusals)
  test(`from JSON, refused: ${words}`, () =>
    assert.throws(
      () => fromJson(type, json),
      (thrown) => thrown instanceof JsonError && thrown.message.startsWith(`${type}.${words}`),
    ));

for (const type of [
  CLUSTER,
  "envoy.config.route.v3.RouteConfiguration",
  "envoy.service.discovery.v3.DiscoveryRequest",
] as const)
  test(`${type}: JSON of JSON is the same JSON`, () =>
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const json = toJson(type, message);
        assert.deepEqual(toJson(type, fromJson(type, json)), json);
      }),
      { numRuns: 100 },
    ));

test("what protobufjs' own JSON says of a cluster, but for the spelling of names", () => {
  const message = {
    name: "a",
    connectTimeout: { nanos: 250_000_000 },
    perConnectionBufferLimitBytes: { value: 32768 },
    metadata: { filterMetadata: { a: { fields: { n: { numberValue: 1 }, s: { stringValue: "" } } } } },
    outlierDetection: { maxEjectionPercent: { value: 0 }, splitExternalLocalOriginErrors: true },
    circuitBreakers: { thresholds: [{ priority: "HIGH", retryBudget: { budgetPercent: { value: 20 } } }] },
  } as const;
  const reference = referenceType(CLUSTER);
  const wanted = protojson.toJson(reference, reference.decode(encode(CLUSTER, message)));
  const camelNames = JSON.stringify(toJson(CLUSTER, message)).replace(/"[a-z_]+":/g, camelCase);
  assert.deepEqual(JSON.parse(camelNames), wanted);
});
