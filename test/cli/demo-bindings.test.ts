import assert from "node:assert/strict";
import { test } from "node:test";
import { bindingsOf, union, withChanges } from "../../src/cli/demo-bindings.ts";
import { type FileObject, fileObjects } from "../../src/sources/file-objects.ts";
import type { ObjectChange } from "../../src/sources/source.ts";

const workload = (name: string, host: string, more = ""): string => `
apiVersion: runtime.wasmcloud.dev/v1alpha1
kind: Workload
metadata: {name: ${name}, namespace: shop${more}}
spec:
  hostId: ${host}
  hostInterfaces: [{namespace: wasi, package: http, interfaces: [handler], config: {host: A.test, host-aliases: b.test}}]
`;

const puts = (text: string): readonly ObjectChange[] =>
  [...fileObjects("x.yaml", text)].flatMap((found) => {
    const { record } = found as FileObject;
    return record === undefined ? [] : [{ put: record }];
  });

const objectsOf = (text: string) => withChanges(new Map(), puts(text));

test("a host answers for what is placed on it, by the spelling that was registered", () => {
  const objects = objectsOf([workload("one", "h1"), workload("two", "h1"), workload("three", "h2")].join("---"));
  const bindings = bindingsOf(objects.values(), "h1");
  assert.deepEqual([...bindings.keys()], ["A.test", "b.test"]);
  assert.deepEqual(
    bindings.get("A.test")?.map(({ workload }) => workload),
    ["shop/one", "shop/two"],
  );
});

test("a workload that is being deleted has been stopped already", () => {
  const objects = objectsOf(workload("one", "h1", ', deletionTimestamp: "2026-01-01T00:00:00Z"'));
  assert.equal(bindingsOf(objects.values(), "h1").size, 0);
});

test("a removed object is bound no more", () => {
  const objects = withChanges(objectsOf(workload("one", "h1")), [
    { remove: { kind: "Workload", namespace: "shop", name: "one" } },
  ]);
  assert.equal(bindingsOf(objects.values(), "h1").size, 0);
});

test("the union keeps what was bound a moment ago, each replica once", () => {
  const one = { workloadId: "1", workload: "shop/one" };
  const two = { workloadId: "2", workload: "shop/two" };
  const both = union(
    new Map([["a.test", [two]]]),
    new Map([
      ["a.test", [one, two]],
      ["b.test", [one]],
    ]),
  );
  assert.deepEqual(
    [...both],
    [
      ["a.test", [two, one]],
      ["b.test", [one]],
    ],
  );
});
