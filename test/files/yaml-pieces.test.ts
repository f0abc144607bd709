import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { stringify } from "yaml";
import { yamlDocument, yamlDocuments } from "../../src/files/yaml-documents.ts";
import { yamlPieces } from "../../src/files/yaml-pieces.ts";

/** The values in the items of all pieces, each with the line it stands on in the whole. */
function itemsIn(text: string, pieceLength: number): unknown[] {
  return [...yamlPieces(text, pieceLength)].flatMap(({ text: piece, lineOf }) => {
    const document = yamlDocument(piece);
    assert.ok("value" in document, piece);
    const { items } = document.value as { readonly items: readonly unknown[] };
    return items.map((item, i) => [item, lineOf(document.positionOf(["items", i]).line)]);
  });
}

test("the pieces of a list have its items, each where it stands", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("- a\n- b", "items:\n- a", "a\n\n  - b\n", "---", "# x", "x".repeat(99)),
  );
  const item = fc.oneof(
    text,
    fc.array(text, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "items"), text),
  );
  return fc.assert(
    fc.property(
      fc.array(item, { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      (items, indentSeq, last) => {
        const list = last ? { kind: "List", items } : { items, kind: "List", metadata: { name: "x" } };
        const whole = stringify(list, { indentSeq, aliasDuplicateObjects: false });
        assert.deepEqual(itemsIn(whole, 40), itemsIn(whole, Number.POSITIVE_INFINITY), whole);
      },
    ),
  );
});

test("a long list is cut, whether its items are indented or not, and what stands behind it has its own lines", () => {
  for (const indent of ["", "  "]) {
    const items = Array.from({ length: 9 }, (_, i) => `${indent}- a: ${i}\n${indent}  # ${"x".repeat(40)}\n`).join("");
    const pieces = [...yamlPieces(`kind: List\nitems:\n# first\n${items}# last\nkind2: x\n`, 100)];
    assert.equal(pieces.length, 9);
    for (const { text, lineOf } of pieces) assert.equal(lineOf(text.split("\n").indexOf("kind2: x") + 1), 23);
  }
});

const uncut: readonly (readonly [why: string, text: string])[] = [
  ["an alias may be about another item", "items:\n- &a {x: 1}\n- *a\n"],
  ["a list in flow style", "items: [\n{a: 1},\n{a: 2}]\n"],
  ["a list under another key", "spec:\n  items:\n  - 1\n  - 2\n"],
  ["no list", "items:\n  a: 1\n  b: 2\n"],
  ["much beside the list", `items:\n- 1\n- 2\nnote: ${"x".repeat(100)}\n`],
];
for (const [why, text] of uncut)
  test(`not cut: ${why}`, () =>
    assert.deepEqual(
      Array.from(yamlPieces(text, 20), (piece) => piece.text),
      [text],
    ));

test("a fault in a long list is told once, at its line", () => {
  const item = (i: number) => `- a: ${i} # ${"x".repeat(5_000)}\n`;
  const text = `items:\n${Array.from({ length: 20 }, (_, i) => item(i)).join("")}- b: [\n${item(1).repeat(20)}`;
  const faults = [...yamlDocuments(text)].filter((document) => "fault" in document);
  assert.equal(faults.length, 1);
  const whole = yamlDocument(text);
  assert.deepEqual([faults[0]?.line, faults[0]?.column], "fault" in whole && [whole.line, whole.column]);
});

test("a document too large to be parsed in one go is refused in words", () => {
  const [found] = [...yamlDocuments(`a: 1\n---\n${"b: 1\n".repeat(200_000)}`)].slice(1);
  assert.ok(found !== undefined && "fault" in found);
  assert.match(
    found.fault,
    /it has a document of 1000004 characters, and at most \d+ are read; write one object per document/,
  );
  assert.equal(found.line, 2);
});
