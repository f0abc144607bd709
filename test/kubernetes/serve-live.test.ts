/**
 * The whole way: objects in a real API server, read with the rights of k8s/base, to requests that a real Envoy carries. Hosts and the operator are
 * played: what they would write is applied.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Child, startChild } from "../../src/cli/child.ts";
import { type DemoHost, startDemoHost } from "../../src/cli/demo-host.ts";
import { bootstrapOf } from "../../src/envoy/bootstrap.ts";
import { startEnvoy } from "../envoy/envoy-process.ts";
import { rawRequest } from "../envoy/raw-request.ts";
import type { KubernetesObject } from "./api-admin.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { wasmcloudCrds } from "./crds.ts";
import { objectsOf } from "./kustomization.ts";
import { until } from "./observed-reflector.ts";

const ROOT = join(import.meta.dirname, "../..");
const HOSTNAME = "cart.test";
const READY = "ready: everything is known and proxies are served";

const object = (kind: string, namespace: string, name: string, fields: object): KubernetesObject => ({
  apiVersion: "runtime.wasmcloud.dev/v1alpha1",
  kind,
  metadata: { namespace, name },
  ...fields,
});

async function cluster(t: TestContext): Promise<ApiServer> {
  const server = await startApiServer();
  t.after(() => server.stop());
  for (const crd of wasmcloudCrds("Namespaced")) await server.admin.apply(crd);
  for (const name of ["shop", "wasmcloud-system"])
    await server.admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const wanted = new Set(["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"]);
  for (const made of objectsOf(join(ROOT, "k8s/base"))) if (wanted.has(made.kind)) await server.admin.apply(made);
  return server;
}

async function signalbox(
  t: TestContext,
  kubeconfig: string,
  more: object = {},
): Promise<{ readonly child: Child; readonly xdsPort: number }> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-live-"));
  const config = join(folder, "signalbox.yaml");
  const settings = {
    source: { kubernetes: { kubeconfig } },
    xds: { address: "127.0.0.1:0" },
    admin: { address: "127.0.0.1:0" },
    hosts: { allowedNetworks: ["127.0.0.0/8"] },
    fleets: [{ name: "edge", listeners: [{ name: "http", address: "127.0.0.1", port: 0 }] }],
    ...more,
  };
  await writeFile(config, JSON.stringify(settings));
  const child = await startChild({
    name: "signalbox serve",
    command: process.execPath,
    args: [join(ROOT, "src/main.ts"), "serve", "--config", config],
  });
  t.after(async () => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await until("Signalbox listens", () => logged(child, "listening") !== undefined);
  const xds = String(logged(child, "listening")?.["xds"]);
  return { child, xdsPort: Number(xds.split(":").at(-1)) };
}

function logged(child: Child, message: string): Readonly<Record<string, unknown>> | undefined {
  const lines = child.lastLines().filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).findLast(({ msg }) => msg === message);
}

/** What the operator does: places a workload on a host, which has bound it. */
async function place(server: ApiServer, name: string, on: DemoHost): Promise<KubernetesObject> {
  on.bind(HOSTNAME, { workloadId: name, workload: `shop/${name}` });
  const hostInterfaces = [
    { namespace: "wasi", package: "http", interfaces: ["incoming-handler"], config: { host: HOSTNAME } },
  ];
  const workload = object("Workload", "shop", name, { spec: { hostInterfaces } });
  await server.admin.apply(workload);
  const conditions = ["Placement", "Ready"].map((type) => ({ type, status: "True" }));
  await server.admin.patchStatus(workload, { hostId: on.hostId, workloadId: name, conditions });
  return workload;
}

/** A fresh Envoy of the fleet that is ready, and the port it listens on. */
async function envoyOf(t: TestContext, xdsPort: number): Promise<number> {
  const names = { fleet: "edge", nodeId: "envoy-1", nodeCluster: "edge" };
  const addresses = { xdsAddress: `127.0.0.1:${xdsPort}`, adminAddress: "127.0.0.1:0", probeAddress: undefined };
  const envoy = await startEnvoy({
    bootstrap: bootstrapOf({ ...names, ...addresses, transport: "delta-ads", tls: undefined }),
    test: t,
  });
  await envoy.ready();
  return await envoy.port("http");
}

