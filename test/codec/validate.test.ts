import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf } from "../../src/codec/any.ts";
import { encode } from "../../src/codec/encode.ts";
import type { MessageTypes } from "../../src/codec/generated/messages.ts";
import { type MessageName, messageNames } from "../../src/codec/message-plan.ts";
import { checkOf } from "../../src/codec/rules.ts";
import { violations, violationText } from "../../src/codec/validate.ts";

const CLUSTER = "envoy.config.cluster.v3.Cluster";
const cluster = { name: "a.test" };

/** One message without fault and one with; `words` is the fault as it is told. */
const rows: readonly {
  readonly rule: string;
  readonly type: MessageName;
  readonly good: unknown;
  readonly bad: unknown;
  readonly words: string;
}[] = [
  { rule: "string.min_len", type: CLUSTER, good: cluster, bad: {}, words: "name must not be empty" },
  {
    rule: "string.max_bytes",
    type: "envoy.config.core.v3.HeaderValue",
    good: { key: "k", value: "ä".repeat(8192) },
    bad: { key: "k", value: "ä".repeat(8193) },
    words: "value must have at most 16384 bytes, has 16386",
  },
  {
    rule: "string.well_known_regex HTTP_HEADER_NAME, loose",
    type: "envoy.config.core.v3.HeaderValue",
    good: { key: "a b" },
    bad: { key: "a\nb" },
    words: 'key must be an HTTP header name, is "a\\nb"',
  },
  {
    rule: "string.well_known_regex HTTP_HEADER_VALUE, loose",
    type: "envoy.config.route.v3.VirtualHost",
    good: { name: "a", domains: ["a\tb"] },
    bad: { name: "a", domains: ["a", "a\0b"] },
    words: 'domains[1] must be an HTTP header value, is "a\\u0000b"',
  },
  {
    rule: "oneof required, in a field that is left out of a oneof",
    type: "envoy.config.core.v3.SubstitutionFormatString",
    good: { textFormatSource: { inlineBytes: new Uint8Array(1) } },
    bad: { textFormatSource: {} },
    words:
      "text_format_source must have a specifier: one of filename, inline_bytes, inline_string, environment_variable",
  },
  {
    rule: "uint32.lte",
    type: "envoy.config.core.v3.SocketAddress",
    good: { address: "a", portValue: 65535 },
    bad: { address: "a", portValue: 65536 },
    words: "port_value must be at most 65535, is 65536",
  },
  {
    rule: "uint32 on a wrapper",
    type: "envoy.config.cluster.v3.OutlierDetection",
    good: { maxEjectionPercent: { value: 100 }, enforcingSuccessRate: {} },
    bad: { maxEjectionPercent: { value: 101 } },
    words: "max_ejection_percent must be at most 100, is 101",
  },
  {
    rule: "uint32.gte, and a default that breaks it",
    type: "envoy.config.route.v3.DirectResponseAction",
    good: { status: 404 },
    bad: {},
    words: "status must be at least 200, is 0",
  },
  {
    rule: "uint32.lt",
    type: "envoy.config.route.v3.DirectResponseAction",
    good: { status: 599 },
    bad: { status: 600 },
    words: "status must be less than 600, is 600",
  },
  {
    rule: "uint32.gt on a wrapper",
    type: "envoy.config.endpoint.v3.ClusterLoadAssignment",
    good: { clusterName: "a", policy: { overprovisioningFactor: { value: 1 } } },
    bad: { clusterName: "a", policy: { overprovisioningFactor: {} } },
    words: "policy.overprovisioning_factor must be greater than 0, is 0",
  },
  {
    rule: "double.lte",
    type: "envoy.config.cluster.v3.Cluster.PreconnectPolicy",
    good: { perUpstreamPreconnectRatio: { value: 3 } },
    bad: { perUpstreamPreconnectRatio: { value: 3.5 } },
    words: "per_upstream_preconnect_ratio must be at most 3, is 3.5",
  },
  {
    rule: "uint64.lte",
    type: "envoy.config.cluster.v3.Cluster.RingHashLbConfig",
    good: { minimumRingSize: { value: 8388608 } },
    bad: { minimumRingSize: { value: 8388609 } },
    words: "minimum_ring_size must be at most 8388608, is 8388609",
  },
  {
    rule: "enum.defined_only",
    type: "envoy.config.core.v3.SocketAddress",
    good: { address: "a", portValue: 1, protocol: "UDP" },
    bad: { address: "a", portValue: 1, protocol: "SCTP" },
    words: 'protocol must be a name of its enum, is "SCTP"',
  },
  {
    rule: "duration.gt",
    type: CLUSTER,
    good: { ...cluster, connectTimeout: { nanos: 1 } },
    bad: { ...cluster, connectTimeout: {} },
    words: "connect_timeout must be longer than 0s, is 0s",
  },
  {
    rule: "duration.gte and required",
    type: "envoy.config.route.v3.RetryPolicy.RetryBackOff",
    good: { baseInterval: { nanos: 5_000_000 } },
    bad: {},
    words: "base_interval must be set",
  },
  {
    rule: "any duration",
    type: "envoy.config.route.v3.RouteAction",
    good: { cluster: "a", timeout: { seconds: -1, nanos: -1 } },
    bad: { cluster: "a", timeout: { seconds: 1, nanos: -1 } },
    words: "timeout must be a duration, is 1 s and -1 ns",
  },
  {
    rule: "message.required",
    type: "envoy.config.route.v3.Route",
    good: { match: { path: "/" }, directResponse: { status: 200 } },
    bad: { directResponse: { status: 200 } },
    words: "match must be set",
  },
  {
    rule: "message.required in a oneof: only once it is chosen",
    type: "envoy.config.route.v3.RouteMatch",
    good: { prefix: "/" },
    bad: { safeRegex: {} },
    words: "safe_regex.regex must not be empty",
  },
  {
    rule: "any.required",
    type: "envoy.config.core.v3.TypedExtensionConfig",
    good: { name: "a", typedConfig: {} },
    bad: { name: "a" },
    words: "typed_config must be set",
  },
  {
    rule: "oneof required",
    type: "envoy.config.core.v3.Address",
    good: { pipe: { path: "/a" } },
    bad: {},
    words: "must have a address: one of socket_address, pipe, envoy_internal_address",
  },
  {
    rule: "repeated.min_items",
    type: "envoy.config.route.v3.VirtualHost",
    good: { name: "a", domains: ["a"] },
    bad: { name: "a" },
    words: "domains must have at least 1 entries, has 0",
  },
  {
    rule: "repeated.max_items",
    type: "envoy.config.route.v3.RouteConfiguration",
    good: { requestHeadersToAdd: Array(1000).fill({ header: { key: "k" } }) },
    bad: { requestHeadersToAdd: Array(1001).fill({ header: { key: "k" } }) },
    words: "request_headers_to_add must have at most 1000 entries, has 1001",
  },
  {
    rule: "repeated.items",
    type: "envoy.config.route.v3.RouteConfiguration",
    good: { requestHeadersToRemove: ["a"] },
    bad: { requestHeadersToRemove: ["a", ""] },
    words: 'request_headers_to_remove[1] must be an HTTP header name, is ""',
  },
  {
    rule: "map.keys",
    type: "envoy.config.core.v3.Metadata",
    good: { filterMetadata: { a: {} } },
    bad: { filterMetadata: { "": {} } },
    words: 'filter_metadata[""] must not be empty',
  },
  {
    rule: "a message in a map",
    type: "envoy.config.endpoint.v3.ClusterLoadAssignment",
    good: { clusterName: "a", namedEndpoints: { x: {} } },
    bad: { clusterName: "a", namedEndpoints: { x: { address: {} } } },
    words: 'named_endpoints["x"].address must have a address: one of socket_address, pipe, envoy_internal_address',
  },
];

