/** The manifests in k8s/ against a real API server: every document, every pod's security, and the rights of Signalbox. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpKubernetesClient } from "../../src/kubernetes/client.ts";
import { readAccess } from "../../src/kubernetes/kubeconfig.ts";
import { KubernetesSource } from "../../src/sources/kubernetes.ts";
import type { Batch, ObjectChange } from "../../src/sources/source.ts";
import type { KubernetesObject } from "./api-admin.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { wasmcloudCrds } from "./crds.ts";
import { objectsOf } from "./kustomization.ts";
import { until } from "./observed-reflector.ts";

const K8S = join(import.meta.dirname, "../../k8s");
const objects = objectsOf(join(K8S, "overlays/two-fleets"));
let server: ApiServer;

before(async () => {
  server = await startApiServer();
  for (const crd of wasmcloudCrds("Namespaced")) await server.admin.apply(crd);
  for (const object of objects.filter(({ kind }) => kind === "Namespace")) await server.admin.apply(object);
});
after(async () => await server.stop());

const title = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;

test("there is what was asked for: two replicas, two fleets, budgets, policies and autoscalers", () => {
  const kinds = Object.groupBy(objects, ({ kind }) => kind);
  const names = Object.fromEntries(
    Object.entries(kinds).map(([kind, all = []]) => [kind, all.map(({ metadata }) => metadata.name)]),
  );
  assert.deepEqual(names, {
    Namespace: ["signalbox"],
    ServiceAccount: ["signalbox"],
    ClusterRole: ["signalbox"],
    ClusterRoleBinding: ["signalbox"],
    Role: ["signalbox"],
    RoleBinding: ["signalbox"],
    ConfigMap: ["signalbox"],
    Deployment: ["signalbox", "envoy-public", "envoy-private"],
    Service: ["signalbox", "envoy-public", "envoy-private"],
    PodDisruptionBudget: ["signalbox", "envoy-public", "envoy-private"],
    NetworkPolicy: ["signalbox", "envoy-public", "envoy-private"],
    HorizontalPodAutoscaler: ["envoy-public", "envoy-private"],
  });
});

for (const object of objects)
  test(`${title(object)}: accepted, without an unknown field`, async () => {
    await server.admin.apply(object, { dryRun: true });
  });

interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: object;
}
const templateOf = (deployment: KubernetesObject) =>
  (deployment["spec"] as { readonly template: PodTemplate }).template;

for (const deployment of objects.filter(({ kind }) => kind === "Deployment"))
  test(`pods of ${title(deployment)}: admitted where the restricted Pod Security Standard is enforced`, async () => {
    const { spec, metadata } = templateOf(deployment);
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "one", namespace: "signalbox" }, spec };
    await server.admin.apply(pod, { dryRun: true });
    const privileged = { ...spec, hostNetwork: true };
    await assert.rejects(server.admin.apply({ ...pod, spec: privileged }, { dryRun: true }), /violates PodSecurity/);
  });

test("selectors meet the pods they are for", () => {
  type Selecting = {
    readonly selector?: { readonly matchLabels?: object } & object;
    readonly podSelector?: { readonly matchLabels: object };
  };
  const pods = objects
    .filter(({ kind }) => kind === "Deployment")
    .map((d) => [d.metadata.name, templateOf(d).metadata.labels] as const);
  for (const object of objects.filter(({ kind }) =>
    ["Service", "PodDisruptionBudget", "NetworkPolicy", "Deployment"].includes(kind),
  )) {
    const { selector, podSelector } = object["spec"] as Selecting;
    const wanted = Object.entries(podSelector?.matchLabels ?? selector?.matchLabels ?? selector ?? {});
    const met = pods
      .filter(([, labels]) => wanted.every(([label, value]) => labels[label] === value))
      .map(([name]) => name);
    assert.deepEqual(met, [object.metadata.name], title(object));
  }
});

test("the two fleets differ by their names, and by who reaches them", () => {
  const read = (fleet: string) => readFileSync(join(K8S, `overlays/two-fleets/${fleet}.yaml`), "utf8").split("\n");
  const lines = (fleet: string) =>
    new Set(read(fleet).map((line) => line.replaceAll(/\b(public|private)\b/g, "FLEET")));
  const [one, other] = [lines("public"), lines("private")];
  const only = [...one.symmetricDifference(other)].map((line) => line.trim()).filter((line) => !line.startsWith("#"));
  assert.deepEqual(only.sort(), [
    "- namespaceSelector: {} # pods of any namespace, nothing from outside",
    "- ports: # from everywhere",
    "externalTrafficPolicy: Local # keeps the client's address",
    "type: ClusterIP",
    "type: LoadBalancer",
  ]);
});

test("Signalbox's rights are enough: everything is read, and nothing is reported as missing", async (t) => {
  for (const object of objects.filter(({ kind }) => kind.startsWith("ClusterRole"))) await server.admin.apply(object);
  const client = new HttpKubernetesClient(
    readAccess({ kubeconfig: await server.kubeconfigFor("signalbox", "signalbox") }, {}),
  );
  const failures: string[] = [];
  const quiet = {
    listed: () => undefined,
    events: () => undefined,
    recovered: () => undefined,
    threw: () => undefined,
  };
  const source = new KubernetesSource({
    client,
    namespaces: [],
    observer: () => ({ ...quiet, failed: ({ code, cause }) => code === "throttled" || failures.push(cause) }),
    clock: { now: () => performance.now(), sleep: async (ms, signal) => await sleep(ms, undefined, { signal }) },
    chance: () => 0.5,
  });
  t.after(async () => {
    await source.stop();
    client.close();
  });
  let last: Batch<ObjectChange> | undefined;
  await source.start((batch) => {
    last = batch;
  });
  await until("synced", () => last?.synced === true && last.stale === undefined);
  assert.deepEqual(failures, []);
});

test("Signalbox's rights are no more than that", async () => {
  for (const object of objects.filter(({ kind }) => kind.startsWith("Role"))) await server.admin.apply(object);
  const may = async (verb: string, group: string, resource: string, namespace = "shop", name = "") => {
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: "system:serviceaccount:signalbox:signalbox",
        resourceAttributes: { verb, group, resource, namespace, name },
      },
    };
    const answer = (await server.admin.request(
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      review,
    )) as {
      readonly status: { readonly allowed: boolean };
    };
    return answer.status.allowed;
  };
  const kinds = ["hosts", "workloads", "workloadreplicasets", "workloaddeployments"];
  for (const kind of kinds) {
    for (const verb of ["get", "list", "watch"])
      assert.equal(await may(verb, "runtime.wasmcloud.dev", kind), true, `${verb} ${kind}`);
    for (const verb of ["create", "update", "patch", "delete", "deletecollection"])
      assert.equal(await may(verb, "runtime.wasmcloud.dev", kind), false, `${verb} ${kind}`);
  }
  for (const verb of ["create", "patch", "get", "list", "watch", "update", "delete"])
    assert.equal(await may(verb, "events.k8s.io", "events"), ["create", "patch"].includes(verb), `${verb} events`);
  const LEASES = ["coordination.k8s.io", "leases"] as const;
  for (const verb of ["get", "update", "patch", "delete"]) {
    const wanted = ["get", "update"].includes(verb);
    assert.equal(await may(verb, ...LEASES, "signalbox", "signalbox-events"), wanted, `${verb} its Lease`);
    assert.equal(await may(verb, ...LEASES, "signalbox", "another"), false, `${verb} another Lease`);
    assert.equal(await may(verb, ...LEASES, "shop", "signalbox-events"), false, `${verb} a Lease elsewhere`);
  }
  assert.equal(await may("create", ...LEASES, "signalbox"), true, "create leases");
  assert.equal(await may("create", ...LEASES, "shop"), false, "create leases elsewhere");
  for (const [group, resource] of [
    ["", "secrets"],
    ["", "pods"],
    ["", "configmaps"],
    ["runtime.wasmcloud.dev", "artifacts"],
  ] as const)
    assert.equal(await may("list", group, resource), false, `list ${resource}`);
});
