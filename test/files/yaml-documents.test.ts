import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseAllDocuments, stringify } from "yaml";
import { jsonDocument, type YamlDocument, yamlDocument, yamlDocuments } from "../../src/files/yaml-documents.ts";

const TEXT = `# first
a: 1
---
b:
  - c: 2
    "d.e": 3
...
---
# nothing but words
---
f: |
  text
 # end
`;

function documents(text: string): YamlDocument[] {
  return [...yamlDocuments(text)].map((document) => ("fault" in document ? assert.fail(document.fault) : document));
}

test("a text is cut into documents, those without a value left out", () => {
  assert.deepEqual(
    documents(TEXT).map((d) => d.value),
    [{ a: 1 }, { b: [{ c: 2, "d.e": 3 }] }, { f: "text\n" }],
  );
});

test("positions count lines of the whole text", () => {
  const [first, second, third] = documents(TEXT);
  assert.deepEqual(first?.positionOf(["a"]), { line: 2, column: 4 });
  assert.deepEqual(second?.positionOf(["b", 0, "d.e"]), { line: 6, column: 12 });
  assert.deepEqual(second?.positionOf(["b", 0, "d.e"], "key"), { line: 6, column: 5 });
  assert.deepEqual(third?.positionOf(["f"]), { line: 11, column: 4 });
});

test("the position of what is not there is that of the nearest thing around it", () => {
  const [, second] = documents(TEXT);
  assert.deepEqual(second?.positionOf(["b", 0, "x", "y"]), { line: 5, column: 5 });
  assert.deepEqual(second?.positionOf(["b", 7]), { line: 5, column: 3 });
  assert.deepEqual(second?.positionOf([]), { line: 4, column: 1 });
});

test("positions go through anchors and merge keys work", () => {
  const [document] = documents("base: &b {x: 1}\nuse: *b\nmerged:\n  <<: *b\n  y: 2\n");
  assert.deepEqual(document?.value, { base: { x: 1 }, use: { x: 1 }, merged: { x: 1, y: 2 } });
  assert.deepEqual(document?.positionOf(["use", "x"]), { line: 1, column: 14 });
});

test("a fault has line and column in the whole text, and other documents go on", () => {
  const found = [...yamlDocuments("a: 1\n---\nb: [1\n---\nc: 3\n")];
  assert.deepEqual(
    found.map((d) => ("fault" in d ? [d.line, typeof d.fault] : d.value)),
    [{ a: 1 }, [4, "string"], { c: 3 }],
  );
});

test("faults: two keys alike, an unknown alias, aliases that multiply", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
    .split("")
    .map((k, i) => `${k}: &${k} [${Array(9).fill(`*${"abcdefgh"[i]}`)}]`)
    .join("\n")}\n`;
  for (const text of ["a: 1\na: 2\n", "a: *b\n", bomb]) assert.ok("fault" in yamlDocument(text), text.slice(0, 20));
});

test("JSON is parsed with positions where they are asked for, and with them in faults", () => {
  const document = jsonDocument('{\n  "a": [1,\n\t{"b": 2}]\n}');
  assert.ok("value" in document);
  assert.deepEqual(document.value, { a: [1, { b: 2 }] });
  assert.deepEqual(document.positionOf(["a", 0]), { line: 2, column: 9 });
  const fault = jsonDocument('{\n  "a": [1\n}');
  assert.ok("fault" in fault);
  assert.deepEqual([fault.line, fault.column], [3, 1]);
  const short = jsonDocument('{\n"a": ');
  assert.deepEqual("fault" in short && [short.line, short.column], [2, 6]);
  assert.ok("fault" in jsonDocument('{"a": 1,}'), "a comma too many is no JSON, though YAML takes it");
});

test("positions in JSON are those that the YAML parser finds", () => {
  const key = fc.oneof(fc.constantFrom("a", "b", '"', "\\", "0", "é{"), fc.string());
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<unknown>("x", '"],{', "", 1.5, null, true),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 3 }),
    ),
  }));
  const paths = (value: unknown, path: (string | number)[]): (string | number)[][] => {
    const entries: [string | number, unknown][] = Array.isArray(value)
      ? [...value.entries()]
      : typeof value === "object" && value !== null
        ? Object.entries(value)
        : [];
    return [path, ...entries.flatMap(([step, inner]) => paths(inner, [...path, step]))];
  };
  return fc.assert(
    fc.property(tree, fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      const [json, yaml] = [jsonDocument(text), yamlDocument(text)];
      assert.ok("value" in json && "value" in yaml);
      for (const path of paths(value, []))
        for (const what of ["key", "value"] as const)
          assert.deepEqual(json.positionOf(path, what), yaml.positionOf(path, what), `${path} in ${text}`);
    }),
  );
});

test("cutting at markers gives the documents that the parser finds in the whole", () => {
  const value = fc.oneof(fc.string(), fc.constantFrom("---", "...", "a\n---\nb", "--- x", "%YAML"), fc.integer());
  return fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.constantFrom("a", "b"), value, { minKeys: 1 }), { maxLength: 4 }),
      (values) => {
        const text = values.map((v) => `---\n${stringify(v)}`).join("");
        assert.deepEqual(
          documents(text).map((d) => d.value),
          [...parseAllDocuments(text)].map((d) => d.toJS() as unknown),
        );
      },
    ),
  );
});

test("no text makes it throw", () => {
  return fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab:-. \n[]{}&*!|>%#'\"\t,?0"), maxLength: 40 }), (text) => {
      for (const document of [...yamlDocuments(text), jsonDocument(text)]) {
        const { line, column } = "fault" in document ? document : document.positionOf(["a", 0]);
        assert.ok(line >= 1 && column >= 1);
      }
    }),
    { numRuns: 2_000 },
  );
});
