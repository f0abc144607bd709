/**
 * What an Envoy without ADS costs, by where its endpoints stand: the figures in docs/contour.md. One line of JSON per run.
 * `HOSTNAMES=1000 ENDPOINTS=inline TRANSPORT=separate-sotw ENVOY=1.40.0 npm run bench:without-ads`
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProxyTransport } from "../../src/envoy/variant.ts";
import { get, hostNamed, loadOn, servedBy, startedEnvoy } from "../serve/requests.ts";
import { hostYaml, serving, workloadYaml } from "../serve/serving.ts";
import { cpuSeconds, rssBytes } from "./process-cost.ts";
import { quantile } from "./quantile.ts";

const { HOSTNAMES = "1000", ENDPOINTS = "inline", TRANSPORT = "separate-sotw", ENVOY = "1.40.0" } = process.env;

/** Hostnames that move, each by a file of its own. */
const MOVING = 8;
const MOVES = 48;
const MIB = 1_048_576;

test("an Envoy without ADS", async (t) => {
  const hostnames = Array.from({ length: Number(HOSTNAMES) }, (_, i) => `h${i}.shop.example.com`);
  const moving = hostnames.slice(0, MOVING);
  const last = hostnames.at(-1) ?? "";
  const [one, two] = await Promise.all([hostNamed(t, "one", ...hostnames), hostNamed(t, "two", ...moving)]);
  const yaml = (i: number, on: string) => workloadYaml(`w${i}`, hostnames[i] ?? "", on);
  const rest = hostnames.slice(MOVING).map((_, i) => yaml(i + MOVING, "one"));
  const signalbox = await serving({
    test: t,
    fleets: `  - {name: edge, endpoints: ${ENDPOINTS}, listeners: [{name: http, address: 127.0.0.1, port: 0}]}`,
    objects: {
      "hosts.yaml": [hostYaml("one", "127.0.0.1", one.port), hostYaml("two", "127.0.0.1", two.port)].join("---\n"),
      "rest.yaml": rest.join("---\n"),
      ...Object.fromEntries(moving.map((_, i) => [`w${i}.yaml`, yaml(i, "one")])),
    },
  });
  await signalbox.told("ready: everything is known and proxies are served");
  const { pid } = signalbox.child;
  const idleRss = rssBytes(pid);
  const startedAt = performance.now();
  const envoy = await startedEnvoy(t, signalbox, { transport: TRANSPORT as ProxyTransport, version: ENVOY });
  await envoy.ready(120_000);
  const port = await envoy.port("http");
  const readyMs = performance.now() - startedAt;
  await servedBy(port, last, "one");
  await sleep(1_000);
  const counted = async (name: string) => {
    const stat = `cluster.signalbox.upstream_${name}`;
    return (await envoy.stats(`^${stat}$`)).get(stat) ?? 0;
  };
  const atStart = {
    readyMs: Math.round(readyMs),
    streams: await counted("rq_active"),
    connections: await counted("cx_active"),
    toSignalboxBytes: await counted("cx_tx_bytes_total"),
    envoyMib: Math.round(rssBytes(envoy.pid) / MIB),
    signalboxMib: Math.round((rssBytes(pid) - idleRss) / MIB),
  };

  const load = loadOn(port, last);
  const received = await counted("cx_rx_bytes_total");
  const latencies: number[] = [];
  for (let move = 0; move < MOVES; move++) {
    const i = move % MOVING;
    const to = Math.floor(move / MOVING) % 2 === 0 ? "two" : "one";
    const movedAt = performance.now();
    await signalbox.write(`w${i}.yaml`, yaml(i, to));
    while (!(await get(port, moving[i] ?? "")).body.includes(`host ${to} `));
    latencies.push(performance.now() - movedAt);
    await sleep(60);
  }
  const { failures } = await load.end();
  const perMoveBytes = Math.round(((await counted("cx_rx_bytes_total")) - received) / MOVES);

  const cpu = cpuSeconds(envoy.pid); // without requests, so that only configuration costs
  for (let move = 0; move < MOVES; move++) {
    await signalbox.write(
      `w${move % MOVING}.yaml`,
      yaml(move % MOVING, Math.floor(move / MOVING) % 2 === 0 ? "two" : "one"),
    );
    await sleep(100);
  }
  const moves = {
    p50Ms: Math.round(quantile(latencies, 0.5)),
    p95Ms: Math.round(quantile(latencies, 0.95)),
    toEnvoyBytes: perMoveBytes,
    envoyCpuMs: Math.round(((cpuSeconds(envoy.pid) - cpu) * 10_000) / MOVES) / 10,
  };
  console.log(JSON.stringify({ HOSTNAMES, ENDPOINTS, TRANSPORT, ENVOY, ...atStart, ...moves }));
  assert.deepEqual(failures, []);
});
