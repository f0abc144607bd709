import assert from "node:assert/strict";
import { test } from "node:test";
import { XdsClusterNames } from "../../src/serve/xds-cluster-names.ts";

const edge = { name: "edge", xdsCluster: undefined };

const rows: readonly (readonly [authority: string, name: string, why: string])[] = [
  ["contour", "contour", "as an Envoy sends it"],
  ["xds_cluster", "xds_cluster", "as Envoy Gateway's and Kourier's bootstraps call it"],
  ["signalbox", "signalbox", "as our bootstrap calls it"],
  ["127.0.0.1:18000", "signalbox", "an address, as other clients send it"],
  ["signalbox.signalbox", "signalbox", "a server's name"],
  ["[::1]:18000", "signalbox", "an address"],
  ["", "signalbox", "none was sent"],
  ["a".repeat(64), "signalbox", "longer than any name"],
];
for (const [authority, name, why] of rows)
  test(`${JSON.stringify(authority)}: ${name}, ${why}`, () =>
    assert.equal(new XdsClusterNames().nameFor(edge, authority), name));

test("what the fleet says counts, whatever the proxy sends", () =>
  assert.equal(new XdsClusterNames().nameFor({ name: "edge", xdsCluster: "xds" }, "contour"), "xds"));

test("a client that invents names makes no more than four variants of a fleet, and takes no other fleet's", () => {
  const names = new XdsClusterNames();
  const given = new Set(Array.from({ length: 100 }, (_, i) => names.nameFor(edge, `invented-${i}`)));
  assert.deepEqual([...given], ["invented-0", "invented-1", "invented-2", "invented-3", "signalbox"]);
  assert.equal(names.nameFor(edge, "invented-1"), "invented-1");
  assert.equal(names.nameFor({ name: "contour", xdsCluster: undefined }, "contour"), "contour");
});
