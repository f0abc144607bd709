import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { problemText } from "../../src/placement/problem.ts";
import { deploymentOf } from "../../src/sources/deployment.ts";
import { hostOf } from "../../src/sources/host.ts";
import { PROJECTIONS } from "../../src/sources/projection.ts";
import { replicaSetOf } from "../../src/sources/replica-set.ts";
import { workloadOf } from "../../src/sources/workload.ts";
import { hostObject, httpEntry, workloadObject } from "./objects.ts";

test("a Host comes to its record", () => {
  assert.deepEqual(hostOf(hostObject(), ""), {
    identity: { namespace: "wasmcloud-system", name: "forgetful-wound-2971" },
    record: {
      kind: "Host",
      namespace: "wasmcloud-system",
      name: "forgetful-wound-2971",
      age: { at: Date.UTC(2026, 7, 20, 14), order: "" },
      hostId: "h1",
      advertisedHostname: "10.244.0.15",
      advertisedPort: 9191,
      hostGroup: "default",
      environment: "wasmcloud-system",
      ready: "True",
      deleting: false,
    },
    problems: [],
  });
});

test("a Workload comes to its record", () => {
  assert.deepEqual(workloadOf(workloadObject(), "").record, {
    kind: "Workload",
    namespace: "shop",
    name: "hello-x7k2p-9f4d",
    age: { at: Date.UTC(2026, 7, 20, 14), order: "" },
    uid: "u-1",
    marks: { labels: {}, annotations: {} },
    registration: {
      names: [{ hostname: "hello.test", spelling: "hello.test" }],
      operatorAlias: undefined,
      hostGroup: "default",
      environment: "",
    },
    replicaSet: "hello-x7k2p",
    hostId: "h1",
    workloadId: "u-1",
    environment: "wasmcloud-system",
    placed: true,
    ready: true,
    deleting: false,
    stopped: false,
    gone: false,
    goneDeployment: undefined,
    held: false,
  });
});

test("only lastSeen changes: the record is equal", () => {
  const later = hostObject();
  assert.ok(typeof later["status"] === "object");
  const changed = { ...later, status: { ...later["status"], lastSeen: "2026-08-20T14:00:30Z", systemCPUUsage: "0.7" } };
  assert.deepEqual(hostOf(changed, ""), hostOf(hostObject(), ""));
});

const conditions = (...list: unknown[]) => ({ status: { hostId: "h1", workloadId: "u-1", conditions: list } });
const readiness: readonly (readonly [
  why: string,
  status: Record<string, unknown>,
  placed: boolean,
  ready: boolean,
  problems: number,
])[] = [
  [
    "Placement True, Ready False (failed start)",
    conditions({ type: "Placement", status: "True" }, { type: "Ready", status: "False" }),
    true,
    false,
    0,
  ],
  [
    "Sync False but Ready still True",
    conditions(
      { type: "Placement", status: "True" },
      { type: "Sync", status: "False" },
      { type: "Ready", status: "True" },
    ),
    true,
    true,
    0,
  ],
  ["conditions list empty", conditions(), false, false, 0],
  ["missing status", { status: undefined }, false, false, 0],
  [
    "unknown extra conditions",
    conditions(
      { type: "Fancy", status: "True" },
      { type: "Ready", status: "True" },
      { type: "Placement", status: "True" },
    ),
    true,
    true,
    0,
  ],
  [
    "Ready True with differing observedGeneration",
    conditions(
      { type: "Placement", status: "True", observedGeneration: 1 },
      { type: "Ready", status: "True", observedGeneration: 2 },
    ),
    true,
    true,
    0,
  ],
  [
    "Ready that is no text",
    conditions({ type: "Placement", status: "True" }, { type: "Ready", status: true }),
    true,
    false,
    1,
  ],
  ["Ready without a status", conditions({ type: "Placement", status: "True" }, { type: "Ready" }), true, false, 1],
  ["conditions that are no objects", conditions("Ready", null, 7), false, false, 3],
  ["conditions that are no list", { status: { conditions: { type: "Ready", status: "True" } } }, false, false, 1],
  [
    "a condition whose type is a likely slip",
    conditions({ type: "Placement", status: "True" }, { type: "ready", status: "True" }),
    true,
    false,
    1,
  ],
];
for (const [why, change, placed, ready, problems] of readiness)
  test(`workload conditions: ${why}`, () => {
    const found = workloadOf(workloadObject({}, change), "");
    assert.deepEqual([found.record?.placed, found.record?.ready, found.problems.length], [placed, ready, problems]);
  });

