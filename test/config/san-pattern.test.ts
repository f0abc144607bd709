import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSan, matchesSan, nameLike } from "../../src/config/san-pattern.ts";

const rows: readonly (readonly [pattern: string, name: string, matches: boolean, why: string])[] = [
  ["a.fleet.test", "DNS:a.fleet.test", true, "exactly"],
  ["A.Fleet.test", "DNS:a.fleet.TEST", true, "DNS names have no case"],
  ["a.fleet.test", "DNS:b.a.fleet.test", false, "not what is below"],
  ["a.fleet.test", "DNS:a.fleet.test.evil", false, "not what begins with it"],
  ["a.fleet.test", "DNS:xa.fleet.test", false, "not what ends with it"],
  ["*.fleet.test", "DNS:a.fleet.test", true, "one label"],
  ["*.fleet.test", "DNS:a.b.fleet.test", false, "not two"],
  ["*.fleet.test", "DNS:fleet.test", false, "not none"],
  ["*.fleet.test", "DNS:.fleet.test", false, "nor an empty one"],
  [
    "*.fleet.test",
    "DNS:*.fleet.test",
    false,
    "a star in a certificate covers nobody: whoever holds that one is not everybody",
  ],
  ["*.fleet.test", "DNS:afleet.test", false, "a dot is a dot"],
  ["a.fleet.test", "URI:a.fleet.test", false, "another kind"],
  ["a.fleet.test", "email:a.fleet.test", false, "a kind that is nobody's identity"],
  ["10.0.0.1", "IP Address:10.0.0.1", false, "addresses neither"],
  ["spiffe://t/ns/a/sa/b", "URI:spiffe://t/ns/a/sa/b", true, "exactly"],
  ["spiffe://t/ns/a/sa/b", "URI:spiffe://t/ns/a/sa/B", false, "URIs have case"],
  ["spiffe://t/ns/a/sa/b", "DNS:spiffe://t/ns/a/sa/b", false, "another kind"],
  ["spiffe://t/ns/a/sa/*", "URI:spiffe://t/ns/a/sa/b", true, "one segment"],
  ["spiffe://t/ns/a/sa/*", "URI:spiffe://t/ns/a/sa/", false, "not an empty one"],
  ["spiffe://t/ns/a/*", "URI:spiffe://t/ns/a/sa/b", false, "not two"],
  ["spiffe://t/ns/a/*", "URI:spiffe://t/ns/ab/c", false, "the rest exactly"],
  ["spiffe://t/ns/*", "URI:spiffe://t/ns/a?b", false, "a query is no segment"],
];
for (const [pattern, name, matches, why] of rows)
  test(`${pattern} ${matches ? "covers" : "does not cover"} ${name}: ${why}`, () =>
    assert.equal(matchesSan(pattern, name), matches));

for (const good of ["a", "a.fleet.test", "*.fleet.test", "spiffe://t/ns/a/sa/*", "urn:uuid:1", "a_b.test"])
  test(`${good} is a pattern, and covers the name made of it`, () => {
    assert.equal(checkSan(good), undefined);
    assert.ok(matchesSan(good, nameLike(good)));
  });

const refused: readonly (readonly [text: string, cause: RegExp])[] = [
  ["", /neither a DNS name nor a URI/],
  ["*", /a \* where it stands for nothing/],
  ["a.*.test", /a \* where it stands for nothing/],
  ["a*.test", /a \* where it stands for nothing/],
  ["*.*.test", /a \* where it stands for nothing/],
  ["DNS:a.test", /begins with its kind/],
  ["URI:spiffe://a/b", /begins with its kind/],
  ["spiffe://*/a", /in a URI it is the last segment/],
  ["spiffe://t/a*", /in a URI it is the last segment/],
  ["spiffe: a", /is no URI/],
  ["a b", /neither a DNS name nor a URI/],
  [".test", /neither a DNS name nor a URI/],
];
for (const [text, cause] of refused)
  test(`${JSON.stringify(text)} is no pattern`, () => assert.match(checkSan(text)?.cause ?? "", cause));
