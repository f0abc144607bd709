import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { afterOf, pageOf, tokenOf } from "../../src/admin/page.ts";

const name = fc.string({ unit: fc.constantFrom("a", "b", "."), minLength: 1, maxLength: 4 });

test("pages one after another are all names that match, sorted, each once", () =>
  fc.assert(
    fc.property(
      fc.uniqueArray(name),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom("", "a", "b."),
      (names, size, contains) => {
        const told: string[] = [];
        for (let after: string | undefined = ""; after !== undefined; ) {
          const page = pageOf(names, { after, size, contains });
          assert.ok(page.names.length <= size);
          told.push(...page.names);
          after = page.last === undefined ? undefined : afterOf(tokenOf(page.last));
        }
        assert.deepEqual(told, names.filter((one) => one.includes(contains)).sort());
      },
    ),
  ));

test("only the last page has no next one, and none but the last is short", () => {
  const names = ["d", "b", "a", "c"];
  assert.deepEqual(pageOf(names, { after: "", size: 2, contains: "" }), { names: ["a", "b"], last: "b" });
  assert.deepEqual(pageOf(names, { after: "b", size: 2, contains: "" }), { names: ["c", "d"], last: undefined });
  assert.deepEqual(pageOf([], { after: "", size: 2, contains: "" }), { names: [], last: undefined });
});

test("a token is any text: what is no name gives another page, not an error", () => {
  assert.equal(tokenOf(undefined), "");
  assert.equal(afterOf(""), "");
  assert.deepEqual(pageOf(["a"], { after: afterOf("!?"), size: 1, contains: "" }), { names: ["a"], last: undefined });
});
