/** Contour in front, a fleet of Signalbox behind it, hosts behind that: nothing fails while workloads move and the fleet's Envoys are replaced one by one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { DemoAnswer } from "../../src/cli/demo-answer.ts";
import type { EnvoyProcess } from "../envoy/envoy-process.ts";
import { startFrontEnvoy } from "../envoy/front-envoy.ts";
import { rawRequest } from "../envoy/raw-request.ts";
import { PATIENCE_MS } from "../patience.ts";
import { hostNamed, loadOn, servedBy, startedEnvoy } from "./requests.ts";
import { hostYaml, serving, workloadYaml } from "./serving.ts";

const FLEET = "  - {name: edge, listeners: [{name: http, address: 127.0.0.1, port: 0, trustedHops: 1}]}";

test("a proxy in front of a fleet: workloads move, one of two Envoys is replaced, and no request fails", async (t) => {
  const [one, two] = await Promise.all([hostNamed(t, "one", "Shop.test"), hostNamed(t, "two", "Shop.test")]);
  const signalbox = await serving({
    test: t,
    fleets: FLEET,
    objects: {
      "hosts.yaml": [hostYaml("one", "127.0.0.1", one.port), hostYaml("two", "127.0.0.1", two.port)].join("---\n"),
      "shop.yaml": workloadYaml("shop", "Shop.test", "one"),
    },
  });
  const envoyOfFleet = async (): Promise<EnvoyProcess> => {
    const envoy = await startedEnvoy(t, signalbox);
    await envoy.ready();
    return envoy;
  };
  const [front, first, second] = await Promise.all([startFrontEnvoy(t), envoyOfFleet(), envoyOfFleet()]);
  const [firstPort, secondPort] = [await first.port("http"), await second.port("http")];
  await front.pods([firstPort, secondPort]);
  const { h1, h2c } = front.ports;
  await servedBy(h1, "shop.TEST:8080", "one");
  await servedBy(h2c, "shop.test", "HTTP/2.0");

  const seen = await answered(h1, ["Host: sHOP.test:8080", "X-Forwarded-For: 198.51.100.7", "X-Real-IP: 198.51.100.8"]);
  assert.equal(seen.authority, "Shop.test", "the host is asked by the spelling that it registered");
  assert.equal(seen.headers["x-forwarded-host"], "sHOP.test:8080");
  assert.equal(seen.headers["x-real-ip"], "127.0.0.9", "the client as the proxy in front saw it, not what it says");
  assert.match(seen.headers["x-forwarded-for"] ?? "", /^198\.51\.100\.7,127\.0\.0\.9,\S+$/);
  assert.equal(seen.headers["x-forwarded-proto"], "http");

  const loads = [h1, h1, h2c, h2c]
    .map((port) => loadOn(port, "shop.test"))
    .concat(loadOn(h2c, "shop.test", "/slow?ms=40"));
  const move = async (to: string): Promise<void> => {
    await signalbox.write("shop.yaml", workloadYaml("shop", "Shop.test", to));
    await Promise.all([h1, h2c].map((port) => servedBy(port, "shop.test", to)));
    await Promise.all(loads.map((load) => load.next()));
  };
  await move("two");
  // A pod that ends: its endpoint goes, its Envoy has clients leave, and ends when they have.
  await Promise.all([first.admin("/drain_listeners?graceful&skip_exit", "POST"), front.pods([secondPort])]);
  await move("one");
  await idle(first);
  await first.stop();
  await move("two");
  const third = await envoyOfFleet();
  await front.pods([secondPort, await third.port("http")]);
  await move("one");
  for (const { failures, asked } of await Promise.all(loads.map((load) => load.end()))) {
    assert.deepEqual(failures, []);
    assert.ok(asked > 5, "the load ran");
  }
  const served = await third.stats("^http.http.downstream_rq_total$");
  assert.ok((served.get("http.http.downstream_rq_total") ?? 0) > 0, "the Envoy that came in its place serves");
});

/** What the host saw of a request from 127.0.0.9. */
async function answered(port: number, lines: readonly string[]): Promise<DemoAnswer> {
  const head = ["GET / HTTP/1.1", ...lines, "Accept: application/json", "Connection: close"].join("\n");
  const { status, body } = await rawRequest(port, `${head}\n\n`, { from: "127.0.0.9" });
  assert.equal(status, 200, body);
  return JSON.parse(body);
}

/** No client has a connection to it any more. */
async function idle(envoy: EnvoyProcess): Promise<void> {
  const name = "http.http.downstream_cx_active";
  const until = performance.now() + PATIENCE_MS;
  for (let left = -1; left !== 0; await sleep(20)) {
    left = (await envoy.stats(`^${name}$`)).get(name) ?? 0;
    assert.ok(performance.now() < until, `${left} connections are still open`);
  }
}
