/** The same table of requests over every way an Envoy can ask: each transport, each layout it may get, on the newest Envoy and the oldest to be had. */
import { test } from "node:test";
import { XDS_CLUSTER } from "../../src/envoy/bootstrap.ts";
import type { EndpointsPlace, Variant } from "../../src/envoy/fleet-spec.ts";
import { type ProxyTransport, variantOf } from "../../src/envoy/variant.ts";
import { selfSigned } from "../cli/self-signed.ts";
import { benchFleet, startBench } from "./request-bench.ts";
import { REQUEST_ROWS } from "./request-rows.ts";
import { xdsDelivery } from "./xds-delivery.ts";

const RUNS: readonly (readonly [
  transport: ProxyTransport,
  layout: "auto" | "rds",
  endpoints: EndpointsPlace,
  version: string,
])[] = [
  ["delta-ads", "auto", "eds", "1.40.0"],
  ["delta-ads", "rds", "eds", "1.40.0"],
  ["delta-ads", "auto", "eds", "1.36.2"],
  ["delta-ads", "auto", "inline", "1.40.0"],
  ["sotw-ads", "auto", "eds", "1.40.0"],
  ["separate-delta", "auto", "eds", "1.40.0"],
  ["separate-sotw", "auto", "eds", "1.36.2"],
  ["separate-sotw", "auto", "inline", "1.36.2"],
];

for (const [transport, layout, endpoints, version] of RUNS)
  test(`requests over ${transport}, layout ${layout}, endpoints ${endpoints}, Envoy ${version}`, async (t) => {
    const certificate = await selfSigned(t, ["DNS:edge.test", "IP:127.0.0.1"]);
    const spec = benchFleet(certificate);
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const wish = { unknownHostname: spec.unknownHostname, layout, endpoints, xdsCluster: XDS_CLUSTER };
    const variant: Variant = variantOf(wish, { transport, build: { major, minor } }).variant;
    const delivery = await xdsDelivery(transport);
    const bench = await startBench({ spec, certificate, variant, delivery, test: t, version });
    for (const { name, run } of REQUEST_ROWS) await t.test(name, () => run(bench));
  });
