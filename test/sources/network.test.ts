import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import * as fc from "fast-check";
import { addressCheck, type Network, parseNetwork } from "../../src/sources/network.ts";

const networks = (texts: readonly string[]): Network[] => texts.map((text) => parseNetwork(text) ?? assert.fail(text));

const parsed: readonly (readonly [text: string, canonical: string | undefined])[] = [
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["10.0.0.7", "10.0.0.7/32"],
  ["FD00:0::/8", "fd00::/8"],
  ["::/0", "::/0"],
  ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
  ["10.0.0.1/8", undefined],
  ["10.0.0.0/33", undefined],
  ["10.0.0.0/", undefined],
  ["10.0.0.0/8/8", undefined],
  ["fe80::1%eth0", undefined],
  ["example.com", undefined],
  ["::ffff:0:0/95", undefined],
  ["", undefined],
];
for (const [text, canonical] of parsed)
  test(`network ${JSON.stringify(text)} is ${canonical ?? "none"}`, () =>
    assert.equal(parseNetwork(text)?.text, canonical));

const rows: readonly (readonly [ip: string, allowed: readonly string[], outcome: RegExp | "usable", why: string])[] = [
  ["10.0.0.1", [], "usable", "ordinary addresses need no word"],
  ["203.0.113.9", [], "usable", "public ones neither"],
  ["2001:db8::1", [], "usable", "nor IPv6"],
  ["127.0.0.1", [], /loopback/, "loopback must be named"],
  ["127.8.9.1", [], /loopback/, "all of 127/8 is loopback"],
  ["::1", [], /loopback/, "loopback over IPv6"],
  ["127.0.0.1", ["127.0.0.0/8"], "usable", "named by its range"],
  ["127.0.0.1", ["127.0.0.1/32"], "usable", "named by itself"],
  ["127.0.0.1", ["0.0.0.0/0"], /loopback/, "everything does not mean loopback"],
  ["169.254.1.1", [], /link-local/, "link-local must be named"],
  ["fe80::1", [], /link-local/, "link-local over IPv6"],
  ["169.254.169.254", [], /link-local|metadata/, "metadata must be named"],
  ["169.254.169.254", ["169.254.0.0/16"], /metadata/, "link-local does not mean metadata"],
  ["169.254.169.254", ["169.254.169.254/32"], "usable", "metadata named by itself"],
  ["fd00:ec2::254", ["fd00::/8"], /metadata/, "a unique local range does not mean metadata"],
  ["0.0.0.0", [], /unspecified/, "unspecified is this machine"],
  ["::", [], /unspecified/, "unspecified over IPv6"],
  ["224.0.0.1", [], /multicast/, "multicast is no host"],
  ["255.255.255.255", [], /broadcast/, "broadcast is no host"],
  ["64:ff9b::7f00:1", [], /special IPv4/, "loopback behind NAT64"],
  ["::7f00:1", [], /special IPv4/, "loopback in an IPv4-compatible address"],
  ["64:ff9b::a00:1", [], "usable", "an ordinary address behind NAT64"],
  ["192.168.0.1", ["10.0.0.0/8"], /outside/, "networks given are the only ones"],
  ["10.1.2.3", ["10.0.0.0/8"], "usable", "inside"],
  ["2001:db8::1", ["0.0.0.0/0"], /outside/, "all of IPv4 is no IPv6"],
];
for (const [ip, allowed, outcome, why] of rows)
  test(`address ${ip} with [${allowed.join(", ")}]: ${why}`, () => {
    const reason = addressCheck(networks(allowed))(ip);
    if (outcome === "usable") assert.equal(reason, undefined);
    else assert.match(reason ?? "", outcome);
  });

// Ordinary networks only, so that nothing but containment decides: addresses in 10.0.0.0/8 and 2001:db8::/32, as 24 or 96 free bits.
const spaces = [
  { family: "ipv4", free: 24, text: (bits: bigint) => `10.${bits >> 16n}.${(bits >> 8n) & 255n}.${bits & 255n}` },
  {
    family: "ipv6",
    free: 96,
    text: (bits: bigint) => `2001:db8:${(bits.toString(16).padStart(24, "0").match(/.{4}/g) ?? []).join(":")}`,
  },
] as const;
for (const { family, free, text } of spaces)
  test(`networks contain what node:net says they contain: ${family}`, () => {
    const bits = fc.bigInt(0n, (1n << BigInt(free)) - 1n);
    return fc.assert(
      fc.property(bits, bits, fc.nat(free), (base, anywhere, hostBits) => {
        const shift = BigInt(hostBits);
        const network = text((base >> shift) << shift);
        const prefix = (family === "ipv4" ? 32 : 128) - hostBits;
        const list = new BlockList();
        list.addSubnet(network, prefix, family);
        const usable = addressCheck(networks([`${network}/${prefix}`]));
        // Inside for certain, a neighbour, and anywhere.
        for (const tried of [base, base ^ (1n << (shift % BigInt(free))), anywhere])
          assert.equal(
            usable(text(tried)) === undefined,
            list.check(text(tried), family),
            `${text(tried)} in ${network}/${prefix}`,
          );
      }),
    );
  });
