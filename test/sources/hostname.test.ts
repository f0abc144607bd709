import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { checkHostname } from "../../src/sources/hostname.ts";

/** `hostname as compared` where it is taken, else words that the reason and the remedy must hold. */
const rows: readonly (readonly [
  given: string,
  outcome: string | readonly [reason: RegExp, remedy: RegExp],
  why: string,
])[] = [
  ["foo.example.com", "foo.example.com", "the ordinary case"],
  ["Foo.Example.COM", "foo.example.com", "compared in lower case"],
  ["127.0.0.1", "127.0.0.1", "a host registers it"],
  ["localhost", "localhost", "a single label will do"],
  ["123", "123", "hosts take digits alone"],
  ["xn--bcher-kva.de", "xn--bcher-kva.de", "the form that clients send"],
  [`${"a".repeat(63)}.test`, `${"a".repeat(63)}.test`, "63 bytes fit in a label"],
  [`${"a.".repeat(126)}a`, `${"a.".repeat(126)}a`, "253 bytes fit in a name"],
  ["", [/is empty/, /Write the hostname/], "no name at all"],
  ["  ", [/is empty/, /Write the hostname/], "white space alone is no name"],
  [" foo.com", [/begins or ends with a space/, /"foo\.com"/], "hosts do not trim it"],
  ["foo.com ", [/begins or ends with a space/, /"foo\.com"/], "hosts do not trim it"],
  ["foo bar.com", [/holds a space/, /Remove/], "no label has a space"],
  ["a.com,b.com", [/is a list/, /host-aliases/], "a list goes into host-aliases"],
  ["foo.com:8080", [/has a port/, /"foo\.com"/], "hosts strip ports from requests"],
  ["a.com/x", [/has a path/, /"a\.com"/], "hosts route by hostname alone"],
  ["http://a.com:80/x", [/is a URL/, /"a\.com"/], "only the hostname of a URL"],
  ["foo.com.", [/ends with a dot/, /"foo\.com"/], "the host refuses a trailing dot"],
  ["foo..com", [/empty label/, /dot/], "a dot too many"],
  [".", [/empty label/, /dot/], "a dot alone"],
  ["*", [/wildcard/, /each hostname/], "Envoy would hand it everybody's names"],
  ["*.foo.com", [/wildcard/, /each hostname/], "Envoy would hand it everybody's names"],
  ["foo.*", [/wildcard/, /each hostname/], "Envoy would hand it everybody's names"],
  ["foo_bar.com", [/underscore in "foo_bar"/, /hyphen/], "no underscore in RFC 1123"],
  ["-foo.com", [/hyphen/, /Remove/], "labels begin with a letter or digit"],
  ["foo-.com", [/hyphen/, /Remove/], "labels end with a letter or digit"],
  [`${"a".repeat(64)}.com`, [/64 bytes, 63/, /shorter/], "a label too long"],
  [`${"a.".repeat(126)}aa`, [/254 bytes long, 253/, /shorter/], "a name too long"],
  ["[::1]", [/IPv6/, /DNS name/], "hosts refuse IPv6 addresses"],
  ["2001:db8::1", [/IPv6/, /DNS name/], "hosts refuse IPv6 addresses"],
  ["bücher.de", [/xn-- form/, /"xn--bcher-kva\.de"/], "clients send the xn-- form"],
  ["\u0131\ufffd.com", [/xn-- form/, /letters, digits/], "not every text has an xn-- form"],
  ["foo.com\nx: y", [/control character/, /invisible/], "it would be rejected together with its neighbours"],
  ["foo\u0000.com", [/control character/, /invisible/], "it would be rejected together with its neighbours"],
  ["foo!.com", [/no letter, digit or hyphen in "foo!"/, /letters, digits/], "anything else"],
];

for (const [given, outcome, why] of rows)
  test(`hostname ${JSON.stringify(given.length > 40 ? `${given.slice(0, 40)}…` : given)} (${given.length}): ${why}`, () => {
    const verdict = checkHostname(given);
    if (typeof outcome === "string") return assert.deepEqual(verdict, { name: { hostname: outcome, spelling: given } });
    assert.ok("reason" in verdict, "it is refused");
    assert.match(verdict.reason, outcome[0]);
    assert.match(verdict.remedy, outcome[1]);
  });

test("a hostname is taken exactly when the host's own rule takes it", () => {
  const alphabet = fc.constantFrom(..."aZ9-._*:/, \u0000ü[]%");
  // The rule once more, letter by letter as wash-runtime states it.
  const valid = (text: string): boolean => {
    if (text.length === 0 || Buffer.byteLength(text) > 253) return false;
    for (const label of text.split(".")) {
      if (label.length === 0 || label.length > 63 || label.startsWith("-") || label.endsWith("-")) return false;
      for (const c of label)
        if (!((c >= "a" && c <= "z") || (c >= "A" && c <= "Z") || (c >= "0" && c <= "9") || c === "-")) return false;
    }
    return true;
  };
  return fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 8 }), (text) => {
      assert.equal("name" in checkHostname(text), valid(text));
    }),
    { numRuns: 2_000 },
  );
});

test("every refusal begins its remedy with a capital letter and has no full stop", () => {
  return fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
      const verdict = checkHostname(text);
      if ("name" in verdict) return assert.equal(verdict.name.spelling, text);
      assert.match(verdict.remedy, /^[A-Z].*[^.]$/s);
    }),
  );
});
