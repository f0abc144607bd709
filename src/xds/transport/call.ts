/** One gRPC call of a client: requests come as they arrive, responses go out as pieces, and it ends with a status. */
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Client } from "./client.ts";
import { type GrpcStatus, OK, STATUS, trailersOf } from "./grpc-status.ts";
import type { Inbox } from "./inbox.ts";
import { LARGE_BYTES, type LargeReader, type LargeRequests } from "./large-requests.ts";
import { MessageReader, PREFIX_BYTES, prefixInto } from "./message-reader.ts";
import type { PartialCall, Partials } from "./partials.ts";

/** A message to be sent: its pieces are concatenated. They may be shared with other calls and are never written to. */
export interface Outgoing {
  readonly pieces: readonly Uint8Array[];
  /** Their length together. */
  readonly bytes: number;
}

/** What happens to a call. Must not throw. */
export interface CallEvents {
  /** A request; never after `end`. */
  readonly message: (bytes: Buffer) => void;
  /** The client sends nothing more, or the server is to be left: end the call. */
  readonly ended: () => void;
  /** Over, however it came to that. Once, and last. */
  readonly closed: () => void;
}

/** What a server sees of a call. */
export interface Call {
  readonly client: Client;
  /** `:authority` of the call, which the client chooses. */
  readonly authority: string;
  /** Sends a message. `flushed` is called once, later: it has left, or never will. */
  write(message: Outgoing, flushed: () => void): void;
  /** Reads no further, but for what came already. */
  pause(): void;
  resume(): void;
  /** Nothing is sent after this. Default: all is well. What a client still sends is dropped. */
  end(status?: GrpcStatus): void;
}

/** Messages up to this size are copied into one piece, in bytes: a frame costs more than that. */
const SMALL_BYTES = 16_384;

/** Pieces beyond this number are copied into one. */
const FEW_PIECES = 16;

/** Of every response. */
export const HEADERS = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity",
} as const;

/**
 * - `open`: left by `end` (the server; a request that cannot be read), and by the client's reset or the loss of the connection.
 * - `ending`: what was written goes out, then the status. Left when the stream is over.
 * - `closed`: final.
 */
type State = "open" | "ending" | "closed";

/** What all calls of a server share. */
export interface Shared {
  /** Largest request. */
  readonly maxRequestBytes: number;
  readonly partials: Partials;
  readonly large: LargeRequests;
  readonly inbox: Inbox;
}

/** What a call is made of. */
export interface CallParts {
  readonly stream: ServerHttp2Stream;
  readonly client: Client;
  readonly authority: string;
  readonly shared: Shared;
  /** The call was ended for what it sent. */
  readonly offended: () => void;
}

/**
 * Reads, unless whoever serves it wants a pause, a request waits for its turn (`inbox`), or a large one for room (`large`). What is not read stays with
 * the client, but for one HTTP/2 window.
 */
export class GrpcCall implements Call, PartialCall, LargeReader {
  readonly client: Client;
  readonly authority: string;
  readonly #parts: CallParts;
  readonly #stream: ServerHttp2Stream;
  readonly #reader: MessageReader;
  #events: CallEvents | undefined;
  #state: State = "open";
  #status = OK;
  #paused = false; // by whoever serves it
  #queued = 0; // requests that wait for their turn
  #queuedBytes = 0;
  #large = false; // a large request has begun, and is not worked off
  #waits = false; // for room
  #reads = true;

