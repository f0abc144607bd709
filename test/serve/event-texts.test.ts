/** What owners are told in Events. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTE_BYTES } from "../../src/kubernetes/event.ts";
import type { Problem, ProblemCode } from "../../src/placement/problem.ts";
import { type Objects, problemEvents, rejectionEvents, TELLINGS } from "../../src/serve/event-texts.ts";
import type { Rejection } from "../../src/xds/observer.ts";

const identity = (uid: string, owned = false) => ({ apiVersion: "runtime.wasmcloud.dev/v1alpha1", uid, owned });

/** Two deployments of namespace shop serve a.test; everything exists, and Workloads have owners. */
const objects: Objects = {
  identityOf: ({ kind, name }) => (name === "gone" ? undefined : identity(`uid-${name}`, kind === "Workload")),
  rootsOf: (hostname) =>
    hostname === "a.test"
      ? ["cart", "till"].map((name) => ({ kind: "WorkloadDeployment" as const, namespace: "shop", name }))
      : [],
};

const problem = (code: ProblemCode, kind = "WorkloadDeployment", more: Partial<Problem> = {}): Problem => ({
  ...{ code, subject: { kind, namespace: "shop", name: "cart", field: "spec.x" } },
  ...{ cause: "it is wrong", remedy: "Put it right", ...more },
});

test("a problem becomes an Event on its object: reason, field, cause and remedy", () => {
  assert.deepEqual(problemEvents(problem("hostname-taken"), objects), [
    {
      regarding: {
        ...{ apiVersion: "runtime.wasmcloud.dev/v1alpha1", kind: "WorkloadDeployment" },
        ...{ namespace: "shop", name: "cart", uid: "uid-cart" },
      },
      ...{ type: "Warning", reason: "HostnameTaken", note: "spec.x: it is wrong. Put it right." },
    },
  ]);
});

test("what stands in a spec is told to the root owner alone; what befalls a replica, to it", () => {
  assert.equal(problemEvents(problem("hostname-invalid"), objects).length, 1);
  assert.equal(problemEvents(problem("hostname-invalid", "Workload"), objects).length, 0);
  assert.equal(problemEvents(problem("hostname-taken", "Workload"), objects).length, 1);
});

test("a problem of a hostname is told to each root owner of its owner", () => {
  const subject = { kind: "Hostname", namespace: "shop", name: "a.test" };
  const events = problemEvents(problem("resource-invalid", "", { subject }), objects);
  assert.deepEqual(
    events.map(({ regarding }) => regarding.name),
    ["cart", "till"],
  );
  const nobody = { ...subject, name: "b.test" };
  assert.deepEqual(problemEvents(problem("resource-invalid", "", { subject: nobody }), objects), []);
});

test("no Event about what is no object of the cluster, what is gone, and what passes by itself", () => {
  const subject = { kind: "Host", namespace: "", name: "gone" };
  assert.deepEqual(problemEvents(problem("address-refused", "", { subject }), objects), []);
  assert.deepEqual(problemEvents(problem("object-invalid", "File"), objects), []);
  for (const [code, telling] of Object.entries(TELLINGS))
    assert.equal(problemEvents(problem(code as ProblemCode), objects).length, telling === undefined ? 0 : 1, code);
});

const HOSTNAME: Rejection["subject"] = { kind: "Hostname", namespace: "shop", name: "a.test" };

const rejection = (detail: string, subject: Rejection["subject"]): Rejection => ({
  ...{ type: "type.googleapis.com/envoy.config.cluster.v3.Cluster", name: "a.test", of: undefined, version: "1" },
  ...{ subject, detail },
});
const node = { id: "envoy-1", cluster: "", metadata: new Map(), userAgentName: "envoy", userAgentVersion: "1.40.0" };

test("a rejection is told in Envoy's own words, without naming the one proxy of many", () => {
  const events = rejectionEvents({ fleet: "public", node }, rejection("no such thing", HOSTNAME), objects);
  const note =
    "Envoy 1.40.0 of fleet public rejected the Cluster of a.test and keeps the last it accepted, in its own words: no such thing. Undo your last change of this object if it came of that, and tell whoever runs Signalbox.";
  assert.deepEqual(
    events.map((event) => [event.regarding.name, event.reason, event.note]),
    ["cart", "till"].map((name) => [name, "ResourceRejected", note]),
  );
});

test("a rejection of what is made from the configuration alone is no owner's concern", () => {
  assert.deepEqual(
    rejectionEvents(
      { fleet: "public", node },
      rejection("no", { kind: "Fleet", namespace: "", name: "public" }),
      objects,
    ),
    [],
  );
  assert.deepEqual(rejectionEvents({ fleet: "public", node }, rejection("no", undefined), objects), []);
});

for (const [letter, what] of [
  ["x", "one byte"],
  ["é", "two bytes"],
  ["漢", "three bytes"],
  ["😀", "four bytes"],
] as const)
  test(`a note fits the API's bytes, cut between letters of ${what}, with its remedy whole`, () => {
    for (const shift of ["", "a", "ab", "abc"]) {
      const [event] = problemEvents(
        problem("hostname-taken", "Workload", { cause: shift + letter.repeat(2_000) }),
        objects,
      );
      const bytes = Buffer.byteLength(event?.note ?? "");
      assert.ok(bytes <= NOTE_BYTES && bytes > NOTE_BYTES - 4, String(bytes));
      assert.ok(
        event?.note.endsWith(`${letter}…. Put it right.`) && !event.note.includes("\uFFFD"),
        event?.note.slice(-40),
      );
    }
  });
