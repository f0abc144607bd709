import assert from "node:assert/strict";
import { test } from "node:test";
import { recordKey } from "../../src/placement/records.ts";
import { ClusterLedger } from "../../src/sources/cluster-ledger.ts";
import { type ClusterObject, clusterObject } from "../../src/sources/kubernetes-object.ts";
import type { ObjectChange } from "../../src/sources/source.ts";

const apiVersion = "runtime.wasmcloud.dev/v1alpha1";
const http = (host: string) => ({
  hostInterfaces: [{ namespace: "wasi", package: "http", interfaces: ["handler"], config: { host } }],
});

function workload(name: string, owner: string, host = "cart.test"): ClusterObject {
  const ownerReferences = [{ apiVersion, kind: "WorkloadReplicaSet", name: "set", uid: owner, controller: true }];
  return read("Workload", {
    metadata: { namespace: "shop", name, uid: `uid-${name}`, ownerReferences },
    spec: http(host),
  });
}

function replicaSet(uid: string, deployment: string): ClusterObject {
  const ownerReferences = [{ apiVersion, kind: "WorkloadDeployment", name: deployment, uid: "d", controller: true }];
  return read("WorkloadReplicaSet", {
    metadata: { namespace: "shop", name: "set", uid, ownerReferences },
    spec: { template: { spec: http("cart.test") } },
  });
}

function read(kind: "Workload" | "WorkloadReplicaSet", object: object): ClusterObject {
  const found = clusterObject(kind, { apiVersion, kind, ...object });
  assert.ok(found !== undefined);
  return found;
}

const told = (changes: readonly ObjectChange[]) =>
  changes.map((change) => {
    if ("remove" in change) return `- ${recordKey(change.remove)}`;
    const { put } = change;
    return `+ ${recordKey(put)}${put.kind === "Workload" && put.gone ? ` gone of ${put.goneDeployment}` : ""}`;
  });

test("a workload is given anew when its ReplicaSet is deleted, and when it comes back", () => {
  const ledger = new ClusterLedger();
  ledger.take({ upserts: [workload("a", "one")], removals: [] }, 1);
  ledger.take({ upserts: [replicaSet("one", "cart")], removals: [] }, 2);
  const deleted = ledger.take({ upserts: [], removals: [replicaSet("one", "cart")] }, 3);
  assert.deepEqual(told(deleted.changes), ["- WorkloadReplicaSet/shop/set", "+ Workload/shop/a gone of cart"]);
  const back = ledger.take({ upserts: [replicaSet("one", "cart")], removals: [] }, 4);
  assert.deepEqual(told(back.changes), ["+ WorkloadReplicaSet/shop/set", "+ Workload/shop/a"]);
});

test("a name used again proves that its former ReplicaSet is gone", () => {
  const ledger = new ClusterLedger();
  ledger.take({ upserts: [replicaSet("one", "cart")], removals: [] }, 1);
  ledger.take({ upserts: [workload("a", "one"), workload("b", "two")], removals: [] }, 2);
  const replaced = ledger.take({ upserts: [replicaSet("two", "cart")], removals: [] }, 3);
  assert.deepEqual(told(replaced.changes), ["+ WorkloadReplicaSet/shop/set", "+ Workload/shop/a gone of cart"]);
});

test("a workload that changes while it is gone stays gone", () => {
  const ledger = new ClusterLedger();
  ledger.take({ upserts: [workload("a", "one")], removals: [] }, 1);
  assert.deepEqual(told(ledger.ownersListed(2, undefined)), ["+ Workload/shop/a gone of undefined"]);
  const changed = ledger.take({ upserts: [workload("a", "one", "other.test")], removals: [] }, 3);
  assert.deepEqual(told(changed.changes), ["+ Workload/shop/a gone of undefined"]);
});

test("a report is made where problems changed, and taken back with its object", () => {
  const ledger = new ClusterLedger();
  const about = "Workload/shop/a";
  const codes = (entry: ReturnType<ClusterLedger["take"]>) =>
    entry.reports.map((r) => [r.about, ...r.problems.map(({ code }) => code)]);
  assert.deepEqual(codes(ledger.take({ upserts: [workload("a", "one")], removals: [] }, 1)), []);
  const bad = workload("a", "one", "*.test");
  assert.deepEqual(codes(ledger.take({ upserts: [bad], removals: [] }, 2)), [[about, "hostname-invalid"]]);
  assert.deepEqual(codes(ledger.take({ upserts: [bad], removals: [] }, 3)), []);
  assert.deepEqual(codes(ledger.take({ upserts: [], removals: [bad] }, 4)), [[about]]);
});

test("an object that turned malformed loses its record, and has none to lose twice", () => {
  const ledger = new ClusterLedger();
  const good = workload("a", "one");
  const bad = { ...good, record: undefined };
  ledger.take({ upserts: [good], removals: [] }, 1);
  assert.deepEqual(told(ledger.take({ upserts: [bad], removals: [] }, 2).changes), ["- Workload/shop/a"]);
  assert.deepEqual(told(ledger.take({ upserts: [], removals: [bad] }, 3).changes), []);
});
