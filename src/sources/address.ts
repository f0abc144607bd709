/** Where a host is: what it advertises, or what the administrator says instead, as a literal address or a name to resolve. */
import { isIP, SocketAddress } from "node:net";
import { checkHostname, quoted } from "./hostname.ts";

/** An administrator's address for a host that advertises none that works; exactly one of hostId, name and hostname is given. */
export interface AddressOverride {
  readonly hostId: string | undefined;
  /** `metadata.name` of the Host object. */
  readonly name: string | undefined;
  /** The advertised `hostname`, compared in lower case. */
  readonly hostname: string | undefined;
  /** `ip`, `ip:port`, `[ipv6]:port`, `name` or `name:port`; without a port the Host's own counts. */
  readonly address: string;
}

/** A place to connect to: an IP address in canonical text, or a DNS name in lower case. */
export type Target =
  | { readonly kind: "ip"; readonly ip: string; readonly port: number }
  | { readonly kind: "name"; readonly name: string; readonly port: number };

/** A target, or why there is none: `reason` completes a sentence about the value, `remedy` begins with a verb. */
export type TargetVerdict =
  | { readonly target: Target }
  | { readonly part: "hostname" | "port"; readonly reason: string; readonly remedy: string };

/**
 * The canonical text of an IP address, so that equal addresses are equal texts: RFC 5952 for IPv6, and IPv4 where an IPv6 address only maps one.
 * undefined for anything that is no IP address, or has a zone id, which means something on one machine only.
 */
export function canonicalIp(text: string): string | undefined {
  const version = text.includes("%") ? 0 : isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return text;
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}

/** `ip:port`, or `[ipv6]:port`. */
export function addressText({ ip, port }: { readonly ip: string; readonly port: number }): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** What a Host advertises, as a target. A port of 0 is a host that listens to no HTTP (measured: `--http-addr` left out). */
export function advertisedTarget(hostname: string, port: number): TargetVerdict {
  const place = placeOf(hostname);
  if ("reason" in place) return { part: "hostname", ...place };
  return withPort(place, port);
}

/** What an override says, as a target; `ownPort` is the Host's, for an override without one. */
export function overrideTarget(address: string, ownPort: number): TargetVerdict {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(address);
  const single = /^([^:]*):([^:]*)$/.exec(address); // two colons or more: an IPv6 address without a port
  const hostname = bracketed?.[1] ?? single?.[1] ?? address;
  const port = bracketed?.[2] ?? single?.[2];
  if (bracketed !== null && isIP(hostname) !== 6)
    return {
      part: "hostname",
      reason: `${quoted(hostname)} in brackets is no IPv6 address`,
      remedy: "Write [IPv6 address]:port",
    };
  const place = placeOf(hostname);
  if ("reason" in place) return { part: "hostname", ...place };
  if (port === undefined) return withPort(place, ownPort);
  return withPort(place, /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN);
}

type Place = { readonly kind: "ip"; readonly ip: string } | { readonly kind: "name"; readonly name: string };

function placeOf(hostname: string): Place | { readonly reason: string; readonly remedy: string } {
  const remedy =
    "Start the host with --host-name set to an IP address or DNS name that Envoy can reach, or set an override in hosts.overrides";
  if (hostname === "") return { reason: "is empty", remedy };
  const ip = canonicalIp(hostname);
  if (ip !== undefined) return { kind: "ip", ip };
  if (hostname.includes("%") && isIP(hostname) === 6)
    return {
      reason: "has a zone id, which means nothing on another machine",
      remedy: "Use a global or unique local address",
    };
  if (/^\[.*\]$/.test(hostname)) return { reason: "is in brackets", remedy: `Write ${quoted(hostname.slice(1, -1))}` };
  if (hostname.includes("://"))
    return { reason: "has a scheme", remedy: "Write the name or address alone; TLS is set by host group" };
  // All digits and dots, yet no IPv4 address: resolvers read such names as addresses in octal, or short ones (127.1).
  if (/^[0-9.]+$/.test(hostname))
    return { reason: "looks like an IPv4 address and is none", remedy: "Write four numbers from 0 to 255" };
  if (/^[^:]*:\d*$/.test(hostname))
    return { reason: "has a port", remedy: `Write ${quoted(hostname.replace(/:.*$/, ""))}; the port is httpPort` };
  const name = hostname.length > 1 && hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  // Names of machines may have underscores (docker compose), names that clients ask for may not.
  const verdict = checkHostname(name.replaceAll("_", "x"));
  if ("reason" in verdict) return { reason: `is neither an IP address nor a DNS name: it ${verdict.reason}`, remedy };
  return { kind: "name", name: name.toLowerCase() };
}

function withPort(place: Place, port: number): TargetVerdict {
  if (port === 0)
    return {
      part: "port",
      reason: "is 0 or missing: the host listens to no HTTP",
      remedy: "Start the host with --http-addr, or set an override with a port",
    };
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    return { part: "port", reason: "is no port", remedy: "Use a port from 1 to 65535, or set an override with a port" };
  return { target: { ...place, port } };
}
