/** The small tables that placement is kept in, against the plainest way to do the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { ByName, MembersByName } from "../../../src/placement/index/by-name.ts";
import { MultiMap } from "../../../src/placement/index/multi-map.ts";
import { same } from "../../../src/placement/same.ts";

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("", "a", 0, 1, true, false, undefined),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("x", "y"), tie("value"), { maxKeys: 2, noNullPrototype: true }),
  ),
})).value;

test("same agrees with node:util on plain data", () => {
  fc.assert(
    fc.property(plain, plain, (a, b) => assert.equal(same(a, b), isDeepStrictEqual(a, b))),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(plain, (a) => assert.ok(same(a, structuredClone(a)))));
});

const step = fc.record({ key: fc.constantFrom("k", "l"), value: fc.constantFrom(0, 1, 2), add: fc.boolean() });
const values = [{ v: 0 }, { v: 1 }, { v: 2 }] as const;
const valueAt = (index: number): object => values[index] ?? values[0];

test("a MultiMap holds what sets under keys would hold", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const map = new MultiMap<string, object>();
      const plainly = new Map<string, Set<object>>([
        ["k", new Set()],
        ["l", new Set()],
      ]);
      for (const { key, value, add } of steps) {
        if (add) map.add(key, valueAt(value));
        else map.delete(key, valueAt(value));
        if (add) plainly.get(key)?.add(valueAt(value));
        else plainly.get(key)?.delete(valueAt(value));
      }
      for (const [key, wanted] of plainly) {
        assert.deepEqual(new Set(map.get(key)), wanted);
        assert.equal([...map.get(key)].length, wanted.size);
      }
      assert.deepEqual(
        [...map.keys()].sort(),
        [...plainly].filter(([, set]) => set.size > 0).map(([key]) => key),
      );
    }),
  );
});

test("members move from one object to another, and only within their namespace", () => {
  const members = new MembersByName<object>();
  const [a, b] = values;
  members.move("shop", a, [undefined, "web"]);
  members.move("shop", b, [undefined, "web"]);
  members.move("shop", a, ["web", "cart"]);
  assert.deepEqual([...members.of("shop", "web")], [b]);
  assert.deepEqual([...members.of("shop", "cart")], [a]);
  assert.deepEqual([...members.of("rival", "cart")], []);
  members.move("shop", a, ["cart", undefined]);
  assert.deepEqual([...members.of("shop", "cart")], []);
});

test("values by name are found by both parts of the name", () => {
  const table = new ByName<number>();
  table.set({ namespace: "a", name: "b/c" }, 1);
  table.set({ namespace: "", name: "b" }, 2);
  assert.deepEqual([table.get("a", "b/c"), table.get("a/b", "c"), table.get("", "b")], [1, undefined, 2]);
  table.delete({ namespace: "a", name: "b/c" });
  table.delete({ namespace: "a", name: "never" });
  assert.deepEqual([...table.values()], [2]);
});
