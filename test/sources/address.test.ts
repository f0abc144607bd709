import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { addressText, advertisedTarget, canonicalIp, overrideTarget } from "../../src/sources/address.ts";

function textOf(verdict: ReturnType<typeof advertisedTarget>): string {
  if (!("target" in verdict)) return `${verdict.part}: ${verdict.reason}`;
  const { target } = verdict;
  return target.kind === "ip" ? addressText(target) : `name ${target.name} ${target.port}`;
}

const advertised: readonly (readonly [hostname: string, port: number, outcome: string | RegExp, why: string])[] = [
  ["10.244.0.15", 9191, "10.244.0.15:9191", "an IPv4 address"],
  ["2001:DB8:0:0::1", 9191, "[2001:db8::1]:9191", "an IPv6 address, in its canonical form"],
  ["::ffff:10.0.0.1", 80, "10.0.0.1:80", "an IPv4 address in IPv6 clothes"],
  ["fe80::1%eth0", 80, /zone id/, "a zone id means nothing elsewhere"],
  ["Edge-7.Example.com", 8080, "name edge-7.example.com 8080", "a DNS name, in lower case"],
  ["edge-7.example.com.", 8080, "name edge-7.example.com 8080", "a DNS name written with its root"],
  ["wash_host", 80, "name wash_host 80", "docker compose makes such names"],
  ["", 80, /hostname: is empty/, "hostname empty"],
  ["10.0.0.1", 0, /port: is 0 or missing/, "httpPort 0 or missing"],
  ["10.0.0.1", 65_536, /port: is no port/, "httpPort above 65535"],
  ["10.0.0.1", -1, /port: is no port/, "httpPort below 0"],
  ["10.0.0.1:80", 80, /has a port/, "hostname with port"],
  ["http://10.0.0.1", 80, /scheme/, "hostname with scheme"],
  ["[2001:db8::1]", 80, /in brackets/, "brackets belong to a port"],
  ["127.1", 80, /looks like an IPv4 address/, "resolvers would read 127.0.0.1"],
  ["010.0.0.1", 80, /looks like an IPv4 address/, "resolvers would read octal"],
  ["256.1.1.1", 80, /looks like an IPv4 address/, "out of range"],
  ["2130706433", 80, /looks like an IPv4 address/, "resolvers would read 127.0.0.1"],
  ["a b", 80, /neither an IP address nor a DNS name/, "hostname with garbage"],
  ["*.example.com", 80, /neither an IP address nor a DNS name/, "hostname with garbage"],
];
for (const [hostname, port, outcome, why] of advertised)
  test(`host advertising ${JSON.stringify(hostname)} ${port}: ${why}`, () => {
    const text = textOf(advertisedTarget(hostname, port));
    if (typeof outcome === "string") assert.equal(text, outcome);
    else assert.match(text, outcome);
  });

const overrides: readonly (readonly [address: string, outcome: string | RegExp])[] = [
  ["10.0.0.7", "10.0.0.7:9191"],
  ["10.0.0.7:80", "10.0.0.7:80"],
  ["[fd00::7]:80", "[fd00::7]:80"],
  ["[fd00::7]", "[fd00::7]:9191"],
  ["fd00::7", "[fd00::7]:9191"],
  ["edge-7:80", "name edge-7 80"],
  ["edge-7", "name edge-7 9191"],
  ["edge-7:", /no port/],
  ["edge-7:x", /no port/],
  ["edge-7:99999", /no port/],
  ["[edge-7]:80", /no IPv6 address/],
  [":80", /is empty/],
  ["", /is empty/],
  ["http://edge-7:80", /neither|scheme/],
];
for (const [address, outcome] of overrides)
  test(`override ${JSON.stringify(address)} for a host with port 9191: ${outcome}`, () => {
    const text = textOf(overrideTarget(address, 9191));
    if (typeof outcome === "string") assert.equal(text, outcome);
    else assert.match(text, outcome);
  });

test("no text makes a target throw", () => {
  return fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.domain()), fc.anything(), (text, port) => {
      assert.equal(typeof textOf(advertisedTarget(text, typeof port === "number" ? port : Number.NaN)), "string");
      assert.equal(typeof textOf(overrideTarget(text, 80)), "string");
    }),
  );
});

test("the canonical text of an address is its own canonical text, and means the same to node:net", () => {
  return fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (ip) => {
      const canonical = canonicalIp(ip);
      assert.ok(canonical !== undefined);
      assert.equal(canonicalIp(canonical), canonical);
    }),
  );
});
