/** What a host's commands do to the requests that it is answering. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { type TestContext, test } from "node:test";
import { type DemoHost, startDemoHost } from "../../../src/cli/demo-host.ts";
import type { WorkloadSpec } from "../cluster/objects.ts";
import { agentOf, UnderWay } from "./under-way.ts";
import { Washlet } from "./washlet.ts";

const hostInterfaces = (...names: readonly string[]) => [
  {
    namespace: "wasi",
    package: "http",
    interfaces: ["incoming-handler"],
    config: { host: names[0], "host-aliases": names.slice(1).join(", ") },
  },
];

const SPECS: Readonly<Record<"plain" | "pooled" | "service", WorkloadSpec>> = {
  plain: { hostInterfaces: hostInterfaces("a.test") },
  pooled: { hostInterfaces: hostInterfaces("a.test"), components: [{ poolSize: 2 }] },
  service: { hostInterfaces: hostInterfaces("a.test"), service: {} },
};

interface Running {
  readonly host: DemoHost;
  readonly washlet: Washlet;
  readonly told: readonly string[];
  /** Fulfilled with the next request that a replica is about to answer. */
  chosen(): Promise<string>;
}

async function running(t: TestContext): Promise<Running> {
  const told: string[] = [];
  const underWay = new UnderWay();
  let next = Promise.withResolvers<string>();
  const host = await startDemoHost({
    name: "h",
    hostId: "h",
    onChosen: ({ workloadId }, arrival) => {
      underWay.add(workloadId, arrival);
      next.resolve(agentOf(arrival));
    },
  });
  t.after(() => host.stop());
  const washlet = new Washlet({ host, underWay, startMs: [0, 0], stopMs: 0, tell: (text) => told.push(text) });
  const chosen = () => {
    next = Promise.withResolvers();
    return next.promise;
  };
  return { host, washlet, told, chosen };
}

async function statusOf(port: number, path: string, hostname = "a.test"): Promise<number | string> {
  const asking = request({
    host: "127.0.0.1",
    port,
    path,
    headers: { host: hostname, "user-agent": "lab/1" },
    agent: false,
  });
  asking.end();
  try {
    const [answer] = (await once(asking, "response")) as [import("node:http").IncomingMessage];
    answer.resume();
    await once(answer, "end");
    return answer.statusCode ?? 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "error";
  }
}

const START = { workloadId: "w", workload: "shop/a-1", namespace: "shop" };

for (const [life, outcome, why] of [
  ["plain", 200, "it owns its store and finishes"],
  ["pooled", 500, "its instance is dropped with it"],
  ["service", 500, "its task is aborted"],
] as const)
  test(`a request under way on a ${life} workload ends with ${outcome} at a stop: ${why}`, async (t) => {
    const { host, washlet, chosen, told } = await running(t);
    await washlet.handle("start", { ...START, spec: SPECS[life] });
    const reached = chosen();
    const status = statusOf(host.port, "/slow?ms=300");
    await reached;
    await washlet.handle("stop", { workloadId: "w" });
    assert.equal(await status, outcome);
    assert.equal(await statusOf(host.port, "/"), 404, "and the name is unbound");
    assert.equal(
      told.some((text) => text === "shop/a-1 is killed with request lab/1"),
      outcome === 500,
    );
  });

test("an answer that has begun is cut by a stop of a pooled workload", async (t) => {
  const { host, washlet } = await running(t);
  await washlet.handle("start", { ...START, spec: SPECS.pooled });
  const asking = request({ host: "127.0.0.1", port: host.port, path: "/stream?count=0", headers: { host: "a.test" } });
  asking.end();
  const [answer] = (await once(asking, "response")) as [import("node:http").IncomingMessage];
  const broken = once(answer, "end").catch((error: NodeJS.ErrnoException) => error.code);
  answer.resume();
  await washlet.handle("stop", { workloadId: "w" });
  assert.equal(await broken, "ECONNRESET");
});

test("commands wait for a slow start, the probe of the host's life included", async (t) => {
  const { washlet } = await running(t);
  const order: string[] = [];
  const environment = { config: { START_MS: "50" } };
  const spec = { ...SPECS.plain, components: [{ localResources: { environment } }] };
  const started = washlet.handle("start", { ...START, spec }).then(() => order.push("started"));
  const beaten = washlet.handle("heartbeat", {}).then(() => order.push("alive"));
  await Promise.all([started, beaten]);
  assert.deepEqual(order, ["started", "alive"]);
});

test("a component that fails, or has no name, answers ERROR and binds nothing", async (t) => {
  const { host, washlet } = await running(t);
  const environment = { config: { FAIL: "1" } };
  const spec = { ...SPECS.plain, components: [{ localResources: { environment } }] };
  assert.equal(await washlet.handle("start", { ...START, spec }), "ERROR");
  assert.equal(await washlet.handle("status", { workloadId: "w" }), "ERROR");
  assert.equal(await washlet.handle("start", { ...START, workloadId: "x", spec: {} }), "ERROR");
  assert.equal(await washlet.handle("status", { workloadId: "never" }), "UNKNOWN");
  assert.equal(await statusOf(host.port, "/"), 404);
});

test("aliases are bound; a Kubernetes Service replaces them", async (t) => {
  const { host, washlet } = await running(t);
  const named = hostInterfaces("a.test", "b.test");
  await washlet.handle("start", { ...START, spec: { hostInterfaces: named } });
  await washlet.handle("start", {
    ...START,
    workloadId: "x",
    spec: { hostInterfaces: hostInterfaces("c.test", "d.test"), kubernetes: { service: { name: "c" } } },
  });
  const statuses = await Promise.all(
    ["a.test", "b.test", "c.test", "d.test", "c.shop", "c.shop.svc", "A.test"].map((name) =>
      statusOf(host.port, "/", name),
    ),
  );
  assert.deepEqual(statuses, [200, 200, 200, 404, 200, 200, 404]);
});

test("a service that ends by itself is COMPLETED, and its names answer 503 until it is stopped", async (t) => {
  const { host, washlet, told } = await running(t);
  const environment = { config: { EXIT_MS: "1" } };
  const spec = { ...SPECS.service, components: [{ localResources: { environment } }] };
  assert.equal(await washlet.handle("start", { ...START, spec }), "RUNNING");
  while (!told.includes("shop/a-1 has exited")) await new Promise((fulfil) => setImmediate(fulfil));
  assert.equal(await washlet.handle("status", { workloadId: "w" }), "COMPLETED");
  assert.equal(washlet.hasExited("w"), true);
  assert.equal(await statusOf(host.port, "/"), 503);
  await washlet.handle("stop", { workloadId: "w" });
  assert.equal(await statusOf(host.port, "/"), 404);
});
