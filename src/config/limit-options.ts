/** What a client of the xDS port may ask for: the options under `xds.limits`. */
import { limitsOf } from "../xds/limits.ts";
import type { Option, SectionOption } from "./option.ts";

const MILLION = 1_000_000;
const DAY_MS = 86_400_000;
const DEFAULTS = limitsOf({});

interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
  readonly zero?: string;
}

const limit = (name: keyof typeof DEFAULTS, effect: string, bounds: Bounds): Option => ({
  type: "integer",
  effect,
  default: DEFAULTS[name],
  ...bounds,
});

export const LIMIT_OPTIONS: SectionOption = {
  type: "section",
  effect:
    "What one client of the xDS port may ask for, so that one that misbehaves is slowed, refused or cut and the others notice nothing (docs/misbehaving-clients.md).",
  options: {
    connections: limit(
      "connections",
      "Connections open at a time; one more is cut at once. Fewer where the process may not open so many files, of which 160 are left for everything else.",
      {
        minimum: 0,
        maximum: MILLION,
        zero: "no limit",
      },
    ),
    connectionsPerAddress: limit(
      "connectionsPerAddress",
      "Of these, from one IP address. Proxies behind one address translator count together.",
      { minimum: 0, maximum: MILLION, zero: "no limit" },
    ),
    idleMs: limit("idleMs", "A connection without a stream is cut after so many ms.", {
      minimum: 0,
      maximum: DAY_MS,
      zero: "never",
    }),
    streamsPerConnection: limit(
      "streamsPerConnection",
      "Streams open at a time on one connection; one more is refused. An Envoy without ADS opens one for the endpoints of each cluster.",
      { minimum: 1, maximum: MILLION },
    ),
    typesPerStream: limit("typesPerStream", "Resource types on one stream; one more ends it. Envoy asks for 5 to 10.", {
      minimum: 1,
      maximum: 1_000,
    }),
    namesPerRequest: limit(
      "namesPerRequest",
      "Names in one request; one more ends the stream. A proxy that reconnects names everything it has, by type.",
      { minimum: 1_000, maximum: 10 * MILLION },
    ),
    unknownNames: limit(
      "unknownNames",
      "Names that a connection asks for, or holds when it comes back, and that no resource has; one more ends the stream. Each is remembered until it is given up, about 0.2 KB.",
      { minimum: 100, maximum: 10 * MILLION },
    ),
    nodeBytes: limit(
      "nodeBytes",
      "Size of the node in a request, in bytes; a larger one ends the stream. Envoy 1.40.0 sends 122,000, the list of its extensions.",
      { minimum: 1_024, maximum: 64 * MILLION },
    ),
    requestsPerSecond: limit(
      "requestsPerSecond",
      "Requests read from one connection over time; five seconds' worth at once. Faster ones wait in the socket. 64 names, 16 KiB of request or 64 KiB of response asked for count as one more.",
      { minimum: 0, maximum: MILLION, zero: "as fast as they come" },
    ),
    detailBytes: limit("detailBytes", "Bytes kept of the text with which a proxy rejects something.", {
      minimum: 100,
      maximum: MILLION,
    }),
    stallMs: limit(
      "stallMs",
      "A response that its proxy has not taken after so many ms does not count in `bytesInFlight` any more. Once as much again is stuck so, whoever has been for five times as long is cut.",
      { minimum: 100, maximum: DAY_MS },
    ),
  },
};
