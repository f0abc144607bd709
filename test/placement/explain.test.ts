/** Lookup and explanation: from a hostname to its workloads and back, and why. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explainPlacement } from "../../src/placement/explain-placement.ts";
import { findWorkloads, workloadsOf } from "../../src/placement/lookup.ts";
import { Placer } from "../../src/placement/placer.ts";
import { deployment, host, put, replicaSet, serves, workload } from "./sample-records.ts";

const placer = new Placer({ ownership: [{ domain: "denied.test", namespaces: [] }] });
placer.apply(
  put(
    host("h1"),
    host("h2", { ready: "False" }),
    deployment("shop/web", { registration: serves("A.test", "b.test") }),
    replicaSet("shop/web-1", { deployment: "web" }),
    workload("shop/web-1-x", "h1", {
      replicaSet: "web-1",
      uid: "u1",
      workloadId: "u1",
      registration: serves("A.test", "b.test"),
    }),
    workload("shop/web-1-y", "h2", { replicaSet: "web-1" }),
    workload("shop/web-1-z", "h1", { replicaSet: "web-1", ready: false, workloadId: "" }),
    workload("rival/w", "h1", { uid: "file-uid", workloadId: "id-of-host", registration: serves("b.test") }),
    workload("evil/w", "h1", { registration: serves("denied.test") }),
    deployment("shop/idle", { registration: serves("idle.test") }),
  ),
);

test("a workload ID leads to the hostnames it serves", () => {
  const [entry, ...rest] = findWorkloads({ id: "u1" }, placer);
  assert.deepEqual(rest, []);
  assert.deepEqual(entry, {
    namespace: "shop",
    name: "web-1-x",
    workloadId: "u1",
    uid: "u1",
    age: { at: 100, order: "" },
    hostId: "id-h1",
    root: { kind: "WorkloadDeployment", name: "web" },
    hostName: "h1",
    addresses: ["10.0.0.1:80"],
    phase: "ready",
    reason: "serving",
    because: "ready on Host h1",
    hostnames: [
      { hostname: "a.test", spelling: "A.test", owned: true },
      { hostname: "b.test", spelling: "b.test", owned: true },
    ],
  });
});

test("uid and workload ID both name it where they differ", () => {
  for (const id of ["file-uid", "id-of-host"])
    assert.deepEqual(
      findWorkloads({ id }, placer).map(({ namespace }) => namespace),
      ["rival"],
    );
  assert.deepEqual(findWorkloads({ id: "" }, placer), []);
  assert.deepEqual(findWorkloads({ id: "nobody" }, placer), []);
});

test("a name and a hostId lead to workloads", () => {
  assert.deepEqual(
    findWorkloads({ namespace: "rival", name: "w" }, placer).map(({ hostnames }) => hostnames[0]?.owned),
    [false],
  );
  assert.deepEqual(findWorkloads({ namespace: "rival", name: "none" }, placer), []);
  const names = findWorkloads({ hostId: "id-h1" }, placer).map(({ namespace, name }) => `${namespace}/${name}`);
  assert.deepEqual(names, ["evil/w", "rival/w", "shop/web-1-x", "shop/web-1-z"]);
});

test("a hostname, in any case, leads to its workload IDs", () => {
  assert.deepEqual(
    workloadsOf("B.TEST", placer).map(({ workloadId }) => workloadId),
    ["id-of-host", "u1"],
  );
  assert.deepEqual(workloadsOf("nobody.test", placer), []);
});

test("an explanation tells claims, verdicts, and every replica with its reason", () => {
  const { owner, claims, replicas, problems, summary } = explainPlacement("A.Test", placer);
  assert.equal(owner, "shop");
  assert.deepEqual(
    claims.map(({ kind, name, verdict }) => `${kind} ${name} ${verdict}`),
    ["WorkloadDeployment web owner", "Workload web-1-x owner", "Workload web-1-y owner", "Workload web-1-z owner"],
  );
  assert.deepEqual(
    replicas.map(({ name, role, phase, because }) => `${name} ${role} ${phase}: ${because}`),
    [
      "web-1-x endpoint ready: ready on Host h1",
      "web-1-y absent absent: Host h2 has condition Ready False",
      "web-1-z absent absent: condition Ready is not True (hostId id-h1)",
    ],
  );
  assert.equal(problems.length, 1, "web-1-y and z spell it in lower case");
  assert.equal(summary, "a.test belongs to namespace shop and has 1 ready and 0 draining replicas.");
});

test("an explanation tells losers, and that they mix in", () => {
  const { replicas, problems } = explainPlacement("b.test", placer);
  assert.deepEqual(
    replicas.map(({ namespace, role, contaminated }) => [namespace, role, contaminated]),
    [
      ["rival", "loser", false],
      ["shop", "endpoint", true],
    ],
  );
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["hostname-taken", "hostname-contaminated"],
  );
});

const summaries: readonly (readonly [hostname: string, summary: string])[] = [
  ["nobody.test", "Nothing claims nobody.test: no Workload, WorkloadReplicaSet or WorkloadDeployment names it."],
  ["denied.test", "denied.test is claimed by 1 objects, and the administrator's rule denies it to all of them."],
  [
    "idle.test",
    "idle.test belongs to namespace shop and has 0 ready and 0 draining replicas: no Workload exists for it, only its template.",
  ],
];
for (const [hostname, summary] of summaries)
  test(`explained: ${hostname}`, () => assert.equal(explainPlacement(hostname, placer).summary, summary));

test("where all replicas are absent, the summary gives their reasons", () => {
  const down = new Placer({ ownership: [] });
  down.apply(
    put(
      host("h2", { ready: "False" }),
      workload("shop/w1", "h2"),
      workload("shop/w2", "", { placed: false, ready: false }),
    ),
  );
  assert.equal(
    explainPlacement("a.test", down).summary,
    "a.test belongs to namespace shop and has 0 ready and 0 draining replicas: Host h2 has condition Ready False; condition Placement is not True (no host).",
  );
});
