/**
 * The least of HTTP/2 that one gRPC stream over one connection needs, written straight onto the socket: a thousand clients must cost less than the
 * server that they measure, and node:http2 costs the same on both sides. For well-behaved servers only: what is not expected throws.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** Frame types and flags of RFC 9113, section 6. */
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const PADDED = 8;

/** What may be under way to us on the stream, and on the connection: as Signalbox's bootstraps have it. */
const WINDOW = 262_144;
const FIRST_WINDOW = 65_535;
const MAX_FRAME = 16_384;

/** What happens on the stream. */
export interface StreamEvents {
  /** One gRPC message; valid until the callback returns. */
  readonly message: (bytes: Buffer) => void;
  /** The stream or the connection is over, and why. Once. */
  readonly closed: (why: string) => void;
}

/** A gRPC stream on a connected socket. */
export class GrpcStream {
  readonly #socket: Socket;
  readonly #on: StreamEvents;
  #unread: Buffer = Buffer.alloc(0);
  #message: Buffer[] = []; // DATA of a message that is not whole yet
  #messageBytes = 0;
  #consumed = 0; // not given back to the server's windows yet
  #streamWindow = FIRST_WINDOW;
  #connectionWindow = FIRST_WINDOW;
  #initialWindow = FIRST_WINDOW;
  #waiting: Buffer[] = []; // requests that the server's windows had no room for
  #closed = false;
  /** Bytes of gRPC messages received so far, prefixes included. */
  receivedBytes = 0;

  constructor(socket: Socket, path: string, on: StreamEvents) {
    this.#socket = socket;
    this.#on = on;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#close(error.message));
    socket.on("close", () => this.#close("the connection was closed"));
    const settings = Buffer.alloc(12);
    settings.writeUInt16BE(2, 0); // ENABLE_PUSH 0
    settings.writeUInt16BE(4, 6); // INITIAL_WINDOW_SIZE
    settings.writeUInt32BE(WINDOW, 8);
    const wider = Buffer.alloc(4);
    wider.writeUInt32BE(WINDOW - FIRST_WINDOW);
    socket.write(
      Buffer.concat([
        Buffer.from(PREFACE),
        frame(SETTINGS, 0, 0, settings),
        frame(WINDOW_UPDATE, 0, 0, wider),
        frame(HEADERS, END_HEADERS, 1, requestHeaders(path, socket instanceof TLSSocket ? "https" : "http")),
      ]),
    );
  }

  /** Sends one gRPC message, as soon as the server's windows let it. */
  send(body: Uint8Array): void {
    const message = Buffer.allocUnsafe(5 + body.length);
    message[0] = 0;
    message.writeUInt32BE(body.length, 1);
    message.set(body, 5);
    this.#waiting.push(message);
    this.#flush();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #close(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#on.closed(why);
  }

  #take(chunk: Buffer): void {
    let bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    while (bytes.length >= 9 && !this.#closed) {
      const length = bytes.readUIntBE(0, 3);
      if (bytes.length < 9 + length) break;
      this.#frame(bytes[3] as number, bytes[4] as number, bytes.readUInt32BE(5), bytes.subarray(9, 9 + length));
      bytes = bytes.subarray(9 + length);
    }
    this.#unread = bytes;
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === DATA) {
      if ((flags & PADDED) !== 0) throw new Error("padding was not expected");
      this.#data(payload);
    }
    if (type === SETTINGS && (flags & ACK) === 0) this.#settings(payload);
    if (type === PING && (flags & ACK) === 0) this.#socket.write(frame(PING, ACK, 0, payload));
    if (type === WINDOW_UPDATE) this.#widen(stream, payload.readUInt32BE(0));
    if (type === RST_STREAM) this.#close(`RST_STREAM ${payload.readUInt32BE(0)}`);
    if (type === GOAWAY && payload.readUInt32BE(4) !== 0) this.#close(`GOAWAY ${payload.readUInt32BE(4)}`);
    if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0)
      this.#close(`the stream was ended: ${payload.toString("latin1").replace(/[^ -~]+/g, " ")}`);
  }

  #data(payload: Buffer): void {
    this.#consumed += payload.length;
    this.receivedBytes += payload.length;
    let rest = payload;
    while (rest.length > 0) {
      if (this.#messageBytes === 0 && rest.length >= 5) {
        const end = 5 + rest.readUInt32BE(1);
        if (rest.length >= end) {
          this.#on.message(rest.subarray(5, end));
          rest = rest.subarray(end);
          continue;
        }
      }
      rest = this.#gather(rest);
    }
    if (this.#consumed < WINDOW / 2 || this.#closed) return;
    const update = Buffer.alloc(4);
    update.writeUInt32BE(this.#consumed);
    this.#consumed = 0;
    this.#socket.write(Buffer.concat([frame(WINDOW_UPDATE, 0, 0, update), frame(WINDOW_UPDATE, 0, 1, update)]));
  }

  /** Keeps what belongs to a message that is not whole; gives what is behind it. */
  #gather(bytes: Buffer): Buffer {
    if (this.#messageBytes < 5 && this.#messageBytes > 0) {
      this.#message = [Buffer.concat([...this.#message, bytes])];
      this.#messageBytes = this.#message[0]?.length ?? 0;
    } else {
      this.#message.push(Buffer.from(bytes)); // the socket's memory is used again
      this.#messageBytes += bytes.length;
    }
    const first = this.#message[0] as Buffer;
    if (this.#messageBytes < 5 || first.length < 5) return bytes.subarray(bytes.length);
    const end = 5 + first.readUInt32BE(1);
    if (this.#messageBytes < end) return bytes.subarray(bytes.length);
    const whole = Buffer.concat(this.#message);
    this.#message = [];
    this.#messageBytes = 0;
    this.#on.message(whole.subarray(5, end));
    return whole.subarray(end);
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== 4) continue;
      const initial = payload.readUInt32BE(at + 2);
      this.#streamWindow += initial - this.#initialWindow;
      this.#initialWindow = initial;
    }
    this.#socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    this.#flush();
  }

  #widen(stream: number, by: number): void {
    if (stream === 0) this.#connectionWindow += by;
    else this.#streamWindow += by;
    this.#flush();
  }

  #flush(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const room = Math.min(this.#streamWindow, this.#connectionWindow, MAX_FRAME, next.length);
      if (room <= 0) return;
      this.#streamWindow -= room;
      this.#connectionWindow -= room;
      this.#socket.write(frame(DATA, 0, 1, next.subarray(0, room)));
      if (room === next.length) this.#waiting.shift();
      else this.#waiting[0] = next.subarray(room);
    }
  }
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, 9);
  return bytes;
}

/** HPACK (RFC 7541) without tables or Huffman codes: literals, and indices of the static table where it has all of a field. */
function requestHeaders(path: string, scheme: "http" | "https"): Buffer {
  return Buffer.concat([
    Buffer.from([0x83, scheme === "http" ? 0x86 : 0x87]), // :method POST, :scheme
    literal(":path", path),
    literal(":authority", "xds.test"),
    literal("content-type", "application/grpc"),
    literal("te", "trailers"),
  ]);
}

function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

function text(value: string): Buffer {
  if (value.length > 126) throw new Error(`${value} is longer than one byte of length says`);
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}
