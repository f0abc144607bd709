/** HTTP/1 as bytes: what fetch and node:http would put right before it reaches Envoy. */
import { connect } from "node:net";
import { PATIENCE_MS } from "../patience.ts";

export interface RawResponse {
  readonly status: number;
  /** Names in lower case; of several values the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends text as it is (lines end in \n, sent as \r\n) and reads one response to its end. Fails when none comes. */
export async function rawRequest(
  port: number,
  text: string,
  { prelude, from }: { readonly prelude?: Uint8Array; readonly from?: string } = {},
): Promise<RawResponse> {
  const socket = connect({ port, host: "127.0.0.1", ...(from === undefined ? {} : { localAddress: from }) });
  socket.setTimeout(PATIENCE_MS, () =>
    socket.destroy(new Error(`no response to ${JSON.stringify(text.slice(0, 200))}`)),
  );
  if (prelude !== undefined) socket.write(prelude);
  socket.write(text.replaceAll("\n", "\r\n"));
  const received: Buffer[] = [];
  let awaited: Awaited | undefined;
  let bytes = 0;
  let tail = "";
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received.push(chunk);
      bytes += chunk.length;
      tail = (tail + chunk.toString("latin1", Math.max(0, chunk.length - LAST_CHUNK.length))).slice(-LAST_CHUNK.length);
      awaited ??= awaitedOf(Buffer.concat(received).toString("latin1"));
      // Looked at once per chunk, not parsed anew: a client that reads slowly would hold up the very stream it tests.
      if (awaited?.bytes !== undefined ? bytes >= awaited.bytes : awaited !== undefined && tail === LAST_CHUNK) break;
    }
  } finally {
    socket.destroy();
  }
  if (awaited === undefined) throw new Error(`closed without a response to ${JSON.stringify(text.slice(0, 200))}`);
  const rest = Buffer.concat(received).toString("latin1").slice(awaited.bodyAt);
  const chunked = awaited.headers["transfer-encoding"] === "chunked";
  return { status: awaited.status, headers: awaited.headers, body: chunked ? dechunked(rest) : rest };
}

/** How a chunked body ends that has no trailers. */
const LAST_CHUNK = "\r\n0\r\n\r\n";

/** What the head of a response says of the rest. `bytes` is that of head and body; undefined: up to the last chunk, or until the connection is closed. */
interface Awaited {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyAt: number;
  readonly bytes: number | undefined;
}

function awaitedOf(received: string): Awaited | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = received.slice(0, end).split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines)
    headers[line.slice(0, line.indexOf(":")).toLowerCase()] = line.slice(line.indexOf(":") + 1).trim();
  const status = Number(first.split(" ")[1]);
  const bodyAt = end + 4;
  const length = status === 101 || status === 204 ? "0" : headers["content-length"];
  return { status, headers, bodyAt, bytes: length === undefined ? undefined : bodyAt + Number(length) };
}

function dechunked(text: string): string {
  const pieces: string[] = [];
  for (let at = 0; ; ) {
    const line = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) return pieces.join("");
    pieces.push(text.slice(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
