/**
 * Events on a real API server, written by two replicas with the rights of k8s/base: one for each fault, found by the uid of its object as `kubectl describe`
 * finds it, and written on by the other replica when the first is killed.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Child, startChild } from "../../src/cli/child.ts";
import { HttpKubernetesClient } from "../../src/kubernetes/client.ts";
import type { ObjectEvent } from "../../src/kubernetes/event.ts";
import { EventWriter } from "../../src/kubernetes/event-writer.ts";
import { readAccess } from "../../src/kubernetes/kubeconfig.ts";
import { DeltaClient } from "../xds/client.ts";
import { CLUSTER } from "../xds/resources.ts";
import type { KubernetesObject } from "./api-admin.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { wasmcloudCrds } from "./crds.ts";
import { objectsOf } from "./kustomization.ts";
import { until } from "./observed-reflector.ts";

const ROOT = join(import.meta.dirname, "../..");
const RIGHTS = new Set(["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);

interface SeenEvent {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly series?: { readonly count: number };
}

let server: ApiServer;

before(async () => {
  server = await startApiServer();
  for (const crd of wasmcloudCrds("Namespaced")) await server.admin.apply(crd);
  for (const name of ["shop", "blog", "wasmcloud-system"])
    await server.admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  for (const made of objectsOf(join(ROOT, "k8s/base"))) if (RIGHTS.has(made.kind)) await server.admin.apply(made);
});
after(() => server.stop());

interface Replica {
  readonly child: Child;
  readonly xdsPort: number;
  readonly adminUrl: string;
  has(message: string): boolean;
}

async function replica(t: TestContext, kubeconfig: string): Promise<Replica> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-events-"));
  const config = join(folder, "signalbox.yaml");
  const settings = {
    source: { kubernetes: { kubeconfig, leaseNamespace: "signalbox" } },
    ...{ xds: { address: "127.0.0.1:0" }, admin: { address: "127.0.0.1:0" } },
    fleets: [{ name: "edge", listeners: [{ name: "http", address: "127.0.0.1", port: 0 }] }],
  };
  await writeFile(config, JSON.stringify(settings));
  const args = [join(ROOT, "src/main.ts"), "serve", "--config", config];
  const child = await startChild({ name: "signalbox serve", command: process.execPath, args });
  t.after(async () => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const lines = () => child.lastLines().flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
  const has = (message: string) => lines().some(({ msg }) => msg === message);
  await until("Signalbox is ready", () => has("listening") && has("ready: everything is known and proxies are served"));
  const { xds, admin } = lines().find(({ msg }) => msg === "listening");
  return { child, xdsPort: Number(String(xds).split(":").at(-1)), adminUrl: `http://${admin}`, has };
}

async function deployment(namespace: string, hostname: string, name = "cart"): Promise<KubernetesObject> {
  const hostInterfaces = [
    { namespace: "wasi", package: "http", interfaces: ["incoming-handler"], config: { host: hostname } },
  ];
  return await server.admin.apply({
    ...{
      apiVersion: "runtime.wasmcloud.dev/v1alpha1",
      kind: "WorkloadDeployment",
      metadata: { namespace, name },
    },
    spec: { replicas: 1, template: { spec: { hostInterfaces } } },
  });
}

const PATH_OF_WINNER = "/apis/runtime.wasmcloud.dev/v1alpha1/namespaces/shop/workloaddeployments/cart";

/** As `kubectl describe` asks: by the uid of the object, in the old API, whose Events are the same ones. */
async function described({ metadata }: KubernetesObject): Promise<readonly string[]> {
  const selector = `fieldSelector=involvedObject.uid=${String(metadata["uid"])}`;
  const list = await server.admin.request("GET", `/api/v1/namespaces/${metadata.namespace}/events?${selector}`);
  return (list as { items: { reason: string; message: string }[] }).items.map((one) => `${one.reason}: ${one.message}`);
}

async function eventsOf(): Promise<readonly SeenEvent[]> {
  const { items } = (await server.admin.request("GET", "/apis/events.k8s.io/v1/events")) as { items: SeenEvent[] };
  return items.filter(({ regarding }) => regarding.kind.startsWith("Workload"));
}

/** As `until`, for a fact that has to be asked for. */
async function eventually(what: string, fact: () => Promise<boolean>): Promise<void> {
  let holds = false;
  const asking = (async () => {
    while (!holds) {
      holds = await fact();
      if (!holds) await sleep(50);
    }
  })();
  await Promise.race([asking, until(what, () => holds)]);
}

const metric = async ({ adminUrl }: Replica, name: string): Promise<number> => {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(" ")[1],
  );
};

