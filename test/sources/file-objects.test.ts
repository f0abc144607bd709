import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { problemText } from "../../src/placement/problem.ts";
import { type FileObject, fileObjects } from "../../src/sources/file-objects.ts";
import { hostObject, workloadObject } from "./objects.ts";

const HEAD = "apiVersion: runtime.wasmcloud.dev/v1alpha1\n";

function read(text: string, file = "a.yaml") {
  const found = [...fileObjects(file, text)];
  const objects = found.filter((f): f is FileObject => "record" in f);
  const others = found.flatMap((f) => ("fault" in f ? [f.fault] : "remark" in f ? [f.remark] : []));
  return { objects, problems: [...others, ...objects.flatMap((o) => o.problems)].map(problemText) };
}

test("a hand-written Workload that names its host is placed there and ready, under its name", () => {
  const { objects, problems } = read(`${HEAD}kind: Workload
metadata: {name: cart}
spec:
  hostId: h1
  hostInterfaces: [{namespace: wasi, package: http, interfaces: [handler], config: {host: a.test}}]
`);
  assert.deepEqual(problems, []);
  const record = objects[0]?.record;
  assert.ok(record?.kind === "Workload");
  const { namespace, hostId, workloadId, uid, placed, ready, age } = record;
  assert.deepEqual(
    { namespace, hostId, workloadId, uid, placed, ready, age },
    {
      namespace: "default",
      hostId: "h1",
      workloadId: "cart",
      uid: "cart",
      placed: true,
      ready: true,
      age: { at: 0, order: "a.yaml\u0000000000" },
    },
  );
});

const assumed: readonly (readonly [why: string, status: string, outcome: string])[] = [
  ["a status that says Ready False is believed", "{conditions: [{type: Ready, status: 'False'}]}", "h1 u placed"],
  [
    "a status that says Placement False is believed",
    "{conditions: [{type: Placement, status: 'False'}]}",
    "h1 u ready",
  ],
  ["a status with another host counts", "{hostId: h2, workloadId: w}", "h2 w placed ready"],
  ["a status that is no object is reported, and nothing assumed", "yes", "h1"],
];
for (const [why, status, outcome] of assumed)
  test(`file defaults: ${why}`, () => {
    const { objects } = read(
      `${HEAD}kind: Workload\nmetadata: {name: cart, uid: u}\nspec: {hostId: h1}\nstatus: ${status}\n`,
    );
    const record = objects[0]?.record;
    assert.ok(record?.kind === "Workload");
    const words = [record.hostId, record.workloadId, record.placed && "placed", record.ready && "ready"];
    assert.equal(words.filter((word) => word !== false && word !== "").join(" "), outcome);
  });

test("a Host and a ReplicaSet without status count as Ready", () => {
  const { objects } = read(
    `${HEAD}kind: Host\nmetadata: {name: a}\nhostId: h1\n---\n${HEAD}kind: WorkloadReplicaSet\nmetadata: {name: b}\n`,
  );
  assert.deepEqual(
    objects.map(
      (o) => o.record?.kind !== "WorkloadDeployment" && o.record !== undefined && "ready" in o.record && o.record.ready,
    ),
    ["True", true],
  );
});

test("a hand-written Workload that names no host is told so; one taken from a cluster is waiting", () => {
  const text = (status: string) => `${HEAD}kind: Workload\nmetadata: {name: cart}\nspec: {}\n${status}`;
  assert.deepEqual(read(text("")).problems, [
    "a.yaml:1:1: Workload default/cart, spec.hostId: no host is named, so nothing can answer. Set it to the hostId of a Host",
  ]);
  assert.deepEqual(read(text("status: {conditions: []}\n")).problems, []);
});

test("a Host without metadata.namespace is in default, one with hostname and port keeps both", () => {
  const { objects } = read(`${HEAD}kind: Host\nmetadata: {name: a}\nhostId: h1\nhostname: 10.0.0.1\nhttpPort: 80\n`);
  const record = objects[0]?.record;
  assert.ok(record?.kind === "Host");
  assert.deepEqual([record.namespace, record.advertisedHostname, record.advertisedPort], ["default", "10.0.0.1", 80]);
});

test("problems have line and column of the field", () => {
  const { problems } = read(`# a comment\n---\n${HEAD}kind: Host\nmetadata: {name: a}\nhostId: h1\nhttpPort: "80"\n`);
  assert.deepEqual(problems, [
    'a.yaml:7:11: Host default/a, httpPort: "80" is not a whole number. Write a whole number, or leave it out',
  ]);
});

test("lists are opened, and positions and problems are those of their items", () => {
  const items = `items:\n- ${HEAD.trim()}\n  kind: Host\n  metadata: {name: a}\n  hostId: h1\n- metadata: {name: b}\n  kind: Workload\n  spec: {hostId: 7}\n  ${HEAD}`;
  const { objects, problems } = read(`apiVersion: v1\nkind: List\n${items}`);
  assert.deepEqual(
    objects.map((o) => [o.key, o.place, o.order]),
    [
      ["Host/default/a", "a.yaml:4:3", "a.yaml\u0000000000"],
      ["Workload/default/b", "a.yaml:8:3", "a.yaml\u0000000001"],
    ],
  );
  assert.deepEqual(problems, ['a.yaml:10:18: Workload default/b, spec.hostId: 7 is not a text. Put it in quotes: "7"']);
});