test("Host conditions: Unknown stays Unknown, a missing one is Unknown", () => {
  const readyOf = (status: unknown) => hostOf(hostObject({ status }), "").record?.ready;
  assert.equal(readyOf({ conditions: [{ type: "Ready", status: "Unknown" }] }), "Unknown");
  assert.equal(readyOf({ conditions: [{ type: "Ready", status: "False" }] }), "False");
  assert.equal(readyOf(undefined), "Unknown");
});

test("the current ReplicaSet of a deployment is a reference, as the CRD has it", () => {
  const found = deploymentOf({ metadata: { name: "d" }, status: { currentReplicaSet: { name: "d-1" } } }, "");
  assert.deepEqual([found.record?.currentReplicaSet, found.problems], ["d-1", []]);
  const written = deploymentOf({ metadata: { name: "d" }, status: { currentReplicaSet: "d-1" } }, "");
  assert.deepEqual(
    written.problems.map(({ code, subject }) => `${code} ${subject.field}`),
    ["object-invalid status.currentReplicaSet"],
  );
});

test("a deletionTimestamp is what makes an object deleting", () => {
  const metadata = { name: "a", namespace: "b", deletionTimestamp: "2026-08-20T14:00:00Z" };
  assert.equal(workloadOf(workloadObject({}, { metadata }), "").record?.deleting, true);
  assert.equal(
    workloadOf(workloadObject({}, { metadata: { ...metadata, deletionTimestamp: null } }), "").record?.deleting,
    false,
  );
});

const OPERATOR = "runtime.wasmcloud.dev/workload-finalizer";
const LEFTOVER = "runtime.wasmcloud.dev/gateway-workload-finalizer";
const letGo: readonly (readonly [given: string, finalizers: unknown, stopped: boolean])[] = [
  ["the operator's and another", [LEFTOVER, OPERATOR], false],
  ["another alone: the operator has stopped it", [LEFTOVER], true],
  ["none, as in a file", undefined, false],
  ["an empty list", [], false],
  ["no list", OPERATOR, false],
];
for (const [given, finalizers, stopped] of letGo)
  test(`finalizers of a Workload that is being deleted: ${given}`, () => {
    const metadata = { name: "a", namespace: "b", finalizers };
    const deleting = { ...metadata, deletionTimestamp: "2026-08-20T14:00:00Z" };
    assert.equal(workloadOf(workloadObject({}, { metadata: deleting }), "").record?.stopped, stopped);
    assert.equal(workloadOf(workloadObject({}, { metadata }), "").record?.stopped, false);
  });

test("status.hostId counts before spec.hostId", () => {
  assert.equal(workloadOf(workloadObject({ hostId: "pinned" }), "").record?.hostId, "h1");
  assert.equal(workloadOf(workloadObject({ hostId: "pinned" }, { status: {} }), "").record?.hostId, "pinned");
});

