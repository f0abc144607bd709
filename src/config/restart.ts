/** Settings that are read once, at the start. */
import { isDeepStrictEqual } from "node:util";
import type { Settings } from "./settings.ts";

type Path = readonly [keyof Settings, string?];

/** Sockets, the source and its DNS intervals belong to what is built at the start; everything else can change while it runs. */
const FIXED: readonly Path[] = [
  ["source"],
  ["saved"],
  ["xds", "address"],
  ["xds", "tls"],
  ["xds", "plaintextOffLoopback"],
  ["xds", "maxRequestBytes"],
  ["xds", "ackBoundMs"],
  ["xds", "graceMs"],
  ["xds", "bytesInFlight"],
  ["xds", "limits"],
  ["admin", "address"],
  ["admin", "grpcAddress"],
  ["hosts", "dnsRefreshMs"],
  ["hosts", "dnsFirstMs"],
];

/** Options in which `wanted` differs from what the process was started with and that take effect at its next start, sorted. */
export function restartNeeded(started: Settings, wanted: Settings): readonly string[] {
  const at = (settings: Settings, [section, option]: Path): unknown =>
    option === undefined ? settings[section] : Object.entries(settings[section]).find(([name]) => name === option)?.[1];
  return FIXED.filter((path) => !isDeepStrictEqual(at(started, path), at(wanted, path)))
    .map((path) => path.join("."))
    .sort();
}
