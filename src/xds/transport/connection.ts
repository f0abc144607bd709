/** One HTTP/2 connection: its calls, whether anybody is still there, and how long it may last. */
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { type Call, type CallEvents, GrpcCall, HEADERS, refuse, type Shared } from "./call.ts";
import type { Client } from "./client.ts";
import { type GrpcStatus, STATUS, trailersOf } from "./grpc-status.ts";

/** Serves a call, and reading begins; or tells how it ends at once. */
export type Handler = (call: Call) => CallEvents | GrpcStatus;

/** Content types of gRPC; another is answered with 415, as its specification wants. */
const GRPC = /^application\/grpc(?:[+;]|$)/i;

/** What is still open so long after a connection became too old is cut, in ms. */
const AGE_GRACE_MS = 5_000;

/**
 * The time for an answer passes in so many steps. A step is missed while our own event loop is held or our process stopped: the answer may lie in the
 * socket then, and timers run before sockets are read. So a pause of ours costs a client one step, however long it was.
 */
const STEPS = 4;

/** Times of connections, complete. */
export interface ConnectionSettings {
  /** How often the client is pinged, in ms. */
  readonly keepaliveMs: number;
  /** How long an answer may take, in ms; after that the connection is cut. A client that is stopped for no more than three quarters of it never is. */
  readonly keepaliveTimeoutMs: number;
}

/** What a connection needs. */
export interface ConnectionParts {
  readonly session: ServerHttp2Session;
  readonly client: Client;
  readonly settings: ConnectionSettings;
  /**
   * How old it gets, in ms, or up to a fifth less: those that began together do not end together. Then its calls are ended, and the client comes back on
   * another, to prove anew who it is. 0: as old as it likes.
   */
  readonly maxAgeMs: number;
  /** What serves a path, such as `/package.Service/Method`; undefined if nothing does. */
  readonly handler: (path: string) => Handler | undefined;
  readonly shared: Shared;
  /** A stream was refused or ended for what it asked or sent. */
  readonly offended: () => void;
}

/**
 * - `open`: left by `drain` (the server stops, or it is old) and by whatever ends the connection.
 * - `draining`: the client was told to open no more calls here (GOAWAY); those there are end. Left when the last has ended, or by `cut`.
 * - `closed`: final.
 */
export class GrpcConnection {
  readonly #parts: ConnectionParts;
  readonly #calls = new Set<GrpcCall>();
  readonly #pinging: NodeJS.Timeout;
  #unanswered: NodeJS.Timeout | undefined;
  #ageing: NodeJS.Timeout | undefined;
  #state: "open" | "draining" | "closed" = "open";

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    const { session, settings } = parts;
    session.on("stream", (stream, headers) => this.#open(stream, headers));
    session.on("error", () => undefined); // closes it, and that is told
    session.on("close", () => this.#closed());
    this.#pinging = setInterval(() => this.#ping(), settings.keepaliveMs).unref();
    if (parts.maxAgeMs === 0) return;
    this.#ageing = setTimeout(() => this.#expire(), parts.maxAgeMs * (1 - Math.random() / 5)).unref();
  }

  /** Has all calls ended and the client told to go elsewhere. */
  drain(): void {
    if (this.#state !== "open") return;
    this.#state = "draining";
    this.#parts.session.close();
    for (const call of [...this.#calls]) call.drain();
  }

  /** Ends it at once. */
  cut(): void {
    this.#parts.session.destroy();
  }

  #open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on("error", () => undefined); // closes it, and that is told
    const path = headers[":path"] ?? "";
    const serve = this.#parts.handler(path);
    const message = `there is no method ${path}`;
    if (headers[":method"] !== "POST") this.#refuse(stream, { ":status": 405, allow: "POST" });
    else if (!GRPC.test(headers["content-type"] ?? "")) this.#refuse(stream, { ":status": 415 });
    else if (serve === undefined)
      this.#refuse(stream, { ...HEADERS, ...trailersOf({ code: STATUS.unimplemented, message }) });
    else this.#serve(stream, headers, serve);
  }

  #refuse(stream: ServerHttp2Stream, headers: Readonly<Record<string, string | number>>): void {
    refuse(stream, headers);
    this.#parts.offended();
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, serve: Handler): void {
    const authority = headers[":authority"] ?? headers.host ?? "";
    const { client, shared, offended } = this.#parts;
    const call = new GrpcCall({ stream, client, authority, shared, offended });
    const served = serve(call);
    if ("code" in served) {
      call.end(served);
      return;
    }
    this.#calls.add(call);
    stream.on("close", () => this.#calls.delete(call));
    call.begin(served);
    if (this.#state !== "open") call.drain();
  }

  #ping(): void {
    const { session, settings } = this.#parts;
    if (this.#unanswered !== undefined || session.destroyed) return;
    let left = STEPS;
    this.#unanswered = setInterval(() => {
      left -= 1;
      if (left === 0) this.cut();
    }, settings.keepaliveTimeoutMs / STEPS).unref();
    session.ping(() => {
      clearInterval(this.#unanswered);
      this.#unanswered = undefined;
    });
  }

  #expire(): void {
    this.drain();
    this.#ageing = setTimeout(() => this.cut(), AGE_GRACE_MS).unref();
  }

  #closed(): void {
    this.#state = "closed";
    clearInterval(this.#pinging);
    clearInterval(this.#unanswered);
    clearTimeout(this.#ageing);
  }
}
