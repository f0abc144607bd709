import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BitSet } from "../../src/xds/content/bit-set.ts";

const member = fc.oneof(fc.nat(70), fc.constantFrom(31, 32, 63, 64, 5_000));
const step = fc.record({ kind: fc.constantFrom("add", "delete", "clear" as const), member });

test("a bit set is a set of numbers that comes out in ascending order", () =>
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bits = new BitSet();
      const naive = new Set<number>();
      for (const { kind, member: one } of steps) {
        if (kind === "clear") {
          bits.clear();
          naive.clear();
        } else if (kind === "add") {
          assert.equal(bits.add(one), !naive.has(one));
          naive.add(one);
        } else assert.equal(bits.delete(one), naive.delete(one));
        assert.equal(bits.size, naive.size);
        assert.equal(bits.has(one), naive.has(one));
      }
      assert.deepEqual(
        [...bits],
        [...naive].sort((a, b) => a - b),
      );
    }),
  ));

test("the members that two sets have in common are counted", () =>
  fc.assert(
    fc.property(fc.array(member), fc.array(member), (some, others) => {
      const [a, b] = [new BitSet(), new BitSet()];
      for (const one of some) a.add(one);
      for (const one of others) b.add(one);
      assert.equal(a.sizeWithin(b), new Set(some).intersection(new Set(others)).size);
    }),
  ));

test("a set without the members of another is a set of its own", () =>
  fc.assert(
    fc.property(fc.array(member), fc.array(member), (some, others) => {
      const [a, b] = [new BitSet(), new BitSet()];
      for (const one of some) a.add(one);
      for (const one of others) b.add(one);
      const rest = a.without(b);
      const naive = [...new Set(some).difference(new Set(others))].sort((x, y) => x - y);
      assert.deepEqual([[...rest], rest.size], [naive, naive.length]);
      for (const one of others) rest.add(one);
      assert.deepEqual(new Set(a), new Set(some));
    }),
  ));

test("deleting the member just given is safe", () => {
  const bits = new BitSet();
  for (const one of [1, 2, 40]) bits.add(one);
  const seen: number[] = [];
  for (const one of bits) {
    bits.delete(one);
    seen.push(one);
  }
  assert.deepEqual([seen, bits.size], [[1, 2, 40], 0]);
});
