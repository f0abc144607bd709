/** What holds for every translation, whatever is translated. Single cases are golden files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode } from "../../src/codec/decode.ts";
import type { Resource } from "../../src/codec/resource.ts";
import type { FleetSpec, Variant } from "../../src/envoy/fleet-spec.ts";
import { ASSIGNMENT_TYPE, clusterNameOf, statNameOf } from "../../src/envoy/names.ts";
import { socketOf } from "../../src/envoy/socket-address.ts";
import { translateFleet, translateHostname } from "../../src/envoy/translate.ts";
import type { Endpoint, ExposedHostname } from "../../src/placement/fleet.ts";
import { benchFleet, resourcesOf } from "./request-bench.ts";

const spec: FleetSpec = benchFleet({ key: "", cert: "", certFile: "/etc/ca.pem" });

const VARIANTS: readonly Variant[] = (["rds", "scoped"] as const).flatMap((layout): readonly Variant[] => [
  { layout, source: { kind: "ads" }, endpoints: "eds" },
  { layout, source: { kind: "separate-delta", xdsCluster: "xds" }, endpoints: "eds" },
  { layout, source: { kind: "separate-sotw", xdsCluster: "xds" }, endpoints: "eds" },
]);

const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  address: fc.constantFrom("10.0.0.1:80", "10.0.0.2:80", "10.0.0.10:80", "[2001:db8::1]:9191"),
  phase: fc.constantFrom("ready" as const, "draining" as const),
  authority: fc.constantFrom("a.test", "A.test"),
  weight: fc.integer({ min: 1, max: 1_000 }),
  workloadId: fc.option(fc.constantFrom("w-1", "w-2"), { nil: undefined }),
  hostId: fc.constant("h"),
  hostGroup: fc.constantFrom("default", "tls"),
});
const endpoints = fc.uniqueArray(endpoint, { selector: ({ address }) => address });
const exposed: fc.Arbitrary<ExposedHostname> = fc.record({
  hostname: fc.constantFrom("a.test", "b.a.test", "localhost", "127.0.0.1"),
  owner: fc.constantFrom("shop", "press"),
  protocolGroup: fc.constantFrom("", "http1", "http2", "not-configured"),
  endpoints,
});
const variant = fc.constantFrom(...VARIANTS);
const keyOf = ({ type, name }: Resource): string => `${type} ${name}`;

test("endpoints reach the assignment only", () =>
  fc.assert(
    fc.property(variant, exposed, endpoints, (as, one, others) => {
      const before = resourcesOf(translateHostname(spec, as, one));
      const after = resourcesOf(translateHostname(spec, as, { ...one, endpoints: others }));
      const rest = (resources: readonly Resource[]) => resources.filter(({ type }) => type !== ASSIGNMENT_TYPE);
      assert.deepEqual(rest(after), rest(before));
    }),
  ));

test("equal endpoints, equal bytes, in whatever order they come", () =>
  fc.assert(
    fc.property(variant, exposed, (as, one) => {
      const reversed = { ...one, endpoints: one.endpoints.toReversed() };
      assert.deepEqual(translateHostname(spec, as, reversed), translateHostname(spec, as, one));
    }),
  ));

test("every hostname has a cluster with its assignment as companion, and one route that requires the cluster", () =>
  fc.assert(
    fc.property(variant, exposed, (as, one) => {
      const [cluster, assignment, route, ...more] = resourcesOf(translateHostname(spec, as, one));
      assert.ok(cluster?.kind === "whole" && assignment?.kind === "whole" && route !== undefined);
      assert.deepEqual(more, []);
      assert.deepEqual(cluster.companion, { type: assignment.type, name: assignment.name });
      assert.deepEqual(route.requires, [{ type: cluster.type, name: cluster.name }]);
      assert.equal(route.kind, as.layout === "rds" ? "part" : "whole");
      for (const { subject } of [cluster, assignment, route])
        assert.deepEqual(subject, { kind: "Hostname", namespace: one.owner, name: one.hostname });
    }),
  ));

test("names of the fleet's own resources cannot be those of a hostname", () => {
  const forwarding = { ...spec, unknownHostname: { forward: { host: "gw.test", port: 80, tls: undefined } } };
  for (const as of VARIANTS)
    for (const resource of resourcesOf(translateFleet(forwarding, as)))
      if (!resource.type.endsWith(".Listener")) assert.match(resource.name, /[_/]/, keyOf(resource));
});

test("statistics of two clusters are never mixed up", () =>
  fc.assert(
    fc.property(fc.array(exposed, { minLength: 2 }), (all) => {
      const names = new Set(
        all.flatMap(({ hostname }) => PROTOCOLS.map((protocol) => clusterNameOf(hostname, protocol))),
      );
      assert.equal(new Set([...names].map(statNameOf)).size, names.size);
      for (const name of names) assert.doesNotMatch(statNameOf(name), /[./]/);
    }),
  ));

const PROTOCOLS = ["as-downstream", "http1", "http2"] as const;

test("inline, the cluster has the endpoints of the assignment, and there is no other; the route is the same", () =>
  fc.assert(
    fc.property(variant, exposed, (as, one) => {
      const [withEds, assignment, route] = resourcesOf(translateHostname(spec, as, one));
      const inline = translateHostname(spec, { ...as, endpoints: "inline" }, one);
      const [cluster, sameRoute, ...more] = resourcesOf(inline);
      assert.ok(cluster?.kind === "whole" && withEds !== undefined && assignment !== undefined);
      assert.deepEqual([cluster.companion, cluster.name, sameRoute, more], [undefined, withEds.name, route, []]);
      const { type, loadAssignment, ...rest } = decode("envoy.config.cluster.v3.Cluster", cluster.bytes);
      const { type: eds, edsClusterConfig, ...sameRest } = decode("envoy.config.cluster.v3.Cluster", withEds.bytes);
      assert.deepEqual([type, eds, rest], ["STATIC", "EDS", sameRest]);
      assert.ok(edsClusterConfig !== undefined);
      assert.deepEqual(loadAssignment, decode("envoy.config.endpoint.v3.ClusterLoadAssignment", assignment.bytes));
    }),
  ));

const CLUSTER_NAMES: readonly (readonly [
  hostname: string,
  protocol: (typeof PROTOCOLS)[number],
  name: string,
  why: string,
])[] = [
  ["shop.test", "as-downstream", "shop.test", "Envoy's /clusters speaks in hostnames"],
  ["shop.test", "http2", "shop.test/http2", "a changed protocol is a new cluster"],
  ["contour", "as-downstream", "contour/as-downstream", "a bootstrap's own cluster may be called so"],
];
for (const [hostname, protocol, name, why] of CLUSTER_NAMES)
  test(`cluster of ${hostname} with ${protocol}: ${name}, ${why}`, () =>
    assert.equal(clusterNameOf(hostname, protocol), name));

test("a part is one entry of the field it belongs to", () => {
  const as: Variant = { layout: "rds", source: { kind: "ads" }, endpoints: "eds" };
  const part = resourcesOf(
    translateHostname(spec, as, { hostname: "a.test", owner: "", protocolGroup: "", endpoints: [] }),
  )[2];
  const [head] = resourcesOf(translateFleet(spec, as)).filter(({ kind }) => kind === "composed");
  assert.ok(part !== undefined && head !== undefined);
  const whole = decode("envoy.config.route.v3.RouteConfiguration", Buffer.concat([head.bytes, part.bytes, part.bytes]));
  assert.deepEqual(
    whole.virtualHosts?.map(({ name }) => name),
    ["a.test", "a.test"],
  );
  assert.equal(whole.name, head.name);
});

test("what Envoy would refuse is withheld whole, and said", () => {
  const as: Variant = { layout: "rds", source: { kind: "ads" }, endpoints: "eds" };
  const weightless = {
    address: "10.0.0.1:80",
    phase: "ready",
    authority: "a.test",
    weight: 0,
    workloadId: undefined,
    hostId: "",
    hostGroup: "",
  } as const;
  const translation = translateHostname(spec, as, {
    hostname: "a.test",
    owner: "shop",
    protocolGroup: "",
    endpoints: [weightless],
  });
  assert.ok(!translation.ok);
  const [problem, ...more] = translation.problems;
  assert.deepEqual(more, []);
  assert.deepEqual([problem?.code, problem?.subject.name], ["resource-invalid", "a.test"]);
  assert.match(problem?.cause ?? "", /load_balancing_weight/);
});

const ADDRESSES: readonly (readonly [text: string, address: string, port: number])[] = [
  ["10.0.0.1:9191", "10.0.0.1", 9191],
  ["[2001:db8::1]:80", "2001:db8::1", 80],
];
for (const [text, address, portValue] of ADDRESSES)
  test(`address ${text}`, () => assert.deepEqual(socketOf(text), { socketAddress: { address, portValue } }));
for (const text of ["10.0.0.1", "10.0.0.1:", "10.0.0.1:0", ":80", ""])
  test(`address ${JSON.stringify(text)} is our own fault`, () => assert.throws(() => socketOf(text), RangeError));
