import assert from "node:assert/strict";
import { test } from "node:test";
import { loadSettings } from "../../src/config/load.ts";
import { fleetOf } from "../../src/serve/fleet-of.ts";
import { ToldOnce } from "../../src/serve/told-once.ts";

const loaded = loadSettings(
  `source: {folder: a}
fleets:
- {name: public, proxies: {cluster: public, sans: [public.fleet.test]}}
- {name: private, proxies: {cluster: private, sans: [private.fleet.test, "*.private.test"]}}
`,
  "f",
);
const fleets = "settings" in loaded ? loaded.settings.fleets : assert.fail(JSON.stringify(loaded.problems));

function outcomeOf(cluster: string, names: readonly string[] | undefined): string | undefined {
  const node = { id: "n", cluster, metadata: new Map(), userAgentName: "", userAgentVersion: "" };
  const found = fleetOf(fleets, { node, names });
  return found === undefined ? undefined : "denied" in found ? found.denied : found.name;
}

test("a proxy is told which names its fleet asks for, and which it showed", () => {
  assert.equal(outcomeOf("private", ["DNS:private.fleet.test"]), "private");
  const asked = "fleet private asks for a certificate with private.fleet.test or *.private.test, and ";
  assert.equal(outcomeOf("private", ["DNS:public.fleet.test"]), `${asked}the one shown has DNS:public.fleet.test`);
  assert.equal(outcomeOf("private", undefined), `${asked}none was shown`);
  assert.equal(outcomeOf("private", []), `${asked}the one shown has no name`);
  const many = Array.from({ length: 7 }, (_, i) => `DNS:${i}.test`);
  assert.match(outcomeOf("private", many) ?? "", /DNS:0\.test, .*DNS:4\.test and 2 more$/);
});

test("a proxy that asks for no fleet is not denied one", () => assert.equal(outcomeOf("other", undefined), undefined));

test("told once an hour each, and of more things than are remembered the oldest anew", () => {
  let now = 0;
  const once = new ToldOnce(() => now);
  assert.deepEqual([once.first("a"), once.first("a"), once.first("b")], [true, false, true]);
  now = 3_600_000;
  assert.deepEqual([once.first("a"), once.first("a")], [true, false]);
  for (let i = 0; i < 1_000; i++) once.first(`other ${i}`);
  assert.equal(once.first("a"), true);
  assert.equal(once.first("other 999"), false);
});
