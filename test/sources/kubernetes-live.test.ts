/** The source of a cluster against a real API server: objects are applied, records come. */
import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpKubernetesClient } from "../../src/kubernetes/client.ts";
import { readAccess } from "../../src/kubernetes/kubeconfig.ts";
import { type RecordKind, recordKey, type WorkloadRecord } from "../../src/placement/records.ts";
import { type KubernetesOptions, KubernetesSource } from "../../src/sources/kubernetes.ts";
import type { Batch, ObjectChange, ObjectRecord } from "../../src/sources/source.ts";
import type { KubernetesObject } from "../kubernetes/api-admin.ts";
import { type ApiServer, startApiServer } from "../kubernetes/api-server.ts";
import { wasmcloudCrds } from "../kubernetes/crds.ts";
import { until } from "../kubernetes/observed-reflector.ts";

let server: ApiServer;

before(async () => {
  server = await startApiServer();
  for (const crd of wasmcloudCrds("Namespaced")) await server.admin.apply(crd);
  for (const name of ["shop", "bank", "wasmcloud-system"])
    await server.admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
});
after(async () => await server.stop());

/** A source with everything it gives added up. */
class Given {
  readonly source: KubernetesSource;
  readonly client: HttpKubernetesClient;
  readonly records = new Map<string, ObjectRecord>();
  readonly problems = new Map<string, readonly string[]>();
  readonly batches: Batch<ObjectChange>[] = [];
  readonly thrown: string[] = [];

  constructor(kubeconfig: string, options: Partial<KubernetesOptions> = {}) {
    this.client = new HttpKubernetesClient(readAccess({ kubeconfig }, {}));
    this.source = new KubernetesSource({
      client: this.client,
      namespaces: [],
      observer: (kind) => ({
        listed: () => undefined,
        events: () => undefined,
        failed: () => undefined,
        recovered: () => undefined,
        threw: (where, error) => this.thrown.push(`${kind} ${where}: ${String(error)}`),
      }),
      clock: { now: () => performance.now(), sleep: async (ms, signal) => await sleep(ms, undefined, { signal }) },
      chance: () => 0.5,
      tuning: { helplessMs: 50, baseMs: 20, capMs: 200 },
      ownerMs: 200,
      degradedMs: 300,
      ...options,
    });
  }

  get last(): Batch<ObjectChange> | undefined {
    return this.batches.at(-1);
  }

  async start(t: TestContext): Promise<this> {
    t.after(async () => {
      await this.source.stop();
      this.client.close();
      assert.deepEqual(this.thrown, []);
    });
    await this.source.start((batch) => {
      this.batches.push(batch);
      for (const change of batch.changes) {
        if ("put" in change) this.records.set(recordKey(change.put), change.put);
        else this.records.delete(recordKey(change.remove));
      }
      for (const { about, problems } of batch.problems) {
        if (problems.length === 0) this.problems.delete(about);
        else
          this.problems.set(
            about,
            problems.map(({ code }) => code),
          );
      }
    });
    return this;
  }

  async synced(): Promise<void> {
    await until("synced", () => this.last?.synced === true);
  }

  async workload(name: string, what: string, fact: (record: WorkloadRecord) => boolean): Promise<WorkloadRecord> {
    const key = `Workload/shop/${name}`;
    const record = () => {
      const found = this.records.get(key);
      return found?.kind === "Workload" && fact(found) ? found : undefined;
    };
    await until(`${key} ${what}`, () => record() !== undefined);
    return record() as WorkloadRecord;
  }
}

const object = (
  kind: RecordKind,
  namespace: string,
  name: string,
  fields: object,
  metadata: object = {},
): KubernetesObject => ({
  apiVersion: "runtime.wasmcloud.dev/v1alpha1",
  kind,
  metadata: { namespace, name, ...metadata },
  ...fields,
});
const spec = (hostname: string) => ({
  hostInterfaces: [
    { namespace: "wasi", package: "http", interfaces: ["incoming-handler"], config: { host: hostname } },
  ],
});
const conditions = (...types: readonly string[]) => types.map((type) => ({ type, status: "True" }));
const host = (name: string) =>
  object("Host", "wasmcloud-system", name, { hostId: `id-${name}`, hostname: "10.1.2.3", httpPort: 80 });
const standalone = (name: string, namespace = "shop") =>
  object("Workload", namespace, name, { spec: spec(`${name}.test`) });