test("items of a typed list need no kind", () => {
  const { objects, problems } = read(
    JSON.stringify({
      apiVersion: "runtime.wasmcloud.dev/v1alpha1",
      kind: "HostList",
      items: [{ metadata: { name: "a" }, hostId: "h" }],
    }),
    "a.json",
  );
  assert.deepEqual([objects.map((o) => o.key), problems], [["Host/default/a"], []]);
});

const remarks: readonly (readonly [why: string, text: string, problem: RegExp | undefined])[] = [
  [
    "a kind of nobody's",
    `${HEAD}kind: Hots\nmetadata: {name: a}\n`,
    /^a\.yaml:1:1: File a\.yaml: there is no kind "Hots" in .*Use one of Host, Workload/,
  ],
  [
    "another version",
    "apiVersion: runtime.wasmcloud.dev/v1\nkind: Host\n",
    /"runtime\.wasmcloud\.dev\/v1" is not read\. Set apiVersion: runtime\.wasmcloud\.dev\/v1alpha1/,
  ],
  ["no version", "kind: Host\nmetadata: {name: a}\n", /Set apiVersion/],
  ["another group", "apiVersion: v1\nkind: ConfigMap\n", /ConfigMap of apiVersion "v1" is not read\. Keep/],
  ["no kind", `${HEAD}metadata: {name: a}\n`, /an object has no kind/],
  ["no object", "- 1\n", /a list of 1 is no object/],
  ["an Artifact says nothing about routes", `${HEAD}kind: Artifact\nmetadata: {name: a}\n`, undefined],
  ["nothing at all", "# later\n", undefined],
];
for (const [why, text, problem] of remarks)
  test(`what is no object to be read: ${why}`, () => {
    const { objects, problems } = read(text);
    assert.deepEqual([objects.length, problems.length], [0, problem === undefined ? 0 : 1]);
    assert.match(problems[0] ?? "", problem ?? /^$/);
  });

test("a kind that is not read is remarked once per file", () => {
  assert.equal(
    read("apiVersion: v1\nkind: Secret\n---\napiVersion: v1\nkind: Secret\n---\napiVersion: v1\nkind: Pod\n").problems
      .length,
    2,
  );
});

test("every object without a usable name is reported, by its place", () => {
  const { objects, problems } = read(`${HEAD}kind: Host\nmetadata: {name: A}\n---\n${HEAD}kind: Host\n`);
  assert.equal(objects.length, 0);
  assert.match(problems[0] ?? "", /^a\.yaml:3:18: Host \(a\.yaml:1:1\), metadata\.name: "A" is no name/);
  assert.match(problems[1] ?? "", /^a\.yaml:5:1: Host \(a\.yaml:5:1\), metadata\.name: "" is no name/);
});

test("a document that cannot be parsed is a fault, and the others are read", () => {
  const { objects, problems } = read(
    `${HEAD}kind: Host\nmetadata: {name: a}\nhostId: h\n---\nkind: [\n---\n${HEAD}kind: Host\nmetadata: {name: b}\nhostId: i\n`,
  );
  assert.deepEqual(
    objects.map((o) => o.name),
    ["a", "b"],
  );
  assert.match(
    problems.join(),
    /^a\.yaml:7:1: File a\.yaml: it cannot be parsed: .*\. Correct the file; until then its last good version counts$/,
  );
});

test("what a cluster exports is read as it is", () => {
  const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: [hostObject(), workloadObject()] });
  for (const file of ["a.json", "a.yaml"]) {
    const { objects, problems } = read(text, file);
    assert.deepEqual(
      [objects.map((o) => o.key), problems],
      [["Host/wasmcloud-system/forgetful-wound-2971", "Workload/shop/hello-x7k2p-9f4d"], []],
    );
  }
});

test("no text makes it throw", () => {
  const line = fc.constantFrom(
    HEAD,
    "kind: Host\n",
    "kind: List\n",
    "items:\n",
    "- ",
    "  ",
    "metadata: {name: a}\n",
    "hostId: h\n",
    "status: 7\n",
    "---\n",
    "[",
    "spec:\n",
    "a: &a\n",
    "*a",
    ": ",
  );
  return fc.assert(
    fc.property(fc.array(line, { maxLength: 15 }), fc.constantFrom("a.yaml", "a.json"), (lines, file) => {
      const { objects, problems } = read(lines.join(""), file);
      for (const object of objects) assert.ok(object.record !== undefined || object.problems.length > 0);
      for (const problem of problems) assert.match(problem, /^a\.(yaml|json):\d+:\d+: /);
    }),
    { numRuns: 1_000 },
  );
});
