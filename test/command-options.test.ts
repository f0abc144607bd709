/** Options of the bench and the laboratory say what to write instead. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { oneOf, wholeNumber } from "./command-options.ts";

test("a value that is known, and one that is not", () => {
  assert.equal(oneOf("tempo", "fast", ["fast", "realistic"]), "fast");
  assert.throws(
    () => oneOf("tempo", "slow", ["fast", "realistic"]),
    /^Error: --tempo slow: write one of fast, realistic$/,
  );
});

test("a whole number, from its least on", () => {
  assert.equal(wholeNumber("apps", "20"), 20);
  assert.equal(wholeNumber("moves", "0", 0), 0);
  for (const text of ["", "0", "-1", "1.5", "many"])
    assert.throws(
      () => wholeNumber("apps", text),
      new RegExp(`^Error: --apps ${text}: write a whole number from 1 on$`),
    );
});
