import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnknownHostname } from "../../src/envoy/fleet-spec.ts";
import { type ProxyAbilities, type VariantWish, variantOf } from "../../src/envoy/variant.ts";

const respond: UnknownHostname = { respond: { status: 404, body: "" } };
const forward: UnknownHostname = { forward: { host: "gw.test", port: 80, tls: undefined } };

const rows: readonly (readonly [
  layout: VariantWish["layout"],
  unknownHostname: UnknownHostname,
  transport: ProxyAbilities["transport"],
  version: string,
  outcome: string,
  because: RegExp,
])[] = [
  ["auto", respond, "delta-ads", "1.38", "scoped eds ads", /1\.38 or later/],
  ["auto", respond, "delta-ads", "2.0", "scoped eds ads", /1\.38 or later/],
  ["scoped", respond, "delta-ads", "1.40", "scoped eds ads", /1\.38 or later/],
  ["rds", respond, "delta-ads", "1.40", "rds eds ads", /layout is rds/],
  ["auto", respond, "delta-ads", "1.37", "rds eds ads", /the proxy is 1\.37/],
  ["scoped", respond, "delta-ads", "1.35", "rds eds ads", /the proxy is 1\.35/],
  ["scoped", respond, "delta-ads", "", "rds eds ads", /did not tell its version/],
  ["scoped", forward, "delta-ads", "1.40", "rds eds ads", /forwarded/],
  ["auto", respond, "sotw-ads", "1.40", "rds eds ads", /sotw-ads/],
  ["auto", respond, "separate-delta", "1.40", "rds inline separate-delta contour", /separate-delta/],
  ["scoped", forward, "separate-sotw", "1.35", "rds inline separate-sotw contour", /forwarded/],
];

for (const [layout, unknownHostname, transport, version, outcome, reason] of rows)
  test(`${layout}, ${Object.keys(unknownHostname)}, ${transport} ${version}: ${outcome}`, () => {
    const [major, minor] = version.split(".").map(Number);
    const build = version === "" ? undefined : { major: major ?? 0, minor: minor ?? 0 };
    const { variant, because } = variantOf(
      { layout, endpoints: "auto", unknownHostname, xdsCluster: "contour" },
      { transport, build },
    );
    const { source } = variant;
    assert.equal(
      [variant.layout, variant.endpoints, source.kind, ...("xdsCluster" in source ? [source.xdsCluster] : [])].join(
        " ",
      ),
      outcome,
    );
    assert.match(because, reason);
  });

for (const [endpoints, transport] of [
  ["eds", "separate-sotw"],
  ["inline", "delta-ads"],
] as const)
  test(`endpoints ${endpoints} over ${transport}: as the fleet says`, () => {
    const wish = { layout: "auto", endpoints, unknownHostname: respond, xdsCluster: "contour" } as const;
    assert.equal(variantOf(wish, { transport, build: undefined }).variant.endpoints, endpoints);
  });
