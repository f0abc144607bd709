/** One Signalbox, Envoys of every transport and layout, the newest and the oldest supported, all under load while placements change: the same answers from all, none failed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PATIENCE_MS } from "../patience.ts";
import { type EnvoyWish, envoyOf, get, hostNamed, loadOn, servedBy } from "./requests.ts";
import { hostYaml, serving, workloadYaml } from "./serving.ts";

const NEWEST = "1.40.0";
const OLDEST = "1.36.2";

/** Fleet `edge` gets scoped routes where an Envoy can, fleet `plain` never. */
const ENVOYS: readonly EnvoyWish[] = [
  { transport: "delta-ads", version: NEWEST },
  { transport: "delta-ads", version: NEWEST, nodeCluster: "plain" },
  { transport: "delta-ads", version: OLDEST },
  { transport: "sotw-ads", version: NEWEST },
  { transport: "sotw-ads", version: OLDEST },
  { transport: "separate-delta", version: NEWEST },
  { transport: "separate-delta", version: OLDEST },
  { transport: "separate-sotw", version: NEWEST },
  { transport: "separate-sotw", version: OLDEST },
];

const FLEETS = `
  - {name: edge, proxies: {cluster: edge}, listeners: [{name: http, address: 127.0.0.1, port: 0}]}
  - {name: plain, layout: rds, listeners: [{name: http, address: 127.0.0.1, port: 0}]}`;

test("placements change under load over every transport, and no request fails", async (t) => {
  const [one, two] = await Promise.all([
    hostNamed(t, "one", "Shop.test", "new.test"),
    hostNamed(t, "two", "Shop.test", "new.test"),
  ]);
  const signalbox = await serving({
    test: t,
    fleets: FLEETS,
    objects: {
      "hosts.yaml": [hostYaml("one", "127.0.0.1", one.port), hostYaml("two", "127.0.0.1", two.port)].join("---\n"),
      "shop.yaml": workloadYaml("shop", "Shop.test", "one"),
    },
  });
  const ports = await Promise.all(ENVOYS.map((wish) => envoyOf(t, signalbox, wish)));
  await Promise.all(ports.map((port) => servedBy(port, "shop.TEST.:8080", "one")));
  const loads = ports.map((port) => loadOn(port, "shop.test"));
  for (const to of ["two", "one", "two"]) {
    await signalbox.write("shop.yaml", workloadYaml("shop", "Shop.test", to));
    await Promise.all(ports.map((port) => servedBy(port, "shop.test", to)));
    await signalbox.write("new.yaml", workloadYaml("new", "new.test", to));
    await Promise.all(ports.map((port) => becomes(port, "new.test", 200)));
    await signalbox.remove("new.yaml");
    await Promise.all(ports.map((port) => becomes(port, "new.test", 404)));
  }
  const failures = await Promise.all(loads.map(async (load, i) => [ENVOYS[i], (await load.end()).failures] as const));
  assert.deepEqual(
    failures.filter(([, failed]) => failed.length > 0),
    [],
  );
  const proxies = await signalbox.admin("/debug/proxies");
  assert.equal(
    proxies.match(/"serial"/g)?.length,
    ENVOYS.length,
    "each Envoy is one proxy, however many streams it has",
  );
});

/** Asks until it answers this; anything but 200 and 404 on the way fails. */
async function becomes(port: number, hostname: string, wanted: number): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (let status = -1; status !== wanted; await sleep(2)) {
    status = (await get(port, hostname)).status;
    assert.ok(status === 200 || status === 404, `${hostname}: ${status}`);
    assert.ok(performance.now() < until, `${hostname} still answers ${status}`);
  }
}
