import assert from "node:assert/strict";
import { test } from "node:test";
import { loadSettings } from "../../src/config/load.ts";
import { fleetOf } from "../../src/serve/fleet-of.ts";

const loaded = loadSettings(
  `source: {folder: a}
xds: {tls: {certFile: a, keyFile: b, caFile: c}}
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
