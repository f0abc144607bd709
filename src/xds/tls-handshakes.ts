/** Mutual TLS on a port, up to the end of the handshake, with certificates that change while it listens. */
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from "node:tls";
import { type HandshakeFailure, handshakeFailureOf } from "./handshake-failure.ts";
import { peerOf } from "./transport/client.ts";

/** Certificates in use. What changes counts for connections that begin afterwards. */
export interface TlsCredentials {
  /** Our certificate and key, and whose clients are admitted. Must be such as OpenSSL takes. */
  readonly context: Pick<SecureContextOptions, "cert" | "key" | "ca">;
  /** Calls back with every other context from now on; gives the way to end that. */
  onChange(listener: (context: TlsCredentials["context"]) => void): () => void;
}

/** What becomes of handshakes. */
export interface HandshakeEvents {
  /** The client showed a certificate that verifies, and speaks HTTP/2. */
  done(socket: TLSSocket): void;
  failed(peer: string, failure: HandshakeFailure): void;
}

/** A handshake that takes longer is given up, in ms. Envoy gives up a connection after five seconds. */
const LONGEST_MS = 10_000;

/**
 * No session tickets: with a ticket a client comes back without showing its certificate, so one that has expired, or whose authority is not ours
 * any more, would be let in as long as it comes back in time. Costs a whole handshake per connection: 1.5 ms (measured, P-256).
 */
const contextOf = (context: TlsCredentials["context"]): SecureContextOptions => ({
  ...context,
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/** Handshakes under way on one port. Sockets come from whoever listens. */
export class TlsHandshakes {
  readonly #events: HandshakeEvents;
  readonly #server: Server;
  /** Connections below TLS, with their peers: of one that has failed, the system does not tell that any more. */
  readonly #open = new Map<Socket, string>();
  readonly #forget: () => void;

  constructor(credentials: TlsCredentials, events: HandshakeEvents) {
    this.#events = events;
    this.#server = createServer({
      ...contextOf(credentials.context),
      ...{ requestCert: true, rejectUnauthorized: true, ALPNProtocols: ["h2"], handshakeTimeout: LONGEST_MS },
    });
    this.#forget = credentials.onChange((context) => this.#server.setSecureContext(contextOf(context)));
    this.#server.on("secureConnection", (socket) => this.#done(socket));
    this.#server.on("tlsClientError", (error, socket) => this.#failed(error, socket));
  }

  /** Begins one on a new connection. */
  begin(socket: Socket): void {
    this.#open.set(socket, peerOf(socket));
    socket.once("close", () => setImmediate(() => this.#open.delete(socket))); // its failure is told first
    this.#server.emit("connection", socket);
  }

  /** Cuts those under way, and follows certificates no longer. */
  end(): void {
    this.#forget();
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #done(socket: TLSSocket): void {
    this.#open.delete(below(socket));
    this.#events.done(socket);
  }

  #failed(error: unknown, socket: TLSSocket): void {
    const { authorizationError: verification } = socket;
    const peer = this.#open.get(below(socket)) ?? "unknown";
    this.#events.failed(peer, handshakeFailureOf({ error, verification }));
    socket.destroy();
  }
}

/** The connection that TLS is spoken over. No public way leads there (Node.js 24). */
const below = (socket: TLSSocket): Socket => ("_parent" in socket ? (socket._parent as Socket) : socket);
