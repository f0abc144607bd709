/** Which resources a proxy's words name: what real Envoys said (1.36.2 and 1.40.0), row by row. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keptWords, namedIn } from "../../src/xds/delivery/words.ts";

const NAMES = ["a.test", "aa.test", "b.test", "c.test", "d.test", "n/http2", ""];

const dump = (name: string): string =>
  `goo.gle/debugonly   \n${name}\nvirtual_hosts {\n  name: "a.test"\n  domains: "b.test"\n}\n: Proto constraint validation failed (value must be inside range [200, 600))`;

const rows: readonly (readonly [words: string, named: readonly string[], why: string])[] = [
  ["Error adding/updating cluster(s) c.test: eds_cluster_config set in a non-EDS cluster", ["c.test"], "named bare"],
  ["Error adding/updating cluster(s) a.test: no, b.test: neither\n", ["a.test", "b.test"], "each at fault is named"],
  [
    "Error adding/updating listener(s) n/http2: malformed IP address: no-ip",
    ["n/http2"],
    "any letters but those of a sentence",
  ],
  ["Duplicate entry of domain a.test in route signalbox_hostnames", ["a.test"], "one of both"],
  [
    "scope key conflict found, first scope is 'd.test', second scope is 'c.test'",
    ["c.test", "d.test"],
    "in single quotes",
  ],
  [dump('cluster_name: "c.test"'), ["c.test"], "a resource as text begins with its name, the rest of it means nothing"],
  [dump('name: "signalbox_hostnames"'), [], "the composed resource as text names no part"],
  ['name: "c.te', [], "cut off in the middle of a name"],
  ["malformed IP address: no-ip. Consider setting resolver_name", [], "nobody is named"],
  ["no such thing: aa.test.", ["aa.test"], "a dot ends the sentence; a.test within it is not named"],
  ["", [], "no words"],
];

for (const [words, named, why] of rows)
  test(`${JSON.stringify(words.slice(0, 60))}: ${named.join(", ") || "nobody"}, ${why}`, () =>
    assert.deepEqual([...namedIn(words, NAMES)].sort(), named));

test("long words keep their start and their end, where a resource as text has its name and the reason", () => {
  const words = `name: "a.test"${"x".repeat(100_000)}: Proto constraint validation failed`;
  const kept = keptWords(words);
  assert.ok(kept.length < 1_100);
  assert.match(kept, /^name: "a\.test".* … .*: Proto constraint validation failed$/s);
  assert.equal(keptWords("short"), "short");
});

test("a message of any size is searched in bounded time: only its beginning is looked at", () =>
  assert.deepEqual([...namedIn(`${" ".repeat(70_000)}a.test`, NAMES)], []));
