/** One HTTP/2 request with prior knowledge and a hostname of one's own. */
import { connect, type IncomingHttpHeaders } from "node:http2";
import { PATIENCE_MS } from "../patience.ts";

export interface Http2Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, string>>;
}

/** `GET /` unless the headers say otherwise. Fails when no answer comes, or the connection breaks. */
export async function http2Request(
  port: number,
  authority: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Http2Response> {
  // Node resets its own stream once a session holds 10 MB, the default.
  const session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 64 });
  try {
    return await new Promise((fulfil, reject) => {
      session.on("error", reject);
      const request = session.request({ ":method": "GET", ":path": "/", ":authority": authority, ...headers });
      request.setTimeout(PATIENCE_MS, () => reject(new Error(`no response from ${authority}`)));
      request.on("error", reject);
      let received: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      request.on("response", (given) => {
        received = given;
      });
      request.on("trailers", (given) => {
        trailers = given;
      });
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () =>
        fulfil({
          status: Number(received[":status"]),
          headers: received as Record<string, string>,
          body: Buffer.concat(chunks).toString("latin1"),
          trailers: trailers as Record<string, string>,
        }),
      );
      request.end(body);
    });
  } finally {
    session.destroy();
  }
}
