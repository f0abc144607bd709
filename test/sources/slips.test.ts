/** What people are likely to get wrong is told, and what others put beside our fields is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Problem, problemText } from "../../src/placement/problem.ts";
import { fileObjects } from "../../src/sources/file-objects.ts";
import { PROJECTIONS } from "../../src/sources/projection.ts";
import { type Change, hostObject, httpEntry, workloadObject } from "./objects.ts";

const said = (problems: readonly Problem[]): string[] =>
  problems.map(({ code, subject, remedy }) => `${code} ${subject.field}: ${remedy}`);

const entry = (change: Change): Record<string, unknown> =>
  workloadObject({ hostInterfaces: [httpEntry({ host: "a.test" }, change)] });
const config = (change: Change): Record<string, unknown> =>
  workloadObject({ hostInterfaces: [httpEntry({ host: "a.test", ...change })] });
const ENTRY = "spec.hostInterfaces[0]";

const slips: readonly (readonly [object: Record<string, unknown>, said: readonly string[]])[] = [
  [
    workloadObject({ hostInterfaces: undefined, hostInterface: [] }),
    ["field-unknown spec.hostInterface: Did you mean hostInterfaces?"],
  ],
  [workloadObject({ hostinterfaces: [] }), ["field-unknown spec.hostinterfaces: Did you mean hostInterfaces?"]],
  [workloadObject({ hostID: "h1" }), ["field-unknown spec.hostID: Did you mean hostId?"]],
  [
    workloadObject({ hostSelector: { hostGroup: "edge" } }),
    ["field-unknown spec.hostSelector.hostGroup: Did you mean hostgroup?"],
  ],
  [
    workloadObject({ kubernetes: { services: { name: "cart" } } }),
    ["field-unknown spec.kubernetes.services: Did you mean service?"],
  ],
  [workloadObject({}, { Spec: {} }), ["field-unknown Spec: Did you mean spec?"]],
  [entry({ package: "htttp" }), [`field-unknown ${ENTRY}.package: Did you mean http?`]],
  [entry({ package: "HTTP" }), [`field-unknown ${ENTRY}.package: Did you mean http?`]],
  [entry({ namespace: "wsai" }), [`field-unknown ${ENTRY}.namespace: Did you mean wasi?`]],
  [
    entry({ interfaces: ["incoming_handler", "handlr"] }),
    [
      `field-unknown ${ENTRY}.interfaces[0]: Did you mean incoming-handler?`,
      `field-unknown ${ENTRY}.interfaces[1]: Did you mean handler?`,
    ],
  ],
  [entry({ interfaces: "incoming-handler" }), [`object-invalid ${ENTRY}.interfaces: Write a list, or leave it out`]],
  [entry({ interfaces: ["incoming-handler", 7] }), [`object-invalid ${ENTRY}.interfaces[1]: Put it in quotes: "7"`]],
  [
    entry({ interfaces: undefined, interface: ["incoming-handler"] }),
    [
      `field-unknown ${ENTRY}.interface: Did you mean interfaces?`,
      `object-invalid ${ENTRY}.interfaces: Name at least one; [incoming-handler] serves requests`,
    ],
  ],
  [
    entry({ package: undefined }),
    [`object-invalid ${ENTRY}.package: Set it; to serve requests, write namespace: wasi and package: http`],
  ],
  [entry({ package: 80 }), [`object-invalid ${ENTRY}.package: Put it in quotes: "80"`]],
  [config({ host_aliases: "b.test" }), [`field-unknown ${ENTRY}.config.host_aliases: Did you mean host-aliases?`]],
  [config({ Host: "b.test" }), [`field-unknown ${ENTRY}.config.Host: Did you mean host?`]],
  [
    workloadObject({}, { metadata: { name: "a", label: { a: "b" } } }),
    ["field-unknown metadata.label: Did you mean labels?"],
  ],
  [
    workloadObject({}, { metadata: { name: "a", deletionTimestamp: true } }),
    ['object-invalid metadata.deletionTimestamp: Put it in quotes: "true"'],
  ],
  [
    workloadObject({}, { metadata: { name: "a", ownerReferences: [{ kind: "WorkloadReplicaset", name: "b" }] } }),
    ["field-unknown metadata.ownerReferences[0].kind: Did you mean WorkloadReplicaSet?"],
  ],
];
for (const [object, expected] of slips)
  test(`slip: ${expected[0]}`, () => assert.deepEqual(said(PROJECTIONS.Workload(object, "").problems), expected));

test("an object without apiVersion: it has none, and which it needs", () => {
  const remarks = ["kind: Host", "kind: ConfigMap"].flatMap((text) =>
    [...fileObjects("a.yaml", `${text}\nmetadata: {name: a}\n`)].map((one) =>
      "remark" in one ? problemText(one.remark) : "",
    ),
  );
  assert.deepEqual(remarks, [
    "a.yaml:1:1: File a.yaml: Host: it has no apiVersion. Set apiVersion: runtime.wasmcloud.dev/v1alpha1",
    "a.yaml:1:1: File a.yaml: ConfigMap: it has no apiVersion. Keep other objects in another folder, or leave it: it is ignored",
  ]);
});

test("slips of a Host", () => {
  const host = hostObject({ hostName: "10.0.0.1", metadata: { name: "a", labels: { hostGroup: "edge" } } });
  assert.deepEqual(said(PROJECTIONS.Host(host, "").problems), [
    "field-unknown hostName: Did you mean hostname?",
    "field-unknown metadata.labels.hostGroup: Did you mean hostgroup?",
  ]);
});

test("slips in a template", () => {
  const object = {
    metadata: { name: "d" },
    spec: { templates: {}, template: { specs: {}, spec: { hostInterface: [] } } },
  };
  for (const kind of ["WorkloadDeployment", "WorkloadReplicaSet"] as const)
    assert.deepEqual(said(PROJECTIONS[kind](object, "").problems), [
      "field-unknown spec.templates: Did you mean template?",
      "field-unknown spec.template.specs: Did you mean spec?",
      "field-unknown spec.template.spec.hostInterface: Did you mean hostInterfaces?",
    ]);
});

const conditions = (...types: string[]): unknown[] =>
  types.map((type) => ({ type, status: "True", reason: "Available" }));
const metadata = {
  ...{ name: "a", namespace: "shop", uid: "u", generateName: "a-", generation: 1, resourceVersion: "1", selfLink: "" },
  ...{ managedFields: [], finalizers: [], deletionGracePeriodSeconds: 0, creationTimestamp: "2026-08-20T14:00:00Z" },
};
const KIND = { apiVersion: "runtime.wasmcloud.dev/v1alpha1" };
const spec = {
  ...{ environment: "", hostId: "", hostSelector: { hostgroup: "default", zone: "a" }, volumes: [], components: [] },
  ...{ service: { image: "i" }, kubernetes: { service: { name: "cart" } } },
  hostInterfaces: [
    httpEntry(
      { host: "a.test", address: "x", localRoute: "b.test", port: "80", path: "/", timeout: "1" },
      { version: "0.2.0" },
    ),
    httpEntry(undefined, { interfaces: ["outgoing-handler", "types"], name: "out", secretFrom: [], configFrom: [] }),
    { namespace: "wasi", package: "keyvalue", interfaces: ["store"], config: { hosts: "redis" } },
    { namespace: "acme", package: "https", interfaces: ["fetch"] },
    { namespace: "acme", package: "http", interfaces: ["fetch"] },
    { namespace: "wasmcloud", package: "messaging", interfaces: ["handler"] },
  ],
};
const template = { labels: {}, annotations: {}, spec };

/** Every field that wasmCloud 2.7.0's CRDs have, and some of others. */
const complete = {
  Host: {
    ...KIND,
    ...{ metadata: { ...metadata, labels: { hostgroup: "default", "kubernetes.io/hostname": "n", host: "x" } } },
    ...{ hostId: "h", hostname: "10.0.0.1", httpPort: 80, environment: "e" },
    status: {
      ...{ componentCount: 0, workloadCount: 0, lastSeen: "", osArch: "", osKernel: "", osName: "", version: "" },
      ...{ systemCPUUsage: "", systemMemoryFree: 1, systemMemoryTotal: 1 },
      conditions: conditions("Reporting", "Ready"),
    },
  },
  Workload: {
    ...{ ...KIND, metadata, spec },
    status: {
      ...{ hostId: "h", workloadId: "u", environment: "e" },
      conditions: conditions("Config", "HostSelection", "Placement", "Sync", "Ready"),
    },
  },
  WorkloadReplicaSet: {
    ...{ ...KIND, metadata, spec: { replicas: 1, template } },
    status: { replicas: {}, conditions: conditions("ScaleUp", "ScaleDown", "Ready") },
  },
  WorkloadDeployment: {
    ...{ ...KIND, metadata },
    spec: { artifacts: [], deployPolicy: "Recreate", kubernetes: { service: { name: "cart" } }, replicas: 1, template },
    status: {
      ...{ currentReplicaSet: { name: "a" }, previousReplicaSet: { name: "b" }, currentReplicas: 1, replicas: {} },
      ...{ selector: "", conditions: conditions("Artifact", "Deploy", "Sync", "Scale", "Ready") },
    },
  },
} as const;
for (const [kind, object] of Object.entries(complete))
  test(`no slip: everything that a ${kind} can have`, () =>
    assert.deepEqual(said(PROJECTIONS[kind as keyof typeof complete](object, "").problems), []));
