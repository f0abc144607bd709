/** The kinds of requests that the load is made of. */

export interface RequestKind {
  readonly name: string;
  /** Part of the whole load, beside the others of its table. */
  readonly share: number;
  /** May be made again by a proxy that does not know whether it was carried out (RFC 9110, 9.2.1). */
  readonly safe: boolean;
  readonly over: "http1" | "http2";
  /** Over a connection of its own. HTTP/2 always shares one per proxy. */
  readonly newConnection?: true;
  readonly what: What;
  /** How the hostname is written in Host. Default: as it is registered. */
  readonly written?: Written;
  /** When the client gives up, in ms. Default 15,000: far above what an answer takes on a busy machine, so that only what really hangs counts. */
  readonly timeoutMs?: number;
}

/**
 * read: GET; write: POST a line and get it back; call: one gRPC message and its echo; upload: 64 KiB in pieces, and back; stream: events for two seconds;
 * long-upload: 20 MiB in ten seconds or more, and back; long-stream: events for 17 seconds.
 */
export type What = "read" | "write" | "call" | "upload" | "stream" | "long-upload" | "long-stream";

/** With a port, in capitals, with the dot of an absolute name. */
export type Written = "with port" | "upper case" | "absolute";

// biome-ignore format: a table is read by its columns
export const REQUEST_KINDS: readonly RequestKind[] = [
  { name: "GET",                 share: 0.38, safe: true,  over: "http1", what: "read" },
  { name: "GET new connection",  share: 0.12, safe: true,  over: "http1", what: "read", newConnection: true },
  { name: "GET HTTP/2",          share: 0.12, safe: true,  over: "http2", what: "read" },
  { name: "POST",                share: 0.16, safe: false, over: "http1", what: "write" },
  { name: "POST new connection", share: 0.04, safe: false, over: "http1", what: "write", newConnection: true },
  { name: "gRPC",                share: 0.12, safe: false, over: "http2", what: "call" },
  { name: "upload",              share: 0.03, safe: false, over: "http1", what: "upload" },
  { name: "stream",              share: 0.03, safe: true,  over: "http1", what: "stream" },
];
