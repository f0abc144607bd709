/**
 * gRPC over HTTP/2 for bidirectional streams, on node:http2. Part of room `xds`: knows calls and bytes, nothing of the protocol in them.
 * Left out, since no xDS client needs it: unary calls' forms, compression, deadlines (grpc-timeout is ignored: a stream lasts), metadata, HTTP/1.
 */
import { performServerHandshake } from "node:http2";
import type { Socket } from "node:net";
import { clientOf } from "./client.ts";
import { type ConnectionSettings, GrpcConnection, type Handler } from "./connection.ts";

/** Node's own bound of memory per session, in MB, would reset streams while a large response waits; bytes in flight are bounded by the outlets. */
const UNBOUNDED_MB = 1_000_000;

/** What a transport serves, and how. */
export interface TransportParts {
  readonly handler: (path: string) => Handler | undefined;
  readonly settings: ConnectionSettings;
  /** Calls open at a time on one connection; the client is told, and one more is refused. */
  readonly maxCalls: number;
}

/** All connections of a server. Sockets come from whoever listens. */
export class GrpcTransport {
  readonly #parts: TransportParts;
  readonly #open = new Set<GrpcConnection>();

  constructor(parts: TransportParts) {
    this.#parts = parts;
  }

  /** Serves a connected socket. One that speaks TLS has finished its handshake and agreed on h2. `maxAgeMs`: see ConnectionParts. */
  take(socket: Socket, { maxAgeMs }: { readonly maxAgeMs: number }): void {
    const { handler, settings, maxCalls } = this.#parts;
    const session = performServerHandshake(socket, {
      settings: { enablePush: false, maxConcurrentStreams: maxCalls },
      maxSessionMemory: UNBOUNDED_MB,
    });
    const connection = new GrpcConnection({ session, client: clientOf(socket), settings, maxAgeMs, handler });
    this.#open.add(connection);
    session.on("close", () => this.#open.delete(connection));
  }

  /** Every client is told to go elsewhere, and every call to end. Connections are closed when their last call is over. */
  drain(): void {
    for (const connection of [...this.#open]) connection.drain();
  }
}
