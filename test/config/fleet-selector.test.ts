import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { fleetFor, matchesGlob } from "../../src/config/fleet-selector.ts";
import { loadSettings } from "../../src/config/load.ts";

const loaded = loadSettings(
  `source: {folder: a}
fleets:
- {name: edge, proxies: {idPattern: "edge-*", metadata: {zone: a}}}
- {name: public, proxies: {cluster: public}}
- {name: labelled, proxies: {metadata: {fleet: labelled}}}
`,
  "f",
);
const fleets = "settings" in loaded ? loaded.settings.fleets : assert.fail();

const rows: readonly (readonly [
  why: string,
  proxy: { id?: string; cluster?: string; metadata?: Record<string, unknown> },
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
];
for (const [why, proxy, fleet] of rows)
  test(`fleet of a proxy: ${why}`, () =>
    assert.equal(fleetFor(fleets, { id: "", cluster: "", metadata: {}, ...proxy })?.name, fleet));

test("a fleet without criteria takes every proxy", () => {
  const all = loadSettings("source: {folder: a}\n", "f");
  assert.ok("settings" in all);
  assert.equal(fleetFor(all.settings.fleets, { id: "", cluster: "", metadata: {} })?.name, "default");
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