for (const { rule, type, good, bad, words } of rows) {
  test(`${rule}: kept by one ${type}, broken by another`, () => {
    assert.deepEqual(violations(type, good as MessageTypes[MessageName]), []);
    assert.deepEqual(violations(type, encode(type, good as MessageTypes[MessageName])), []);
    assert.deepEqual(violations(type, bad as MessageTypes[MessageName]).map(violationText), [words]);
  });
}

/** The rules themselves, also those that a message above cannot show alone: kind, rule, limit, a good value, a bad one, its words. */
const rules: readonly (readonly [kind: string, rule: object, good: unknown, bad: unknown, words: string])[] = [
  ["string", { in: ["http", "https"] }, "http", "ftp", 'must be one of "http", "https", is "ftp"'],
  ["string", { in: "http" }, "http", "h", 'must be one of "http", is "h"'],
  ["string", { not_in: ["x"] }, "y", "x", 'must not be "x"'],
  ["string", { const: "x" }, "x", "y", 'must be "x", is "y"'],
  ["string", { min_len: 2 }, "😀😀", "😀", 'must have at least 2 characters, is "😀"'],
  ["string", { max_len: 1 }, "😀", "ab", "must have at most 1 characters, has 2"],
  ["string", { min_bytes: 2 }, "ä", "a", "must have at least 2 bytes, has 1"],
  ["string", { prefix: "/" }, "/a", "a", 'must begin with "/", is "a"'],
  ["string", { pattern: "^[^?#]+[^?#/]$" }, "/ab", "/a/", 'must match ^[^?#]+[^?#/]$, is "/a/"'],
  ["string", { min_len: 3, ignore_empty: true }, "", "a", 'must have at least 3 characters, is "a"'],
  ["string", { well_known_regex: "HTTP_HEADER_NAME" }, ":path", "a b", 'must be an HTTP header name, is "a b"'],
  ["string", { well_known_regex: "HTTP_HEADER_NAME" }, "a,b", "a;b", 'must be an HTTP header name, is "a;b"'],
  ["string", { well_known_regex: "HTTP_HEADER_VALUE" }, "a\tb", "\x07", 'must be an HTTP header value, is "\\u0007"'],
  ["bytes", { min_len: 1 }, new Uint8Array(1), new Uint8Array(0), "must have at least 1 bytes, has 0"],
  ["bytes", { max_len: 1 }, new Uint8Array(1), new Uint8Array(2), "must have at most 1 bytes, has 2"],
  ["bool", { const: true }, true, false, "must be true, is false"],
  ["int64", { gt: 0 }, 1, 0, "must be greater than 0, is 0"],
  ["float", { gte: 0 }, 0, -0.5, "must be at least 0, is -0.5"],
  ["int32", { lt: 5 }, 4, 5, "must be less than 5, is 5"],
  ["uint64", { lte: 5 }, 5, 6, "must be at most 5, is 6"],
  ["duration", { lt: { seconds: 2 } }, { seconds: 1, nanos: 999 }, { seconds: 2 }, "must be shorter than 2s, is 2s"],
  [
    "duration",
    { lte: { seconds: 2 } },
    { seconds: 2 },
    { seconds: 2, nanos: 1 },
    "must be at most 2s, is 2.000000001s",
  ],
  ["duration", { gte: { nanos: 1000000 } }, { nanos: 1000000 }, {}, "must be at least 0.001s, is 0s"],
  ["duration", { gt: {} }, { nanos: 1 }, {}, "must be longer than 0s, is 0s"],
  ["repeated", { unique: true }, ["a", "b"], ["a", "a"], "must not have an entry twice"],
  ["map", { min_pairs: 1 }, { a: 1 }, {}, "must have at least 1 entries, has 0"],
];
for (const [kind, rule, good, bad, words] of rules)
  test(`${kind} ${JSON.stringify(rule)}: ${words}`, () => {
    const check = checkOf({ [kind]: rule as Record<string, unknown> }, undefined);
    assert.equal(check?.(good), undefined);
    assert.equal(check?.(bad), words);
  });