  constructor(parts: CallParts) {
    const { stream, client, authority, shared } = parts;
    this.client = client;
    this.authority = authority;
    this.#parts = parts;
    this.#stream = stream;
    this.#reader = new MessageReader(shared.maxRequestBytes, (bytes) => this.#message(bytes));
    stream.on("wantTrailers", () => this.#conclude());
    stream.on("close", () => this.#close());
  }

  /** Begins to read. */
  begin(events: CallEvents): void {
    this.#events = events;
    this.#stream.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#stream.on("end", () => this.#ended());
  }

  write({ pieces, bytes }: Outgoing, flushed: () => void): void {
    if (this.#state !== "open") {
      setImmediate(flushed);
      return;
    }
    if (!this.#stream.headersSent) this.#stream.respond(HEADERS, { waitForTrailers: true });
    if (bytes <= SMALL_BYTES || pieces.length > FEW_PIECES) {
      this.#stream.write(joined(pieces, bytes), flushed);
      return;
    }
    this.#stream.cork();
    this.#stream.write(prefixOf(bytes));
    for (const [i, piece] of pieces.entries()) this.#stream.write(piece, i === pieces.length - 1 ? flushed : undefined);
    this.#stream.uncork();
  }

  pause(): void {
    this.#paused = true;
    this.#flow();
  }

  resume(): void {
    this.#paused = false;
    this.#flow();
  }

  admitted(): void {
    this.#waits = false;
    this.#flow();
  }

  tooSlow(): void {
    this.fail({ code: STATUS.resourceExhausted, message: "a large request took too long while others waited" });
  }

  end(status: GrpcStatus = OK): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#status = status;
    if (this.#stream.destroyed) return;
    this.#stream.resume(); // what still comes is dropped, or the end of it would not be seen
    if (this.#stream.headersSent) this.#stream.end();
    else refuse(this.#stream, { ...HEADERS, ...trailersOf(status) });
  }

  /** Tells whoever serves the call to end it. */
  drain(): void {
    if (this.#state === "open") this.#events?.ended();
  }

  #take(chunk: Buffer): void {
    if (this.#state !== "open") return;
    const fault = this.#reader.take(chunk);
    if (fault !== undefined) this.fail(fault);
    else this.#weigh();
  }

  /** A request is whole. Behind one that waits for its turn it waits too. */
  #message(bytes: Buffer): void {
    const step = (): void => {
      if (this.#state === "open") this.#events?.message(bytes);
    };
    const { inbox } = this.#parts.shared;
    if (this.#queued === 0 && inbox.now(step)) return;
    this.#queued += 1;
    this.#queuedBytes += bytes.length;
    inbox.later(() => {
      this.#queued -= 1;
      this.#queuedBytes -= bytes.length;
      step();
      if (this.#events !== undefined) this.#weigh();
    });
  }

  /** What is kept is counted, and a large request is read on only if there is room. */
  #weigh(): void {
    const { partials, large } = this.#parts.shared;
    partials.set(this, this.#reader.keptBytes + this.#queuedBytes);
    if (this.#events === undefined) return; // it was ended for that
    if (this.#reader.isWithin && this.#reader.neededBytes > LARGE_BYTES) {
      this.#large = true;
      this.#waits = !large.begin(this, this.#reader.neededBytes);
    } else if (this.#large && this.#queued === 0) {
      this.#large = false;
      large.end(this);
    }
    this.#flow();
  }

  #flow(): void {
    if (this.#state !== "open") return; // what still comes is dropped
    const reads = !(this.#paused || this.#waits || this.#queued > 0);
    if (reads === this.#reads) return;
    this.#reads = reads;
    if (reads) this.#stream.resume();
    else this.#stream.pause();
  }

  #ended(): void {
    if (this.#state !== "open" || this.#stream.closed) return; // one that was reset or lost ends too, before it closes
    if (this.#reader.isWithin) this.fail({ code: STATUS.invalidArgument, message: "the last request is cut off" });
    else this.#events?.ended();
  }

  /** Ends it with a status for what it sent, and whoever serves it is told that it is over. */
  fail(status: GrpcStatus): void {
    this.#parts.offended();
    this.end(status);
    this.#tellClosed();
  }

  /** All that was written is on its way: the status, and an end to the client's half if that is still open. */
  #conclude(): void {
    this.#stream.sendTrailers(trailersOf(this.#status));
    leave(this.#stream);
  }

  #close(): void {
    this.#state = "closed";
    this.#tellClosed();
  }

  #tellClosed(): void {
    this.#reader.forget();
    this.#parts.shared.partials.set(this, 0);
    this.#parts.shared.large.end(this);
    const events = this.#events;
    this.#events = undefined;
    events?.closed();
  }
}

/** Answers a stream with headers alone. */
export function refuse(stream: ServerHttp2Stream, headers: Readonly<Record<string, string | number>>): void {
  stream.respond(headers, { endStream: true });
  stream.resume();
  leave(stream);
}

/** The client need not send what nobody reads: RST_STREAM without an error, once what we said is on its way (RFC 9113, section 8.1). */
function leave(stream: ServerHttp2Stream): void {
  setImmediate(() => {
    if (!stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
  });
}

function prefixOf(bytes: number): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefixInto(prefix, bytes);
  return prefix;
}

function joined(pieces: readonly Uint8Array[], bytes: number): Buffer {
  const out = Buffer.allocUnsafe(PREFIX_BYTES + bytes);
  prefixInto(out, bytes);
  let at = PREFIX_BYTES;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
