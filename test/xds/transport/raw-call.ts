/** A gRPC client made of node:http2 alone, which can do what libraries do not. */
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";

/** A message behind its prefix. */
export function framed(message: string | Uint8Array): Buffer {
  const body = Buffer.from(message);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/** How a call ended: HTTP status, gRPC status and message (from trailers, or from headers without a body), and what was reset. */
export interface Ended {
  readonly http: number | undefined;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly reset: number;
}

export interface RawCall {
  readonly stream: ClientHttp2Stream;
  readonly ended: Promise<Ended>;
  /** All bytes of the response's body so far. */
  readonly body: () => Buffer;
}

export function connectTo(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  return session;
}

/** Opens a call; headers are those of gRPC unless told otherwise. */
export function call(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): RawCall {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const chunks: Buffer[] = [];
  let head: IncomingHttpHeaders & { readonly ":status"?: number | undefined } = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on("error", () => undefined);
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("response", (got) => {
    head = got;
  });
  stream.on("trailers", (got) => {
    trailers = got;
  });
  const ended = once(stream, "close").then(() => {
    const said = { ...head, ...trailers };
    const text = (name: string) => said[name] as string | undefined;
    const http = head[":status"];
    return { http, code: text("grpc-status"), message: text("grpc-message"), reset: stream.rstCode ?? 0 };
  });
  return { stream, ended, body: () => Buffer.concat(chunks) };
}