test("enum rules go by number, values by name", () => {
  const names = {
    numbers: new Map([
      ["A", 0],
      ["B", 1],
    ]),
    names: new Map([
      [0, "A"],
      [1, "B"],
    ]),
  };
  const told = (rule: object, value: string): string | undefined => checkOf({ enum: { ...rule } }, names)?.(value);
  assert.equal(told({ defined_only: true }, "A"), undefined);
  assert.equal(told({ defined_only: true }, "C"), 'must be a name of its enum, is "C"');
  assert.deepEqual([told({ not_in: 0 }, "B"), told({ not_in: 0 }, "A")], [undefined, "must not be A"]);
  assert.deepEqual([told({ in: [1] }, "B"), told({ in: [1] }, "A")], [undefined, "must not be A"]);
  assert.deepEqual([told({ const: 1 }, "B"), told({ const: 1 }, "A")], [undefined, "must be B, is A"]);
});

test("a rule that is not implemented is an error, not a pass", () => {
  assert.throws(() => checkOf({ string: { uuid: true } }, undefined), /rule string.uuid is not implemented/);
  assert.throws(() => checkOf({ timestamp: { required: true } }, undefined), /no rules of kind timestamp/);
  assert.throws(() => checkOf({ string: { well_known_regex: "X" } }, undefined), /well-known pattern X/);
});

test("the rules of every message the codec knows are implemented", () => {
  for (const name of messageNames) assert.ok(Array.isArray(violations(name, {})), name);
});

test("an Any of a known type is looked into, at any depth; one of an unknown type is left alone", () => {
  const manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const typedConfig = anyOf(manager, { statPrefix: "a", httpFilters: [{ name: "" }], rds: { routeConfigName: "r" } });
  const listener = {
    filterChains: [
      {
        filters: [
          { name: "hcm", typedConfig },
          { name: "x", typedConfig: { typeUrl: "a/b.C" } },
        ],
      },
    ],
  };
  assert.deepEqual(violations("envoy.config.listener.v3.Listener", listener).map(violationText), [
    `filter_chains[0].filters[0].typed_config[${manager}].rds.config_source must be set`,
    `filter_chains[0].filters[0].typed_config[${manager}].http_filters[0].name must not be empty`,
  ]);
});

test("every violation of a message is told", () => {
  assert.deepEqual(
    violations(CLUSTER, { connectTimeout: {}, edsClusterConfig: {}, loadAssignment: {} }).map(violationText),
    [
      "name must not be empty",
      "connect_timeout must be longer than 0s, is 0s",
      "load_assignment.cluster_name must not be empty",
    ],
  );
});

test("a Struct of any depth and content breaks no rule", () => {
  const deep = {
    structValue: { fields: { x: { listValue: { values: [{ nullValue: "NULL_VALUE" }, {}] } } } },
  } as const;
  assert.deepEqual(violations(CLUSTER, { ...cluster, metadata: { filterMetadata: { a: { fields: { deep } } } } }), []);
});
