/** The reflector against a real API server: streamed and paged lists, restarts, expiry, RBAC. */
import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpKubernetesClient } from "../../src/kubernetes/client.ts";
import { type Access, readAccess } from "../../src/kubernetes/kubeconfig.ts";
import type { ReflectorTuning } from "../../src/kubernetes/reflector-options.ts";
import type { Resource } from "../../src/kubernetes/resource.ts";
import { located } from "../../src/kubernetes/scope.ts";
import type { KubernetesObject } from "./api-admin.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { crd } from "./crds.ts";
import { WIDGETS } from "./fake-api.ts";
import { ObservedReflector, until } from "./observed-reflector.ts";

let server: ApiServer;

before(async () => {
  server = await startApiServer();
  const names = { ...WIDGETS, kind: "Widget", scope: "Namespaced" } as const;
  await server.admin.apply(crd(names, { colour: { type: "string" } }));
  for (const name of ["shop", "bank"])
    await server.admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
});
after(async () => await server.stop());

const widget = (name: string, colour = "white", namespace = "shop"): KubernetesObject => ({
  apiVersion: "test.signalbox.dev/v1",
  kind: "Widget",
  metadata: { namespace, name },
  colour,
});

async function observing(
  t: TestContext,
  kubeconfig: string,
  tuning: ReflectorTuning = {},
  resource: Resource = { ...WIDGETS, namespace: "shop" },
) {
  const observed = new ObservedReflector(readAccess({ kubeconfig }, {}), tuning, resource);
  t.after(async () => await observed.stop());
  observed.reflector.start();
  return observed;
}

const has = (observed: ObservedReflector, name: string, colour: string) =>
  until(`${name} is ${colour}`, () => observed.colours[name] === colour);

test("a streamed list goes over into its watch", async (t) => {
  await server.admin.apply(widget("rose"));
  const observed = await observing(t, await server.adminKubeconfig());
  await until("synced", () => observed.reflector.synced);
  assert.deepEqual(observed.colours, { rose: "white" });
  await server.admin.apply(widget("rose", "red"));
  await has(observed, "rose", "red");
  await server.admin.delete(widget("rose"));
  await until("the rose went", () => !("rose" in observed.colours));
  assert.equal(observed.lists, 1);
  assert.deepEqual(observed.failures, []);
});

test("a namespace shows its own objects only", async (t) => {
  await server.admin.apply(widget("oak", "green", "bank"));
  await server.admin.apply(widget("lily"));
  const everywhere = { ...WIDGETS, namespace: undefined };
  const [one, all] = [
    await observing(t, await server.adminKubeconfig()),
    await observing(t, await server.adminKubeconfig(), {}, everywhere),
  ];
  await until("synced", () => one.reflector.synced && all.reflector.synced);
  assert.deepEqual([Object.keys(one.colours).sort(), Object.keys(all.colours).sort()], [["lily"], ["lily", "oak"]]);
});

test("killed and started again: what changed meanwhile comes, what did not stays", async (t) => {
  const observed = await observing(t, await server.adminKubeconfig());
  await until("synced", () => observed.reflector.synced);
  await server.kill();
  await until("stale", () => observed.reflector.staleness !== undefined);
  assert.deepEqual(observed.colours, { lily: "white" }, "the last complete list stays");
  await server.restart();
  await server.admin.apply(widget("iris", "blue"));
  await has(observed, "iris", "blue");
  assert.ok(
    observed.failures.some(({ code }) => code === "unreachable"),
    "the outage is told",
  );
  assert.deepEqual(observed.colours, { lily: "white", iris: "blue" });
});

test("a position that etcd and the watch cache forgot leads to a new list", async (t) => {
  const observed = await observing(t, await server.adminKubeconfig());
  await until("synced", () => observed.reflector.synced);
  await server.kill();
  await until("stale", () => observed.reflector.staleness !== undefined);
  // A second API server life writes on and forgets the past, all before the reflector may come back: its waits end at a closed port meanwhile.
  await server.restart();
  for (let i = 0; i < 150; i++) await server.admin.apply(widget("busy", `shade ${i}`));
  await server.compact();
  await server.restart();
  await server.admin.apply(widget("aster", "purple"));
  await has(observed, "aster", "purple");
  await has(observed, "busy", "shade 149");
});

test("etcd put back to a backup: what is there now comes, what was made since goes, though positions lie in the future", async (t) => {
  await server.backUp();
  const observed = await observing(t, await server.adminKubeconfig());
  await until("synced", () => observed.reflector.synced);
  await server.admin.apply(widget("tulip", "yellow"));
  for (let i = 0; i < 150; i++) await server.admin.apply(widget("busy", `tint ${i}`));
  await has(observed, "busy", "tint 149");
  await server.restoreBackup();
  await server.admin.apply(widget("peony", "pink"));
  await has(observed, "peony", "pink");
  await until("the tulip went", () => !("tulip" in observed.colours));
  await server.admin.delete(widget("peony"));
  await until("the peony went", () => !("peony" in observed.colours));
});

test("RBAC: get, list and watch suffice; without them the failure names what to grant, and granting it helps", async (t) => {
  const kubeconfig = await server.kubeconfigFor("shop", "reader");
  const observed = await observing(t, kubeconfig, { helplessMs: 10 });
  await until("refused", () => observed.failures.length > 0);
  const [failure] = observed.failures;
  assert.equal(failure?.code, "forbidden");
  assert.match(
    failure?.cause ?? "",
    /cannot watch widgets\.test\.signalbox\.dev in namespace shop: .*system:serviceaccount:shop:reader/,
  );
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { namespace: "shop", name: "reader" } };
  const rules = [{ apiGroups: [WIDGETS.group], resources: [WIDGETS.plural], verbs: ["get", "list", "watch"] }];
  await server.admin.apply({ ...rbac, kind: "Role", rules });
  const subjects = [{ kind: "ServiceAccount", namespace: "shop", name: "reader" }];
  await server.admin.apply({ ...rbac, kind: "RoleBinding", roleRef: role, subjects });
  await until("synced", () => observed.reflector.synced);
  assert.ok("lily" in observed.colours);
});

