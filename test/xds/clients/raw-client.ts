/** HTTP/2 frames on a bare socket, well formed or not, in any order and number: what no HTTP/2 library lets one send. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Frame types and flags of RFC 9113, section 6. */
export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const END_HEADERS = 4;
const ACK = 1;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEAD = 9;
const FIRST_WINDOW = 65_535;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const out = Buffer.alloc(FRAME_HEAD + payload.length);
  out.writeUIntBE(payload.length, 0, 3);
  out[3] = type;
  out[4] = flags;
  out.writeUInt32BE(stream, 5);
  out.set(payload, FRAME_HEAD);
  return out;
}

/** Literal header fields without indexing or Huffman coding (RFC 7541, section 6.2.2). */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const length = (value: number): number[] => {
    if (value < 127) return [value];
    const bytes = [127];
    let rest = value - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    return [...bytes, rest];
  };
  const text = (value: string) => [Buffer.from(length(Buffer.byteLength(value))), Buffer.from(value)];
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), ...text(name), ...text(value)]),
  );
}

export const DELTA_PATH = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

/** The headers of a gRPC call. */
export const callHeaders = (more: Readonly<Record<string, string>> = {}): Buffer =>
  headerBlock({
    ":method": "POST",
    ":scheme": "http",
    ":path": DELTA_PATH,
    ":authority": "xds",
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  });

/** DATA frames of one gRPC message, its prefix first. */
export function messageFrames(stream: number, body: Uint8Array, compressed = false): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(body.length, 1);
  const message = Buffer.concat([prefix, body]);
  const frames: Buffer[] = [];
  for (let at = 0; at < message.length; at += 16_384)
    frames.push(frame(FRAME.data, 0, stream, message.subarray(at, at + 16_384)));
  return Buffer.concat(frames);
}

/** A connection that has sent its preface and settings. */
export class RawClient {
  readonly socket: Socket;
  /** How often each type of frame came. */
  readonly received = new Map<number, number>();
  /** Error code of the last GOAWAY. */
  goaway: number | undefined;
  readonly closed: Promise<void>;
  readonly #windows = new Map<number, number>(); // by stream; 0 is the connection
  #waiting: (() => void)[] = [];
  #unread: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined); // cut by the other side, which is what tests wait for
    this.closed = new Promise((settle) => socket.once("close", () => settle()));
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
  }

  /** `settings`: pairs of identifier and value. */
  static async connect(port: number, settings: readonly (readonly [number, number])[] = []): Promise<RawClient> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const client = new RawClient(socket);
    const payload = Buffer.alloc(settings.length * 6);
    for (const [at, [id, value]] of settings.entries()) {
      payload.writeUInt16BE(id, at * 6);
      payload.writeUInt32BE(value, at * 6 + 2);
    }
    socket.write(PREFACE);
    socket.write(frame(FRAME.settings, 0, 0, payload));
    return client;
  }

  /** Settles when there is room for more, or the connection is over. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.socket.destroyed || this.socket.write(bytes)) return;
    const room = new Promise<void>((settle) => this.socket.once("drain", settle));
    await Promise.race([room, this.closed]);
  }

  /** Sends the same bytes so many times, or until the connection is over. */
  async flood(bytes: Uint8Array, times: number): Promise<void> {
    for (let sent = 0; sent < times && !this.socket.destroyed; sent++) await this.send(bytes);
  }

  /** Sends DATA as far as the server's windows allow, and waits for them, or for the end of the connection. */
  async data(stream: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.socket.destroyed; ) {
      const [ofAll, own] = [this.#windowOf(0), this.#windowOf(stream)];
      const size = Math.min(16_384, ofAll, own, bytes.length - at);
      if (size <= 0) {
        await Promise.race([new Promise<void>((settle) => this.#waiting.push(settle)), this.closed]);
        continue;
      }
      this.#windows.set(0, ofAll - size);
      this.#windows.set(stream, own - size);
      await this.send(frame(FRAME.data, 0, stream, bytes.subarray(at, at + size)));
      at += size;
    }
  }

  #windowOf(stream: number): number {
    return this.#windows.get(stream) ?? FIRST_WINDOW;
  }

  /** Opens a stream; `id` is odd and rises. */
  open(id: number, more: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.send(frame(FRAME.headers, END_HEADERS, id, callHeaders(more)));
  }

  /** Not even what is there already is read. */
  freeze(): void {
    this.socket.pause();
  }

  end(): void {
    this.socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    while (this.#unread.length >= FRAME_HEAD) {
      const end = FRAME_HEAD + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < end) return;
      const head = this.#unread;
      const [type, flags] = [head[3] ?? 0, head[4] ?? 0];
      const payload = this.#unread.subarray(FRAME_HEAD, end);
      this.#unread = this.#unread.subarray(end);
      this.received.set(type, (this.received.get(type) ?? 0) + 1);
      if (type === FRAME.windowUpdate) {
        const stream = head.readUInt32BE(5);
        this.#windows.set(stream, this.#windowOf(stream) + payload.readUInt32BE(0));
        for (const settle of this.#waiting.splice(0)) settle();
      }
      if (type === FRAME.goaway) this.goaway = payload.readUInt32BE(4);
      if (type === FRAME.settings && (flags & ACK) === 0) this.socket.write(frame(FRAME.settings, ACK, 0));
    }
  }
}
