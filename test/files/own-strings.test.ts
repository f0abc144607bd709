import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { withOwnStrings } from "../../src/files/own-strings.ts";
import { yamlDocument } from "../../src/files/yaml-documents.ts";

test("values are what they were, shared ones are still shared, and circles end", () => {
  const shared = { text: "a text of more than a dozen characters, \ud800 and ü" };
  const value: Record<string, unknown> = {
    shared,
    list: [shared, "short", 1, null, true, Number.NaN],
    date: undefined,
  };
  value["self"] = value;
  const copy = structuredClone(value);
  assert.equal(withOwnStrings(value), value);
  assert.deepEqual(value, copy);
  assert.equal(value["shared"], shared);
  assert.equal(withOwnStrings("a text of its own, of some length"), "a text of its own, of some length");
});

test("what is kept of a document does not keep its text", () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const heap = (): number => {
    for (let i = 0; i < 3; i++) gc();
    return process.memoryUsage().heapUsed;
  };
  const kept: unknown[] = [];
  const before = heap();
  for (let i = 0; i < 50; i++) {
    const document = yamlDocument(`name: a-name-of-some-length-${i}\n# ${"x".repeat(100_000)}${i}\n`);
    if ("fault" in document) throw new Error(document.fault);
    kept.push((document.value as { readonly name: string }).name);
  }
  const each = (heap() - before) / kept.length;
  assert.ok(each < 50_000, `${Math.round(each)} bytes are kept of each document of 100 KB`);
});
