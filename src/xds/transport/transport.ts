/**
 * gRPC over HTTP/2 for bidirectional streams, on node:http2. Part of room `xds`: knows calls and bytes, nothing of the protocol in them.
 * Left out, since no xDS client needs it: unary calls' forms, compression, deadlines (grpc-timeout is ignored: a stream lasts), metadata, HTTP/1.
 */
import { performServerHandshake } from "node:http2";
import type { Socket } from "node:net";
import type { Shared } from "./call.ts";
import { type Client, clientOf } from "./client.ts";
import { type ConnectionSettings, GrpcConnection, type Handler } from "./connection.ts";
import { Inbox } from "./inbox.ts";
import { LargeRequests } from "./large-requests.ts";
import { Partials } from "./partials.ts";

/** Node's own bound of memory per session, in MB, would reset streams while a large response waits; bytes in flight are bounded by the outlets. */
const UNBOUNDED_MB = 1_000_000;

/** A megabyte in this time is a slow line; an Envoy whose request is ended for it comes again. */
const LARGE_PATIENCE_MS = 10_000;

/** What a transport serves, and how. */
export interface TransportParts {
  readonly handler: (path: string) => Handler | undefined;
  readonly settings: ConnectionSettings;
  /** Largest request, in bytes: a larger one ends its call. */
  readonly maxRequestBytes: number;
  /** How long one large request may take while others wait for room, in ms. Default 10,000. */
  readonly largePatienceMs?: number;
  /** Calls open at a time on one connection; the client is told, and one more is refused. */
  readonly maxCalls: number;
  readonly on: TransportEvents;
}

/** What clients do that they should not. */
interface TransportEvents {
  /** A stream was refused or ended for what it asked or sent; more than a client that means well ever has. */
  offended(client: Client): void;
  /** One of this client's requests was ended, since there was too much of requests that are not whole. `what` completes a sentence about the client. */
  overfull(client: Client, what: string): void;
}

/** All connections of a server. Sockets come from whoever listens. */
export class GrpcTransport {
  readonly #parts: TransportParts;
  readonly #open = new Set<GrpcConnection>();
  readonly #shared: Shared;

  constructor(parts: TransportParts) {
    this.#parts = parts;
    const { on, maxRequestBytes, largePatienceMs = LARGE_PATIENCE_MS } = parts;
    this.#shared = {
      maxRequestBytes,
      // Far more than is read of large ones at a time: the rest is for small ones, and for the beginnings of those that wait, a frame of 16 KiB each.
      partials: new Partials(4 * maxRequestBytes, (client) =>
        on.overfull(client, "has too much of requests that are not whole; one is ended"),
      ),
      large: new LargeRequests({
        mostBytes: maxRequestBytes,
        patienceMs: largePatienceMs,
        slow: (client) => on.overfull(client, "took too long over a large request while others waited; it is ended"),
      }),
      inbox: new Inbox(() => performance.now()),
    };
  }

  /** Serves a connected socket. One that speaks TLS has finished its handshake and agreed on h2. `maxAgeMs`: see ConnectionParts. */
  take(socket: Socket, { maxAgeMs }: { readonly maxAgeMs: number }): void {
    const { handler, settings, maxCalls, on } = this.#parts;
    const client = clientOf(socket);
    const session = performServerHandshake(socket, {
      settings: { enablePush: false, maxConcurrentStreams: maxCalls },
      maxSessionMemory: UNBOUNDED_MB,
    });
    const shared = this.#shared;
    const offended = (): void => on.offended(client);
    const connection = new GrpcConnection({ session, client, settings, maxAgeMs, handler, shared, offended });
    this.#open.add(connection);
    session.on("close", () => this.#open.delete(connection));
  }

  /** Every client is told to go elsewhere, and every call to end. Connections are closed when their last call is over. */
  drain(): void {
    for (const connection of [...this.#open]) connection.drain();
  }
}