const owner = (change: Record<string, unknown>) => ({
  apiVersion: "runtime.wasmcloud.dev/v1alpha1",
  kind: "WorkloadDeployment",
  name: "d",
  ...change,
});
const owners: readonly (readonly [why: string, references: unknown, deployment: string | undefined])[] = [
  ["the controller", [owner({ name: "x" }), owner({ controller: true })], "d"],
  ["a sole owner without controller", [owner({})], "d"],
  ["two owners without controller", [owner({}), owner({ name: "e" })], undefined],
  ["another group", [owner({ apiVersion: "apps/v1", controller: true })], undefined],
  ["another kind", [owner({ kind: "Deployment", controller: true })], undefined],
  ["no owner (orphan, standalone)", [], undefined],
  ["owners that are no list", "d", undefined],
  ["a kind that is a slip", [owner({ kind: "WorkloadDeploymnt", controller: true })], undefined],
];
for (const [why, ownerReferences, deployment] of owners)
  test(`owner: ${why}`, () => {
    assert.equal(replicaSetOf({ metadata: { name: "rs", ownerReferences } }, "").record?.deployment, deployment);
  });

const unnamed: readonly (readonly [why: string, object: unknown, field: string | undefined])[] = [
  ["a text", "Host", undefined],
  ["null", null, undefined],
  ["a list", [], undefined],
  ["no metadata", {}, "metadata.name"],
  ["a name with a slash", { metadata: { name: "a/b" } }, "metadata.name"],
  ["a name that is a number", { metadata: { name: 7 } }, "metadata.name"],
  ["a namespace with capitals", { metadata: { name: "a", namespace: "B" } }, "metadata.namespace"],
];
for (const [why, object, field] of unnamed)
  test(`an object without identity is reported and has no record: ${why}`, () => {
    const { identity, record, problems } = workloadOf(object, "");
    assert.deepEqual(
      [identity, record, problems[0]?.code, problems[0]?.subject.field],
      [undefined, undefined, "object-invalid", field],
    );
  });

test("a Host without hostId has an identity to report on, and no record", () => {
  const { identity, record, problems } = hostOf(hostObject({ hostId: null }), "");
  assert.deepEqual([identity?.name, record, problems[0]?.subject.field], ["forgetful-wound-2971", undefined, "hostId"]);
});

test("a problem names object, field, value and remedy in one line", () => {
  const { problems } = workloadOf(workloadObject({ hostInterfaces: [httpEntry({ host: "a.test,b.test" })] }), "");
  assert.deepEqual(problems.map(problemText), [
    'Workload shop/hello-x7k2p-9f4d, spec.hostInterfaces[0].config.host: "a.test,b.test" is a list, not one hostname. Keep one and move the others to host-aliases',
  ]);
});

test("kubectl's copy of the object is not kept among the annotations", () => {
  const metadata = { name: "a", annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", "a/b": "c" } };
  assert.deepEqual(workloadOf({ metadata }, "").record?.marks.annotations, { "a/b": "c" });
});

test("no input makes a projection throw, and a record without problems comes only of an object with a name", () => {
  const keys = fc.constantFrom(
    "metadata",
    "name",
    "namespace",
    "labels",
    "spec",
    "status",
    "hostInterfaces",
    "config",
    "host",
    "conditions",
    "type",
    "hostId",
    "template",
    "kubernetes",
    "service",
    "ownerReferences",
    "__proto__",
  );
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom("Ready", "a.test", "wasi", "http", "shop"),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "medium" },
      leaf,
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(keys, tie("tree"), { maxKeys: 6 }),
    ),
  }));
  const object = fc.tuple(tree, tree, tree).map(([metadata, spec, status]) => ({ metadata, spec, status }));
  const likely = fc
    .tuple(
      fc.constantFrom(hostObject, () => workloadObject()),
      keys,
      tree,
    )
    .map(([make, key, value]) => ({ ...make(), [key]: value }));
  return fc.assert(
    fc.property(fc.oneof(tree, object, likely, fc.anything()), (value) => {
      for (const [kind, project] of Object.entries(PROJECTIONS)) {
        const { identity, record, problems } = project(value, "");
        assert.equal(record === undefined ? kind : record.kind, kind);
        assert.ok(record !== undefined || problems.length > 0, "what has no record says why");
        assert.ok(identity !== undefined || record === undefined);
        for (const problem of problems) assert.match(problemText(problem), /^\w+ .+: .+\. [A-Z]/s);
      }
    }),
    { numRuns: 1_000 },
  );
});
