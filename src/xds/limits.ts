/** What one client, and all together, may ask of the server. A client beyond a limit is slowed, refused or cut; the others go on. */

/** Limits of a server. 0 means that there is none, where that is told. */
export interface Limits {
  /** Connections open at a time; one more is cut at once. 0: no limit. */
  readonly connections: number;
  /** Of these, from one IP address. 0: no limit. */
  readonly connectionsPerAddress: number;
  /** A connection without a stream is cut after so many ms. 0: never. */
  readonly idleMs: number;
  /** Streams open at a time on one connection; one more is refused. Without ADS an Envoy opens one for each cluster's endpoints. */
  readonly streamsPerConnection: number;
  /** Resource types on one stream; one more ends it. */
  readonly typesPerStream: number;
  /** Names in one request, counted before it is decoded; one more ends the stream. 100,000 take about 50 ms. */
  readonly namesPerRequest: number;
  /**
   * Names on one connection that no resource has, asked for or (after a reconnect) held: each is remembered until it is given up. One more ends the
   * stream. A proxy that comes back to a fleet that has lost nearly everything names all that it had, so there must be room.
   */
  readonly unknownNames: number;
  /** Size of a request's node message; a larger one ends the stream. Envoy's lists its extensions: 122 KB on 1.40.0. */
  readonly nodeBytes: number;
  /** Requests read per second and connection over time; a request of many names or bytes counts as several. 0: as fast as they come. */
  readonly requestsPerSecond: number;
  /** Bytes kept of a rejection's text; the rest is left out. */
  readonly detailBytes: number;
  /** A response that the client has not taken after so many ms no longer holds up what is sent to others. */
  readonly stallMs: number;
}

/** Limits that a client may come up against; values of a metric's label. The last three are told by transport/partials.ts, connections.ts and outlet.ts. */
export const LIMIT_NAMES = [
  "connections",
  "connectionsPerAddress",
  "idleMs",
  "streamsPerConnection",
  "typesPerStream",
  "namesPerRequest",
  "unknownNames",
  "nodeBytes",
  "requestsPerSecond",
  "maxRequestBytes",
  "offences",
  "stalled",
] as const;

export type LimitName = (typeof LIMIT_NAMES)[number];

/** What is left out has the default. */
export function limitsOf(given: Partial<Limits>): Limits {
  return {
    connections: 5_000,
    connectionsPerAddress: 2_000,
    idleMs: 60_000,
    streamsPerConnection: 10_000,
    typesPerStream: 32,
    namesPerRequest: 200_000,
    unknownNames: 100_000,
    nodeBytes: 262_144,
    requestsPerSecond: 2_000,
    detailBytes: 2_048,
    stallMs: 2_000,
    ...given,
  };
}
