import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { fleetDenied, fleetFor, matchesGlob } from "../../src/config/fleet-selector.ts";
import { loadSettings } from "../../src/config/load.ts";

const loaded = loadSettings(
  `source: {folder: a}
xds: {tls: {certFile: a, keyFile: b, caFile: c}}
fleets:
- {name: edge, proxies: {idPattern: "edge-*", metadata: {zone: a}}}
- {name: public, proxies: {cluster: public}}
- {name: labelled, proxies: {metadata: {fleet: labelled}}}
- {name: proven, proxies: {cluster: proven, sans: [proven.fleet.test, "spiffe://test/ns/*"]}}
- {name: proven-too, proxies: {sans: ["*.second.test"]}}
`,
  "f",
);
const fleets = "settings" in loaded ? loaded.settings.fleets : assert.fail();

const rows: readonly (readonly [
  why: string,
  proxy: { id?: string; cluster?: string; metadata?: Record<string, unknown>; names?: readonly string[] },
  fleet: string | undefined,
])[] = [
  ["all criteria match", { id: "edge-7", metadata: { zone: "a" } }, "edge"],
  ["one criterion does not", { id: "edge-7", metadata: { zone: "b" } }, undefined],
  ["the first of several", { id: "edge-7", cluster: "public", metadata: { zone: "a" } }, "edge"],
  ["a cluster, exactly", { cluster: "public" }, "public"],
  ["a cluster's beginning", { cluster: "public-2" }, undefined],
  ["metadata among other metadata", { metadata: { fleet: "labelled", other: 7 } }, "labelled"],
  ["metadata that is no text", { metadata: { fleet: ["labelled"] } }, undefined],
  ["nothing said", {}, undefined],
  ["a name proved", { cluster: "proven", names: ["DNS:other.test", "DNS:proven.fleet.test"] }, "proven"],
  ["another form of name", { cluster: "proven", names: ["URI:spiffe://test/ns/edge"] }, "proven"],
  ["a name proved, for a fleet not asked for", { cluster: "x", names: ["DNS:proven.fleet.test"] }, undefined],
  ["no certificate where one is asked for", { cluster: "proven" }, undefined],
  ["a certificate without names", { cluster: "proven", names: [] }, undefined],
  ["another fleet's certificate", { cluster: "proven", names: ["DNS:public.fleet.test"] }, undefined],
  ["a name that is said, not proved", { cluster: "proven", metadata: { sans: "proven.fleet.test" } }, undefined],
  ["nothing but a name", { names: ["DNS:a.second.test"] }, "proven-too"],
];
for (const [why, proxy, fleet] of rows)
  test(`fleet of a proxy: ${why}`, () =>
    assert.equal(fleetFor(fleets, { id: "", cluster: "", metadata: {}, names: undefined, ...proxy })?.name, fleet));

test("the fleet that a proxy is denied is the one it asks for", () => {
  const denied = (cluster: string, names: readonly string[] | undefined) =>
    fleetDenied(fleets.slice(0, 4), { id: "", cluster, metadata: {}, names })?.name;
  assert.equal(denied("proven", undefined), "proven");
  assert.equal(denied("proven", ["DNS:public.fleet.test"]), "proven");
  assert.equal(denied("proven", ["DNS:proven.fleet.test"]), undefined);
  assert.equal(denied("other", undefined), undefined);
});

test("a fleet without criteria takes every proxy", () => {
  const all = loadSettings("source: {folder: a}\n", "f");
  assert.ok("settings" in all);
  assert.equal(fleetFor(all.settings.fleets, { id: "", cluster: "", metadata: {}, names: undefined })?.name, "default");
});

test("globs match what the regular expression of the same meaning matches", () => {
  const letter = fc.constantFrom("a", "b", ".");
  const pattern = fc.array(fc.oneof(letter, fc.constantFrom("*", "?")), { maxLength: 8 }).map((p) => p.join(""));
  const text = fc.array(letter, { maxLength: 8 }).map((t) => t.join(""));
  return fc.assert(
    fc.property(pattern, text, (p, t) => {
      const expression = p.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".");
      assert.equal(matchesGlob(p, t), new RegExp(`^${expression}$`).test(t));
    }),
    { numRuns: 3_000 },
  );
});

test("no id makes a glob slow: the work is bounded by pattern times text", () => {
  let steps = 0;
  const id = new Proxy(Object("a".repeat(2_000)), {
    get(target, key) {
      steps++;
      const value: unknown = Reflect.get(target, key);
      return value;
    },
  });
  assert.equal(matchesGlob(`${"*a".repeat(20)}*b`, id), false);
  assert.ok(steps < 40 * 2_000 * 4, `${steps} steps`);
});