test("two replicas, two namespaces, one hostname: one Event with the remedy; the other replica writes on when the first is killed", async (t) => {
  await deployment("shop", "a.test");
  const kubeconfig = await server.kubeconfigFor("signalbox", "signalbox");
  const replicas = await Promise.all([replica(t, kubeconfig), replica(t, kubeconfig)]);
  const speaking = async () =>
    await Promise.all(replicas.map((one) => metric(one, "signalbox_events_for_all_replicas")));
  await eventually("one of them holds the Lease", async () => (await speaking()).includes(1));
  assert.deepEqual((await speaking()).toSorted(), [0, 1]);

  await sleep(1_100); // creation times have whole seconds, and the older claim is to win
  const loser = await deployment("blog", "a.test");
  await eventually("the loser is told", async () => (await described(loser)).length > 0);
  const [told] = await described(loser);
  assert.match(
    told ?? "",
    /^HostnameTaken: spec\.template\.spec\.hostInterfaces: a\.test is owned by namespace shop \(WorkloadDeployment cart, created .*\), so this object gets no traffic for it\. Use another hostname, or ask the administrator/,
  );

  const first = replicas[(await speaking()).indexOf(1)];
  const second = replicas.find((one) => one !== first);
  assert.ok(first !== undefined && second !== undefined);
  // An Envoy of the replica that does not speak for all: who saw the rejection tells it.
  const client = new DeltaClient({ port: second.xdsPort });
  client.subscribe(CLUSTER, []);
  client.nack(await client.next(CLUSTER), "no such thing as this cluster");
  const owner = (await server.admin.request("GET", PATH_OF_WINNER)) as KubernetesObject;
  await eventually("the owner is told", async () => (await described(owner)).length > 0);
  assert.match(
    (await described(owner)).join(),
    /^ResourceRejected: Envoy .* rejected the Cluster of a\.test .* in its own words: no such thing as this cluster\. /,
  );
  client.close();

  process.kill(first.child.pid, "SIGKILL");
  await first.child.exited;
  await eventually(
    "the other takes over",
    async () => (await metric(second, "signalbox_events_for_all_replicas")) === 1,
  );
  const another = await deployment("shop", "b_b.test", "slip");
  await eventually("it writes", async () => (await described(another)).length > 0);
  assert.match((await described(another))[0] ?? "", /^HostnameInvalid: .*"b_b\.test"/);
  assert.deepEqual(
    (await eventsOf()).map(({ reason, regarding, series }) => [reason, regarding.uid, series]).toSorted(),
    [
      ["HostnameInvalid", another.metadata["uid"], undefined],
      ["HostnameTaken", loser.metadata["uid"], undefined],
      ["ResourceRejected", owner.metadata["uid"], undefined],
    ],
    "what the first said is not said again by the second",
  );
  const selector = "fieldSelector=reportingComponent=signalbox.dev/signalbox"; // as docs/kubernetes.md asks
  const ours = (await server.admin.request("GET", `/api/v1/events?${selector}`)) as { items: readonly unknown[] };
  assert.equal(ours.items.length, 3);
  await second.child.stop();
  const lease = await server.admin.request(
    "GET",
    "/apis/coordination.k8s.io/v1/namespaces/signalbox/leases/signalbox-events",
  );
  assert.equal((lease as { spec: { holderIdentity?: string } }).spec.holderIdentity ?? "", "", "given back at the end");
  for (const { child } of replicas) assert.ok(!child.lastLines().some((line) => line.includes("cannot be written")));
});

/** A writer of its own that repeats at once, as somebody with this kubeconfig. */
function writerFor(t: TestContext, kubeconfig: string): { readonly writer: EventWriter; readonly told: string[] } {
  const told: string[] = [];
  const client = new HttpKubernetesClient(readAccess({ kubeconfig }, {}));
  const writer = new EventWriter({
    ...{ client, instance: "test", speaks: () => true, wallClock: Date.now, chance: Math.random },
    clock: { now: () => performance.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    observer: {
      counted: (result) => told.push(result),
      failed: ({ cause, remedy }) => told.push(`${cause}. ${remedy}`),
    },
    limits: { settleMs: 0, repeatMs: 20 },
  });
  t.after(async () => {
    await writer.stop();
    client.close();
  });
  writer.start();
  return { writer, told };
}

const aboutNobody = (namespace: string): ObjectEvent => ({
  regarding: { apiVersion: "v1", kind: "Host", namespace, name: "nobody", uid: `nobody-${namespace}` },
  ...{ type: "Normal", reason: "Tried", note: "It was tried." },
});

test("the API server counts an Event up, and one of an object without a namespace too", async (t) => {
  const { writer, told } = writerFor(t, await server.kubeconfigFor("signalbox", "signalbox"));
  writer.report("a", [aboutNobody("shop"), aboutNobody("")], "all-replicas");
  const counted = async () => {
    const list = await server.admin.request("GET", "/apis/events.k8s.io/v1/events?fieldSelector=reason=Tried");
    return (list as { items: SeenEvent[] }).items.map(({ series }) => series?.count ?? 1);
  };
  await eventually("both are counted up", async () => (await counted()).filter((count) => count >= 3).length === 2);
  assert.deepEqual([...new Set(told)], ["created", "repeated"]);
});

test("without rights: told with the rule that is missing", async (t) => {
  const { writer, told } = writerFor(t, await server.kubeconfigFor("shop", "nobody"));
  writer.report("a", [aboutNobody("shop")], "all-replicas");
  await until("it is told", () => told.length === 2);
  assert.match(
    told[1] ?? "",
    /^cannot create events\.events\.k8s\.io in namespace shop: .* \(403\)\. Grant the verb create .* verbs: \["create"\]$/,
  );
});
