import assert from "node:assert/strict";
import { test } from "node:test";
import { hashOf, versionOf } from "../../src/codec/version.ts";

test("a version is the first 16 digits of SHA-256", () => {
  assert.equal(versionOf(Buffer.from("abc")), "ba7816bf8f01cfea");
  assert.equal(versionOf(new Uint8Array(0)), "e3b0c44298fc1c14");
});

test("a hash tells the same characters in other parts apart, and text from its order", () => {
  const hashes = [["ab", "c"], ["a", "bc"], ["abc"], ["c", "ab"], ["abc", ""], []].map(hashOf);
  assert.equal(new Set(hashes).size, hashes.length);
  assert.equal(hashOf(["ä", "b"]), hashOf([Buffer.from("ä"), Buffer.from("b")]));
});
