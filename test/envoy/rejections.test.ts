/** Rule 6 on real Envoys: bad resources, put below our own validation, among good ones. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Resource } from "../../src/codec/resource.ts";
import { type BootstrapTransport, bootstrapOf } from "../../src/envoy/bootstrap.ts";
import type { Variant } from "../../src/envoy/fleet-spec.ts";
import { rewordedScope } from "../../src/envoy/reworded-scope.ts";
import { translateFleet, translateHostname } from "../../src/envoy/translate.ts";
import { XdsServer } from "../../src/xds/server.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { fleet, RDS, SCOPED } from "../model/sample-fleet.ts";
import { PATIENCE_MS } from "../patience.ts";
import { get, hostNamed } from "../serve/requests.ts";
import { bad } from "./bad-resources.ts";
import { type EnvoyProcess, startEnvoy } from "./envoy-process.ts";
import { endpointOf, resourcesOf } from "./request-bench.ts";

const OLD = ["old-0.test", "old-1.test", "old-2.test", "old-3.test", "old-4.test"];
const NEW = ["new-0.test", "new-1.test", "new-2.test", "new-3.test", "new-4.test"];
const [BAD_CLUSTER, BAD_ASSIGNMENT, BAD_ROUTE] = ["old-1.test", "old-2.test", "old-3.test"];
const BAD_FROM_BIRTH = "born-bad.test";

const short = (type: string): string => type.slice(type.lastIndexOf(".") + 1);

/** A server over a store, and what it was told: answers in their order, rejections as they stand. */
async function begin(t: TestContext) {
  const store = new ResourceStore();
  const answers: string[] = [];
  const standing = new Map<string, string>();
  const server = new XdsServer({
    assign: () => ({ fleet: "edge", store }),
    graceMs: 0,
    reword: rewordedScope,
    observer: {
      acknowledged: ({ serial }, { type }) => answers.push(`${serial} ${short(type)} acknowledged`),
      refused: ({ serial }, { type }) => answers.push(`${serial} ${short(type)} refused`),
      rejected: (_, { type, name, detail }) => standing.set(`${short(type)} ${name}`, detail),
      cleared: (_, { type, name }) => standing.delete(`${short(type)} ${name}`),
    },
  });
  const bound = await server.listen("127.0.0.1:0");
  assert.ok("port" in bound);
  t.after(() => server.close(0));
  return { store, answers, standing, port: bound.port };
}

async function answers(envoy: EnvoyProcess, hostname: string, wanted: number): Promise<void> {
  const port = await envoy.port("http");
  const until = performance.now() + PATIENCE_MS;
  for (let status = -1; status !== wanted; await sleep(10)) {
    status = (await get(port, hostname)).status;
    assert.ok(performance.now() < until, `${hostname} still answers ${status}, not ${wanted}`);
  }
}

const RUNS: readonly (readonly [version: string, transport: BootstrapTransport, variant: Variant])[] = [
  ["1.40.0", "delta-ads", RDS],
  ["1.40.0", "delta-ads", SCOPED],
  ["1.40.0", "sotw-ads", RDS],
  ["1.36.2", "delta-ads", SCOPED],
  ["1.36.2", "sotw-ads", RDS],
];

for (const [version, transport, variant] of RUNS)
  test(`bad ones among good ones: ${variant.layout} over ${transport}, Envoy ${version}`, async (t) => {
    const host = await hostNamed(t, "one", ...OLD, ...NEW, BAD_FROM_BIRTH);
    const { spec } = fleet("edge");
    const [listener] = spec.listeners;
    assert.ok(listener !== undefined);
    const listeners = [
      { ...listener, port: 0 },
      { ...listener, name: "other", port: 0 },
    ];
    const base = resourcesOf(translateFleet({ ...spec, listeners }, variant));
    const of = (hostname: string): readonly Resource[] => {
      const endpoints = [endpointOf(host, hostname)];
      return resourcesOf(translateHostname(spec, variant, { hostname, owner: "shop", protocolGroup: "", endpoints }));
    };
    const { store, answers: told, standing, port } = await begin(t);
    store.apply([...base, ...OLD.flatMap(of)].map((put) => ({ put })));
    store.markComplete();
    const bootstrap = bootstrapOf({
      ...{ fleet: "edge", nodeId: "edge", nodeCluster: "edge", xdsAddress: `127.0.0.1:${port}`, transport },
      ...{ adminAddress: "127.0.0.1:0", tls: undefined, probeAddress: undefined },
    });
    const first = await startEnvoy({ bootstrap, test: t, version });
    await first.ready();
    for (const hostname of OLD) await answers(first, hostname, 200);

    const one = (hostname: string, at: number): Resource => {
      const resource = of(hostname)[at];
      assert.ok(resource !== undefined);
      return resource;
    };
    const other = base.find(({ name }) => name.includes("other"));
    assert.ok(other !== undefined);
    const [cluster, assignment, route] = [one(BAD_CLUSTER, 0), one(BAD_ASSIGNMENT, 1), one(BAD_ROUTE, 2)];
    const born = of(BAD_FROM_BIRTH);
    const atFault = [cluster, assignment, route, other, one(BAD_FROM_BIRTH, 0)];
    store.apply([...NEW.flatMap(of), ...born, ...atFault.map(bad)].map((put) => ({ put })));
    for (const hostname of [...NEW].reverse()) await answers(first, hostname, 200);
    const keys = atFault.map(({ type, name }) => `${short(type)} ${name}`).sort();
    const until = performance.now() + PATIENCE_MS;
    while (standing.size < keys.length && performance.now() < until) await sleep(10);
    assert.deepEqual([...standing.keys()].sort(), keys);
    assert.ok(
      [...standing.values()].every((detail) => detail.length > 0),
      "in Envoy's words",
    );
    for (const hostname of OLD) await answers(first, hostname, 200);
    await answers(first, BAD_FROM_BIRTH, 404);

    await first.stop();
    const second = await startEnvoy({ bootstrap, test: t, version });
    await second.ready();
    const restarted = await second.port("http");
    for (const hostname of [...OLD, ...NEW]) assert.equal((await get(restarted, hostname)).status, 200, hostname);
    assert.equal((await get(restarted, BAD_FROM_BIRTH)).status, 404);
    for (const type of new Set(atFault.map((resource) => short(resource.type)))) {
      const own = told.filter((line) => line.startsWith(`2 ${type} `));
      assert.equal(own[0], `2 ${type} acknowledged`, "what is loaded first has nothing in it that is refused");
    }
    while (standing.size < keys.length && performance.now() < until + PATIENCE_MS) await sleep(10);
    assert.deepEqual([...standing.keys()].sort(), keys, "each was tried once more, alone");

    store.apply([...[BAD_CLUSTER, BAD_ASSIGNMENT, BAD_ROUTE].flatMap(of), ...born, other].map((put) => ({ put })));
    await answers(second, BAD_FROM_BIRTH, 200);
    for (const hostname of [...OLD, ...NEW]) assert.equal((await get(restarted, hostname)).status, 200, hostname);
    while (standing.size > 0 && performance.now() < until + 2 * PATIENCE_MS) await sleep(10);
    assert.deepEqual([...standing.keys()], []);
  });
