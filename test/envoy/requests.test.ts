/**
 * The table of requests on real Envoys, fed through files: the translation without the xDS server, and without its order (files reach Envoy as they
 * come, routes before clusters too). What the server adds is in transports.test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetSpec, Layout } from "../../src/envoy/fleet-spec.ts";
import { selfSigned } from "../cli/self-signed.ts";
import { fileDelivery } from "./file-delivery.ts";
import { benchFleet, startBench } from "./request-bench.ts";
import { REQUEST_ROWS } from "./request-rows.ts";
import { FORWARD_ROWS, startFallback } from "./rows/forward-rows.ts";

for (const layout of ["rds", "scoped"] as const satisfies readonly Layout[])
  test(`requests, layout ${layout}`, async (t) => {
    const certificate = await selfSigned(t, ["DNS:edge.test", "IP:127.0.0.1"]);
    const variant = { layout, source: { kind: "ads" }, endpoints: "eds" } as const;
    const delivery = await fileDelivery();
    const bench = await startBench({ spec: benchFleet(certificate), certificate, variant, delivery, test: t });
    for (const { name, run } of REQUEST_ROWS) await t.test(name, () => run(bench));
  });

test("requests of a fleet that forwards unknown hostnames", async (t) => {
  const certificate = await selfSigned(t, ["DNS:edge.test", "IP:127.0.0.1"]);
  const fallback = await startFallback();
  t.after(() => fallback.stop());
  const unknownHostname = { forward: { host: "127.0.0.1", port: fallback.port, tls: undefined } };
  const spec: FleetSpec = { ...benchFleet(certificate), unknownHostname };
  const variant = { layout: "rds", source: { kind: "ads" }, endpoints: "eds" } as const;
  const bench = await startBench({ spec, certificate, variant, delivery: await fileDelivery(), test: t });
  for (const { name, run } of FORWARD_ROWS) await t.test(name, () => run(bench));
});

test("a fleet's answer without a body", async (t) => {
  const certificate = await selfSigned(t, ["DNS:edge.test", "IP:127.0.0.1"]);
  const spec: FleetSpec = { ...benchFleet(certificate), unknownHostname: { respond: { status: 421, body: "" } } };
  const variant = { layout: "rds", source: { kind: "ads" }, endpoints: "eds" } as const;
  const bench = await startBench({ spec, certificate, variant, delivery: await fileDelivery(), test: t });
  const { status, body } = await bench.raw("GET / HTTP/1.1\nHost: nobody.test\n\n");
  assert.deepEqual([status, body], [421, ""]);
});