async function replica(name: string, replicaSet: KubernetesObject): Promise<KubernetesObject> {
  const { uid } = (await server.admin.apply(replicaSet)).metadata;
  const owner = {
    apiVersion: replicaSet.apiVersion,
    kind: replicaSet.kind,
    name: replicaSet.metadata.name,
    uid,
    controller: true,
  };
  return await server.admin.apply(
    object("Workload", "shop", name, { spec: spec("cart.test") }, { ownerReferences: [owner] }),
  );
}
const replicaSet = (name: string) =>
  object("WorkloadReplicaSet", "shop", name, { spec: { template: { spec: spec("cart.test") } } });

test("objects become records, changes follow, deletion removes", async (t) => {
  const given = await new Given(await server.adminKubeconfig()).start(t);
  await given.synced();
  await server.admin.apply(host("h1"));
  await server.admin.apply(standalone("w1"));
  await server.admin.patchStatus(standalone("w1"), {
    hostId: "id-h1",
    workloadId: "w-1",
    conditions: conditions("Placement", "Ready"),
  });
  const record = await given.workload("w1", "is ready", ({ ready, placed }) => ready && placed);
  assert.equal(record.registration.names[0]?.hostname, "w1.test");
  assert.equal(record.hostId, "id-h1");
  const known = given.records.get("Host/wasmcloud-system/h1");
  assert.ok(known?.kind === "Host" && known.advertisedHostname === "10.1.2.3");
  await server.admin.delete(standalone("w1"));
  await until("removed", () => !given.records.has("Workload/shop/w1"));
});

test("a heartbeat that changes no record makes no batch", async (t) => {
  await server.admin.apply(host("h1"));
  const given = await new Given(await server.adminKubeconfig()).start(t);
  await given.synced();
  const batches = given.batches.length;
  for (let i = 10; i < 20; i++) await server.admin.patchStatus(host("h1"), { lastSeen: `2026-01-01T00:00:${i}Z` });
  await server.admin.apply(standalone("after"));
  await given.workload("after", "came", () => true);
  assert.equal(given.batches.length, batches + 1);
});

test("a malformed object is reported and hurts itself only; put right, the report goes", async (t) => {
  const given = await new Given(await server.adminKubeconfig()).start(t);
  const bad = object("Workload", "shop", "bad", { spec: spec("*.test") });
  await server.admin.apply(bad);
  await server.admin.apply(standalone("good"));
  await given.workload("good", "came", () => true);
  await until("reported", () => given.problems.get("Workload/shop/bad")?.includes("hostname-invalid") === true);
  await server.admin.apply(object("Workload", "shop", "bad", { spec: spec("fine.test") }));
  await until("put right", () => !given.problems.has("Workload/shop/bad"));
  await server.admin.delete(bad);
});

test("a workload outlives its ReplicaSet: gone as soon as that is seen deleted, with its deployment", async (t) => {
  const given = await new Given(await server.adminKubeconfig()).start(t);
  const owner = {
    apiVersion: "runtime.wasmcloud.dev/v1alpha1",
    kind: "WorkloadDeployment",
    name: "cart",
    uid: "u",
    controller: true,
  };
  const set = { ...replicaSet("cart-1"), metadata: { namespace: "shop", name: "cart-1", ownerReferences: [owner] } };
  await replica("cart-1-a", set);
  await given.workload("cart-1-a", "is here", ({ gone }) => !gone);
  await until("its ReplicaSet was seen", () => given.records.has("WorkloadReplicaSet/shop/cart-1"));
  await server.admin.delete(set);
  const record = await given.workload("cart-1-a", "is gone", ({ gone }) => gone);
  assert.equal(record.goneDeployment, "cart");
});

test("orphans of before the start are found by a list requested after they were seen", async (t) => {
  await replica("cart-2-a", replicaSet("cart-2"));
  await server.admin.delete(replicaSet("cart-2"));
  const given = await new Given(await server.adminKubeconfig()).start(t);
  await given.synced();
  await given.workload("cart-2-a", "is gone", ({ gone }) => gone);
  await replica("cart-3-a", replicaSet("cart-3"));
  await given.workload("cart-3-a", "is here", ({ gone }) => !gone);
});