test("a kind deleted and installed anew in another scope: what is made then comes", async (t) => {
  const names = { ...WIDGETS, plural: "gizmos", kind: "Gizmo" };
  const gizmo = (name: string): KubernetesObject => ({ ...widget(name), kind: "Gizmo", metadata: { name } });
  const cluster = crd({ ...names, scope: "Cluster" }, { colour: { type: "string" } });
  await server.admin.apply(cluster);
  await server.admin.apply(gizmo("old"));
  const observed = await observing(t, await server.adminKubeconfig(), {}, { ...WIDGETS, plural: "gizmos" });
  await has(observed, "old", "white");
  await server.admin.delete(cluster);
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gizmos.${WIDGETS.group}`;
  while ((await server.admin.status(path)) !== 404) await sleep(5);
  await server.admin.apply(crd({ ...names, scope: "Namespaced" }, { colour: { type: "string" } }));
  await server.admin.apply(gizmo("new"));
  await has(observed, "new", "white");
  await until("listed anew", () => observed.lists > 1);
  await server.admin.apply({ ...gizmo("new"), colour: "red" });
  await has(observed, "new", "red");
  assert.deepEqual(observed.colours, { new: "red" });
});

test("a kind that is not installed is told as absent, and read once it is", async (t) => {
  const resource = { ...WIDGETS, plural: "gadgets", namespace: undefined };
  const observed = new ObservedReflector(
    readAccess({ kubeconfig: await server.adminKubeconfig() }, {}),
    { helplessMs: 20 },
    resource,
  );
  t.after(async () => await observed.stop());
  observed.reflector.start();
  await until("told", () => observed.failures.length > 0);
  assert.equal(observed.failures[0]?.code, "absent");
  assert.match(
    observed.failures[0]?.remedy ?? "",
    /^Install the CustomResourceDefinition gadgets\.test\.signalbox\.dev/,
  );
  await server.admin.apply(
    crd({ ...WIDGETS, plural: "gadgets", kind: "Gadget", scope: "Cluster" }, { colour: { type: "string" } }),
  );
  await server.admin.apply({
    apiVersion: "test.signalbox.dev/v1",
    kind: "Gadget",
    metadata: { name: "lamp" },
    colour: "brass",
  });
  await has(observed, "lamp", "brass");
});

test("discovery tells which kinds have no namespace; what it does not know stays as asked", async (t) => {
  const client = new HttpKubernetesClient(readAccess({ kubeconfig: await server.adminKubeconfig() }, {}));
  t.after(() => client.close());
  const where = async (resource: Partial<Resource>) =>
    (await located(client, { ...WIDGETS, namespace: "shop", ...resource }, new AbortController().signal)).namespace;
  assert.equal(await where({}), "shop");
  assert.equal(await where({ plural: "gadgets" }), undefined);
  assert.equal(await where({ plural: "unknown" }), "shop");
  assert.equal(await where({ group: "unknown.test" }), "shop");
  assert.equal(await where({ group: "", version: "v1", plural: "nodes" }), undefined);
});

test("an unknown token and an unknown authority are told apart", async () => {
  const access = readAccess({ kubeconfig: await server.adminKubeconfig() }, {});
  const failing = async (changed: Partial<Access>) => {
    const observed = new ObservedReflector({ ...access, ...changed }, {}, WIDGETS);
    try {
      observed.reflector.start();
      await until("told", () => observed.failures.length > 0);
      return observed.failures[0];
    } finally {
      await observed.stop();
    }
  };
  assert.equal((await failing({ user: { name: "stranger", token: "stranger" } }))?.code, "unauthenticated");
  const { name, server: url, skipTLSVerify } = access.cluster;
  const untrusted = await failing({ cluster: { name, server: url, skipTLSVerify } });
  assert.equal(untrusted?.code, "untrusted");
  assert.match(untrusted?.remedy ?? "", /certificate-authority/);
  const elsewhere = { ...access.cluster, tlsServerName: "elsewhere.test" };
  assert.equal((await failing({ cluster: elsewhere }))?.code, "untrusted");
  const careless = new ObservedReflector(
    { ...access, cluster: { name, server: url, skipTLSVerify: true } },
    {},
    WIDGETS,
  );
  try {
    careless.reflector.start();
    await until("insecure-skip-tls-verify is heeded", () => careless.reflector.synced);
  } finally {
    await careless.stop();
  }
});

test("pages of a real list, and 410 to a page whose history is gone", async () => {
  for (let i = 0; i < 120; i++) await server.admin.apply(widget(`w${i}`, "light", "bank"));
  const list = `/apis/${WIDGETS.group}/${WIDGETS.version}/namespaces/bank/widgets`;
  type Page = { readonly metadata: { readonly continue: string } };
  const page = (await server.admin.request("GET", `${list}?limit=50`)) as Page;
  await server.admin.apply(widget("later", "light", "bank"));
  await server.compact();
  await server.restart(); // and with it the snapshots in its cache
  const answer = await server.admin.status(`${list}?limit=50&continue=${encodeURIComponent(page.metadata.continue)}`);
  assert.equal(answer, 410, "what the fake answers to an old continue token is what a real API server answers");
});
