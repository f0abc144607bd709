/** Which addresses may be sent traffic. Heartbeats are not authenticated, so whoever reaches the bus can advertise any address. */
import { isIP } from "node:net";
import { canonicalIp } from "./address.ts";

/** A CIDR network. */
export interface Network {
  /** Canonical: `10.0.0.0/8`, `fd00::/8`. */
  readonly text: string;
  readonly version: 4 | 6;
  readonly bits: bigint;
  readonly prefix: number;
}

/** Says why an address may not be used; undefined: it may. Completes `<address> …`. */
export type AddressCheck = (ip: string) => string | undefined;

/**
 * A network from text; a bare address is a network of its own. undefined for anything else, also where bits are set beyond the prefix
 * (`10.0.0.1/8`): one of the two is a slip, and nobody knows which.
 */
export function parseNetwork(text: string): Network | undefined {
  const [ip = "", prefixText, ...rest] = text.split("/");
  const version = ip.includes("%") ? 0 : isIP(ip);
  if (rest.length > 0 || (version !== 4 && version !== 6)) return undefined;
  const width = version === 4 ? 32 : 128;
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return undefined;
  const prefix = prefixText === undefined ? width : Number(prefixText);
  const bits = bitsOf(ip);
  if (prefix > width || (bits & ((1n << BigInt(width - prefix)) - 1n)) !== 0n) return undefined;
  const canonical = canonicalIp(ip) ?? ip;
  if (version === 4 || canonical.includes(":")) return { text: `${canonical}/${prefix}`, version, bits, prefix };
  // An IPv4-mapped network: addresses in it are written, and therefore compared, as IPv4.
  return prefix < 96
    ? undefined
    : { text: `${canonical}/${prefix - 96}`, version: 4, bits: bits & 0xffff_ffffn, prefix: prefix - 96 };
}

/**
 * - No network given: every address but the special ones (SPECIAL).
 * - Else: addresses in one of them. A special address needs a network that lies within its own range, so that `0.0.0.0/0` does not mean loopback.
 */
export function addressCheck(allowed: readonly Network[]): AddressCheck {
  return (ip) => {
    const bits = bitsOf(ip);
    const version = ip.includes(":") ? 6 : 4;
    const contains = (network: Network) => covers(network, version, bits);
    for (const [name, range] of SPECIAL)
      if (contains(range) && !allowed.some((network) => contains(network) && network.prefix >= range.prefix))
        return `is ${name}, which no entry of hosts.allowedNetworks names`;
    const embedded = version === 6 ? embeddedIpv4(bits) : undefined;
    if (
      embedded !== undefined &&
      SPECIAL.some(([, range]) => covers(range, 4, embedded)) &&
      !allowed.some((n) => contains(n) && n.prefix >= 96)
    )
      return "translates to a special IPv4 address, which no entry of hosts.allowedNetworks names";
    if (allowed.length > 0 && !allowed.some(contains)) return "is outside hosts.allowedNetworks";
    return undefined;
  };
}

/** Ranges that stand for one machine, one link, or something that is no host at all. Sources: IANA special-purpose registries; the clouds' documentation. */
const SPECIAL: readonly (readonly [name: string, range: Network])[] = (
  [
    ["an unspecified address", ["0.0.0.0/8", "::/128"]],
    ["a loopback address", ["127.0.0.0/8", "::1/128"]],
    ["a link-local address", ["169.254.0.0/16", "fe80::/10"]],
    ["a multicast address", ["224.0.0.0/4", "ff00::/8"]],
    ["a reserved or broadcast address", ["240.0.0.0/4"]],
    // AWS, GCP, Azure and others; AWS and GCP over IPv6; Alibaba; Azure's wire server; Oracle's old one.
    [
      "a cloud metadata address",
      [
        "169.254.169.254/32",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
      ],
    ],
  ] as const
).flatMap(([name, ranges]) => ranges.map((range) => [name, known(range)] as const));

function known(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw new Error(`not a network: ${text}`);
  return network;
}

function covers(network: Network, version: 4 | 6, bits: bigint): boolean {
  const shift = BigInt((network.version === 4 ? 32 : 128) - network.prefix);
  return network.version === version && network.bits >> shift === bits >> shift;
}

/** The IPv4 address inside an IPv4-compatible (`::/96`) or NAT64 (`64:ff9b::/96`, RFC 6052) one: a way around a check of IPv4 addresses alone. */
function embeddedIpv4(bits: bigint): bigint | undefined {
  const high = bits >> 32n;
  return (high === 0n && bits > 0xffffn) || high === NAT64 ? bits & 0xffff_ffffn : undefined;
}
const NAT64 = 0x0064_ff9bn << 64n;

/** The bits of an IP address, whose text must be one. */
function bitsOf(ip: string): bigint {
  if (!ip.includes(":")) return ip.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
  const v4 = /:(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  const hex = (a: string | undefined, b: string | undefined) => ((Number(a) << 8) | Number(b)).toString(16);
  const text = v4 === null ? ip : `${ip.slice(0, v4.index)}:${hex(v4[1], v4[2])}:${hex(v4[3], v4[4])}`;
  const [head = "", tail] = text.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups =
    tail === undefined ? front : [...front, ...Array<string>(8 - front.length - back.length).fill("0"), ...back];
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}