const ask = (port: number): ReturnType<typeof rawRequest> =>
  rawRequest(port, `GET / HTTP/1.1\nHost: ${HOSTNAME}\nConnection: close\n\n`);

/** Demo hosts, told to the API server as the operator tells of them. */
async function hostsOf(t: TestContext, server: ApiServer, ...names: readonly string[]): Promise<readonly DemoHost[]> {
  const hosts = await Promise.all(names.map((name) => startDemoHost({ name, hostId: `id-${name}` })));
  t.after(() => Promise.all(hosts.map((host) => host.stop())));
  for (const { name, hostId, port } of hosts) {
    const host = object("Host", "wasmcloud-system", name, { hostId, hostname: "127.0.0.1", httpPort: port });
    await server.admin.apply(host);
    await server.admin.patchStatus(host, { conditions: [{ type: "Ready", status: "True" }] });
  }
  return hosts;
}

test("a workload in the API server is served by Envoy, moves, and outlasts an outage of the API server", async (t) => {
  const server = await cluster(t);
  const [one, two] = await hostsOf(t, server, "h1", "h2");
  assert.ok(one !== undefined && two !== undefined);
  let current = await place(server, "cart-0", one);
  const { child, xdsPort } = await signalbox(t, await server.kubeconfigFor("signalbox", "signalbox"));
  const port = await envoyOf(t, xdsPort);
  const failures: string[] = [];
  let served = "";
  let asking = true;
  const asked = (async () => {
    while (asking) {
      const { status, body } = await ask(port);
      served = body;
      if (status !== 200) failures.push(`${status} ${body}`);
    }
  })();
  const move = async (name: string, to: DemoHost) => {
    const next = await place(server, name, to);
    const began = performance.now();
    await server.admin.delete(current);
    current = next;
    await until(`${name} serves`, () => served.includes(name));
    return performance.now() - began;
  };
  const took: number[] = [];
  for (let i = 1; i <= 10; i++) took.push(await move(`cart-${i}`, i % 2 === 0 ? one : two));
  t.diagnostic(`from the last write to the first answer seen: ${took.map((ms) => Math.round(ms)).join(", ")} ms`);

  await server.kill();
  await until("the outage is told", () => logged(child, "source is stale: proxies keep what they have") !== undefined);
  await server.restart();
  await move("cart-after", two);
  asking = false;
  await asked;
  assert.deepEqual(failures, [], "no request failed, whatever moved and whoever was away");
});

test("restarted while the API server is away, it serves an Envoy that is new too, from the state on disk; the API server's word counts again once it is back", async (t) => {
  const server = await cluster(t);
  const [one, two] = await hostsOf(t, server, "h1", "h2");
  assert.ok(one !== undefined && two !== undefined);
  const placed = await place(server, "cart-0", one);
  const folder = await mkdtemp(join(tmpdir(), "signalbox-state-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const saved = { file: join(folder, "state"), afterMs: 0 };
  const kubeconfig = await server.kubeconfigFor("signalbox", "signalbox");
  const first = await signalbox(t, kubeconfig, { saved });
  await until("it is ready", () => logged(first.child, READY) !== undefined);
  await first.child.stop(); // what is not saved yet is saved now
  await server.kill();

  const second = await signalbox(t, kubeconfig, { saved });
  const port = await envoyOf(t, second.xdsPort);
  assert.equal((await ask(port)).status, 200);
  assert.ok(logged(second.child, "the source cannot be read: the state saved on disk is served until it can"));

  await server.restart();
  await until("the API server's word counts", () => logged(second.child, "source is current again") !== undefined);
  await place(server, "cart-1", two);
  await server.admin.delete(placed);
  let served = "";
  const asking = setInterval(() => void ask(port).then(({ body }) => (served = body)), 20);
  await until("the move made afterwards is followed", () => served.includes("cart-1"));
  clearInterval(asking);
});