const role = (
  resources: readonly string[],
  namespace: string | undefined,
  name: string,
): readonly KubernetesObject[] => {
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" };
  const kind = namespace === undefined ? "ClusterRole" : "Role";
  const metadata = namespace === undefined ? { name } : { name, namespace };
  const rules = [{ apiGroups: ["runtime.wasmcloud.dev"], resources, verbs: ["get", "list", "watch"] }];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind, name };
  const subjects = [{ kind: "ServiceAccount", namespace: "shop", name: "box" }];
  return [
    { ...rbac, kind, metadata, rules },
    { ...rbac, kind: `${kind}Binding`, metadata, roleRef, subjects },
  ];
};

test("a forbidden optional kind degrades and is reported, and is read once it is granted", async (t) => {
  const kubeconfig = await server.kubeconfigFor("shop", "box");
  for (const made of role(["hosts", "workloads", "workloaddeployments"], undefined, "without-sets"))
    await server.admin.apply(made);
  const given = await new Given(kubeconfig).start(t);
  await given.synced();
  assert.deepEqual(given.problems.get("WorkloadReplicaSet//(all)"), ["ownership-degraded"]);
  await until("not stale for it", () => given.last?.stale === undefined);
  assert.ok(given.records.has("Workload/shop/after"));
  for (const made of role(["workloadreplicasets"], undefined, "with-sets")) await server.admin.apply(made);
  await until("reported as put right", () => !given.problems.has("WorkloadReplicaSet//(all)"));
  for (const made of [...role([], undefined, "without-sets"), ...role([], undefined, "with-sets")])
    await server.admin.delete(made);
});

test("a forbidden essential kind blocks, and what to grant is told", async (t) => {
  for (const made of role(["hosts", "workloadreplicasets", "workloaddeployments"], undefined, "without-work"))
    await server.admin.apply(made);
  const given = await new Given(await server.kubeconfigFor("shop", "box")).start(t);
  await until("told", () => given.last?.stale?.includes("workloads") === true);
  assert.match(
    given.last?.stale ?? "",
    /cannot watch workloads\.runtime\.wasmcloud\.dev in all namespaces: .*Grant the verb watch/,
  );
  assert.equal(given.last?.synced, false);
  for (const made of role([], undefined, "without-work")) await server.admin.delete(made);
});

test("some namespaces only, by a Role in each, the operator's among them", async (t) => {
  await server.admin.apply(standalone("foreign", "bank"));
  const namespaces = ["shop", "wasmcloud-system"];
  const kinds = ["hosts", "workloads", "workloadreplicasets", "workloaddeployments"];
  for (const namespace of namespaces) for (const made of role(kinds, namespace, "box")) await server.admin.apply(made);
  const given = await new Given(await server.kubeconfigFor("shop", "box"), { namespaces }).start(t);
  await given.synced();
  assert.ok(given.records.has("Workload/shop/after") && given.records.has("Host/wasmcloud-system/h1"));
  assert.ok(!given.records.has("Workload/bank/foreign"));
  assert.deepEqual([...given.problems.keys()], []);
});

test("an outage makes stale and takes nothing away", async (t) => {
  const given = await new Given(await server.adminKubeconfig()).start(t);
  await given.synced();
  const before = [...given.records.keys()].sort();
  await server.kill();
  await until("stale", () => given.last?.stale !== undefined);
  assert.deepEqual([...given.records.keys()].sort(), before);
  await server.restart();
  await until("current", () => given.last?.stale === undefined);
  assert.deepEqual([...given.records.keys()].sort(), before);
  assert.ok(given.source.status().every(({ synced, stale }) => synced && stale === undefined));
});

test("Hosts without a namespace, as before wasmCloud 2.1.0, are read in either mode", {
  timeout: 60_000,
}, async (t) => {
  const [hosts] = wasmcloudCrds("Cluster");
  assert.ok(hosts !== undefined);
  await server.admin.delete(hosts);
  const definition = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${hosts.metadata.name}`;
  while ((await server.admin.status(definition)) !== 404) await sleep(50); // its Hosts go first; the test's own bound ends this
  await server.admin.apply(hosts);
  const old = { apiVersion: "runtime.wasmcloud.dev/v1alpha1", kind: "Host", metadata: { name: "old" } };
  await server.admin.apply({ ...old, hostId: "id-old", hostname: "10.1.2.4", httpPort: 80 });
  const kubeconfig = await server.adminKubeconfig();
  const everywhere = await new Given(kubeconfig).start(t);
  const somewhere = await new Given(kubeconfig, { namespaces: ["shop", "wasmcloud-system"] }).start(t);
  await until("read in both", () => [everywhere, somewhere].every(({ records }) => records.has("Host//old")));
});
