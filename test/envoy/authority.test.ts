/** What an endpoint is asked by may change while its address stays: an alias where its host has become contaminated, another spelling of the hostname. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Layout } from "../../src/envoy/fleet-spec.ts";
import type { Endpoint } from "../../src/placement/fleet.ts";
import { selfSigned } from "../cli/self-signed.ts";
import { fileDelivery } from "./file-delivery.ts";
import { benchFleet, endpointOf, startBench } from "./request-bench.ts";

for (const version of ["1.36.2", "1.40.0"])
  for (const layout of ["rds", "scoped"] as const satisfies readonly Layout[])
    test(`Envoy ${version}, layout ${layout}: an endpoint is asked by its new authority, with another beside it and alone`, async (t) => {
      const certificate = await selfSigned(t, ["DNS:edge.test", "IP:127.0.0.1"]);
      const variant = { layout, source: { kind: "ads" }, endpoints: "eds" } as const;
      const delivery = await fileDelivery();
      const bench = await startBench({
        spec: benchFleet(certificate),
        certificate,
        variant,
        delivery,
        test: t,
        version,
      });
      const names = ["shop.test", "Shop.test", "web.shop"];
      const [one, other] = [await bench.host("one", names), await bench.host("other", names)];
      const asked = async (): Promise<ReadonlySet<string>> => {
        const seen = new Set<string>();
        for (let i = 0; i < 20; i++) {
          const { host, authority } = await bench.seen("shop.test");
          seen.add(`${host} by ${authority}`);
        }
        return seen;
      };
      for (const authority of ["shop.test", "web.shop", "Shop.test", "shop.test"]) {
        await bench.place("shop.test", [endpointOf(one, authority), endpointOf(other, "shop.test")]);
        assert.deepEqual(await asked(), new Set([`one by ${authority}`, "other by shop.test"]));
      }
      await bench.place("shop.test", [endpointOf(one, "web.shop")]);
      assert.deepEqual(await asked(), new Set(["one by web.shop"]));
      // An authority of its own is a locality of its own: of no weight in what is asked.
      const draining = (endpoint: Endpoint): Endpoint => ({ ...endpoint, phase: "draining" });
      await bench.place("shop.test", [endpointOf(one, "web.shop"), draining(endpointOf(other, "shop.test"))]);
      assert.deepEqual(await asked(), new Set(["one by web.shop"]));
      await bench.place("shop.test", [draining(endpointOf(one, "web.shop")), endpointOf(other, "shop.test")]);
      assert.deepEqual(await asked(), new Set(["other by shop.test"]));
      await bench.place("shop.test", [draining(endpointOf(one, "web.shop"))]);
      assert.deepEqual(await asked(), new Set(["one by web.shop"]));
      const more = [other, await bench.host("third", names), await bench.host("fourth", names)];
      await bench.place("shop.test", [
        endpointOf(one, "web.shop"),
        ...more.map((host) => endpointOf(host, "shop.test")),
      ]);
      let shares = 0;
      for (let i = 0; i < 200; i++) if ((await bench.seen("shop.test")).host === "one") shares++;
      assert.ok(shares > 20 && shares < 80, `${shares} of 200 requests went to one of four`);
    });
