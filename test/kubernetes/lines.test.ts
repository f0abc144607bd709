import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineSplitter } from "../../src/kubernetes/lines.ts";

const bytes = fc
  .uint8Array({ maxLength: 60 })
  .map((all) => Buffer.from(all.map((byte) => (byte % 4 === 0 ? 0x0a : byte))));

test("lines are the bytes between line feeds, whatever the chunks were", () =>
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 12 }), (chunks) => {
      const splitter = new LineSplitter(1_000);
      const given = chunks.flatMap((chunk) => splitter.push(chunk)).map((line) => line.toString("latin1"));
      const parts = Buffer.concat(chunks).toString("latin1").split("\n");
      assert.deepEqual(
        given,
        parts.slice(0, -1).filter((line) => line !== ""),
      );
      assert.equal(splitter.pending, parts.at(-1) !== "");
    }),
  ));

const rows: readonly (readonly [chunks: readonly string[], why: string])[] = [
  [["12345\n"], "in one chunk"],
  [["123", "45\n"], "in the chunk that ends it"],
  [["123", "45"], "before it ends: memory is bounded"],
];
for (const [chunks, why] of rows)
  test(`a line of five bytes is over a limit of four, ${why}`, () => {
    const splitter = new LineSplitter(4);
    assert.throws(() => chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))), RangeError);
  });

test("a line of exactly the limit is none over it", () => {
  assert.equal(new LineSplitter(4).push(Buffer.from("1234\n5678\n")).length, 2);
});
