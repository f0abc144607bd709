/** Checks of single values, for the option table. */
import { canonicalIp, overrideTarget } from "../sources/address.ts";
import { checkHostname } from "../sources/hostname.ts";
import { parseNetwork } from "../sources/network.ts";
import type { Refusal } from "./option.ts";
import type { ListenAddress } from "./settings.ts";

/** `ip:port` or `[ipv6]:port` of our own; undefined if it is neither. */
export function listenAddressOf(text: string): ListenAddress | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const ip = canonicalIp(bracketed ?? plain ?? "");
  if (ip === undefined || Number(port) > 65_535) return undefined;
  return { ip, port: Number(port) };
}

/** Whether an address of our own is reachable from this machine only. */
export function onLoopback({ ip }: ListenAddress): boolean {
  return ip === "::1" || ip.startsWith("127.");
}

export function checkListenAddress(text: string): Refusal | undefined {
  if (listenAddressOf(text) !== undefined) return undefined;
  return { cause: "is no IP address with a port", remedy: 'Write "127.0.0.1:18000", or "[::1]:18000"' };
}

export function checkIp(text: string): Refusal | undefined {
  if (canonicalIp(text) === text) return undefined;
  const canonical = canonicalIp(text);
  if (canonical !== undefined) return { cause: "is not how this address is written", remedy: `Write "${canonical}"` };
  return { cause: "is no IP address", remedy: 'Write "0.0.0.0" for every IPv4 address, "::" for every IPv6 address' };
}

export function checkNetwork(text: string): Refusal | undefined {
  if (parseNetwork(text) !== undefined) return undefined;
  const slash = text.indexOf("/");
  const bare = slash === -1 ? text : text.slice(0, slash);
  const prefix = text.slice(slash + 1);
  if (canonicalIp(bare) !== undefined && slash !== -1 && /^\d+$/.test(prefix)) {
    const [family, most] = bare.includes(":") ? ["IPv6", 128] : ["IPv4", 32];
    return Number(prefix) > most
      ? {
          cause: `is no network: a prefix of ${family} is ${most} at most`,
          remedy: `Write "${bare}" alone for one address, or a prefix of 0 to ${most}`,
        }
      : {
          cause: "is no network: bits are set beyond its prefix",
          remedy: `Write "${bare}" alone for one address, or set the other bits to 0`,
        };
  }
  return { cause: "is no network", remedy: 'Write "10.0.0.0/8", "fd00::/8" or one IP address' };
}

/** An address that overrides a host's: the port may be left out. */
export function checkOverrideAddress(text: string): Refusal | undefined {
  const verdict = overrideTarget(text, 1);
  return "target" in verdict
    ? undefined
    : {
        cause: verdict.reason,
        remedy: 'Write "10.0.0.7", "10.0.0.7:8080", "[fd00::7]:8080" or "edge-7.example.com:8080"',
      };
}

/** An upstream outside wasmCloud, as `{ip or name, port}`; undefined if the text is none. */
export function upstreamOf(text: string): { readonly host: string; readonly port: number } | undefined {
  const verdict = overrideTarget(text, 0);
  if (!("target" in verdict)) return undefined;
  const { target } = verdict;
  return { host: target.kind === "ip" ? target.ip : target.name, port: target.port };
}

export function checkUpstream(text: string): Refusal | undefined {
  if (upstreamOf(text) !== undefined) return undefined;
  return {
    cause: "is no address with a port",
    remedy: 'Write "gateway.example.com:80", "10.0.0.7:80" or "[fd00::7]:80"',
  };
}

/** A hostname, or `*.` and a hostname for everything below it, in lower case. */
export function checkDomain(text: string): Refusal | undefined {
  if (text === "*") return undefined;
  const verdict = checkHostname(text.startsWith("*.") ? text.slice(2) : text);
  if ("reason" in verdict)
    return {
      cause: `is neither a hostname nor *.hostname: it ${verdict.reason}`,
      remedy: 'Write "shop.example.com", or "*.example.com" for all names below',
    };
  const lower = text.toLowerCase();
  return lower === text ? undefined : { cause: "has capital letters", remedy: `Write "${lower}"` };
}

/** A listener's name: Contour's have underscores. */
export function checkListenerName(text: string): Refusal | undefined {
  return /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/.test(text)
    ? undefined
    : { cause: "is no name", remedy: "Use 1 to 63 lower-case letters, digits and inner hyphens or underscores" };
}

/** A file on another machine. */
export function checkAbsolutePath(text: string): Refusal | undefined {
  if (/^\/.*[^/]$/.test(text)) return undefined;
  return {
    cause: "is no absolute path of a file",
    remedy: "Write the path as it is on the Envoy's machine, from / on",
  };
}

/** A name that others refer to, and that becomes part of names in Envoy. */
export function checkName(text: string): Refusal | undefined {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return undefined;
  return { cause: "is no name", remedy: "Use 1 to 63 lower-case letters, digits and inner hyphens" };
}

export function checkNotEmpty(text: string): Refusal | undefined {
  return text.trim() === "" ? { cause: "is empty", remedy: "Write a value, or leave the option out" } : undefined;
}
