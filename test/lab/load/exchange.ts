/** One request by one of its kinds, to its end. */
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { RequestKind, What, Written } from "./request-kind.ts";
import type { Absence, Received } from "./site.ts";

const TIMEOUT_MS = 15_000;

/** What is sent bit by bit, and how long it takes if nobody holds it up. */
interface Upload {
  readonly piece: Buffer;
  readonly pieces: number;
  readonly everyMs: number;
}

const SHORT: Upload = { piece: Buffer.alloc(16_384, "u"), pieces: 4, everyMs: 60 };
const LONG: Upload = { piece: Buffer.alloc(65_536, "u"), pieces: 320, everyMs: 30 };
const EVENTS = 20;
/** Longer than the 15 s that Envoy gives a route by default. */
const LONG_EVENTS = 170;
/** An uncompressed message of five bytes, with gRPC's frame in front. */
const GRPC_MESSAGE = Buffer.from([0, 0, 0, 0, 5, 10, 3, 108, 97, 98]);

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly send: (body: Writable) => Promise<void> | void;
  /** Whether this is the answer, complete, of the replica that says it gave it. */
  readonly right: (body: Buffer, trailers: Readonly<Record<string, unknown>>, servedBy: string) => boolean;
}

const line = Buffer.from("what the laboratory writes\n");

const ASKED: Readonly<Record<What, Asked>> = {
  read: {
    method: "GET",
    path: "/",
    headers: {},
    send: (body) => void body.end(),
    right: (body, _, servedBy) => body.includes(`is served by ${servedBy} `),
  },
  write: {
    method: "POST",
    path: "/echo",
    headers: { "content-type": "text/plain", "content-length": String(line.length) },
    send: (body) => void body.end(line),
    right: (body) => body.equals(line),
  },
  call: {
    method: "POST",
    path: "/lab.Echo/Echo",
    headers: { "content-type": "application/grpc", te: "trailers" },
    send: (body) => void body.end(GRPC_MESSAGE),
    right: (body, trailers) => body.equals(GRPC_MESSAGE) && trailers["grpc-status"] === "0",
  },
  upload: {
    method: "POST",
    path: "/echo",
    headers: { "content-type": "application/octet-stream" },
    ...uploadOf(SHORT),
  },
  stream: streamOf(EVENTS),
  "long-upload": {
    method: "POST",
    path: "/echo",
    headers: { "content-type": "application/octet-stream" },
    ...uploadOf(LONG),
  },
  "long-stream": streamOf(LONG_EVENTS),
};

function uploadOf({ piece, pieces, everyMs }: Upload): Pick<Asked, "send" | "right"> {
  return {
    send: async (body) => {
      for (let i = 0; i < pieces; i++) {
        if (body.destroyed) return;
        const room = body.write(piece);
        // One that nobody takes ends with the request's time-out.
        while (!room && body.writableNeedDrain && !body.destroyed) await sleep(everyMs);
        await sleep(everyMs);
      }
      body.end();
    },
    right: (body) => body.length === pieces * piece.length,
  };
}

function streamOf(events: number): Asked {
  return {
    method: "GET",
    path: `/stream?count=${events}&everyMs=100`,
    headers: {},
    send: (body) => void body.end(),
    right: (body, _, servedBy) => body.toString().split(`data: ${servedBy}\n`).length === events + 1,
  };
}

const WRITTEN: Readonly<Record<Written, (hostname: string) => string>> = {
  "with port": (hostname) => `${hostname}:8080`,
  "upper case": (hostname) => hostname.toUpperCase(),
  absolute: (hostname) => `${hostname}.`,
};

/** The hostname as this kind of request writes it. */
const writtenBy = ({ written }: RequestKind, hostname: string): string =>
  written === undefined ? hostname : WRITTEN[written](hostname);

export interface Target {
  readonly hostname: string;
  readonly port: number;
}

/** Connections to one proxy; new ones are made when there is none, or it broke. */
export class Exchange {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  readonly #sessions = new Map<number, ClientHttp2Session>();

  /** Never rejects. */
  async perform(kind: RequestKind, target: Target, agent: string): Promise<Received> {
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), kind.timeoutMs ?? TIMEOUT_MS);
    const call: Call = { asked: ASKED[kind.what], kind, target, agent, signal: aborter.signal, begun: false };
    try {
      return kind.over === "http1" ? await this.#http1(call) : await this.#http2(call);
    } catch (error) {
      const { code = "", message = "" } = error as NodeJS.ErrnoException;
      const as = aborter.signal.aborted ? "time-out" : "cut";
      return { failure: { as, text: `${code} ${message}`.trim(), begun: call.begun } };
    } finally {
      clearTimeout(timer);
    }
  }

  async #http1(call: Call): Promise<Received> {
    const { asked, target, signal } = call;
    const asking = request({
      host: "127.0.0.1",
      port: target.port,
      method: asked.method,
      path: asked.path,
      headers: { ...asked.headers, host: writtenBy(call.kind, target.hostname), "user-agent": call.agent },
      agent: call.kind.newConnection === true ? false : this.#agent,
      signal,
    });
    asking.setNoDelay(true);
    asking.on("error", () => {}); // of what is sent after the answer has ended; before that, the next line rejects
    const answered = once(asking, "response");
    void asked.send(asking);
    const [answer] = (await answered) as [IncomingMessage];
    call.begun = true;
    const body = await bytesOf(answer);
    if (!answer.complete) throw new Error("the answer ended early");
    const servedBy = replicaOf(answer.headers);
    return receivedOf(answer.statusCode ?? 0, asked.right(body, answer.trailers, servedBy ?? ""), { body, servedBy });
  }

  async #http2(call: Call): Promise<Received> {
    const { asked, target, signal } = call;
    const stream = this.#session(target.port).request(
      {
        ":method": asked.method,
        ":path": asked.path,
        ":authority": writtenBy(call.kind, target.hostname),
        ...asked.headers,
        "user-agent": call.agent,
      },
      { signal },
    );
    stream.on("error", () => {});
    let trailers: Readonly<Record<string, unknown>> = {};
    stream.on("trailers", (given) => {
      trailers = given;
    });
    const answered = once(stream, "response");
    void asked.send(stream);
    const [head] = (await answered) as [Readonly<Record<string, unknown>>];
    // A call that failed before its answer began has its status in the head: Envoy answers 200 to gRPC whatever happened.
    const refused = head["grpc-status"];
    call.begun = refused === undefined;
    const body = await bytesOf(stream);
    if (stream.rstCode !== 0) throw new Error(`the stream was reset: ${stream.rstCode}`);
    if (refused !== undefined) return refusalOf(String(refused), String(head["grpc-message"] ?? ""));
    const servedBy = replicaOf(head);
    return receivedOf(Number(head[":status"]), asked.right(body, trailers, servedBy ?? ""), { body, servedBy });
  }

  #session(port: number): ClientHttp2Session {
    const known = this.#sessions.get(port);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    // Told to leave: requests under way end on it, the next one opens another.
    session.on("goaway", () => this.#sessions.delete(port));
    session.on("close", () => this.#sessions.get(port) === session && this.#sessions.delete(port));
    this.#sessions.set(port, session);
    return session;
  }

  close(): void {
    this.#agent.destroy();
    for (const session of this.#sessions.values()) session.destroy();
  }
}

interface Call {
  readonly asked: Asked;
  readonly kind: RequestKind;
  readonly target: Target;
  readonly agent: string;
  readonly signal: AbortSignal;
  begun: boolean;
}

async function bytesOf(answer: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Replicas of the laboratory name themselves, whatever they answer. */
function replicaOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const servedBy = headers["lab-served-by"];
  return typeof servedBy === "string" ? servedBy : undefined;
}

/** What gateways say of a hostname that nobody serves. */
const NO_REPLICA = "No backend available";

interface Answer {
  readonly body: Buffer;
  readonly servedBy: string | undefined;
}

function receivedOf(status: number, right: boolean, { body, servedBy }: Answer): Received {
  const words = body.subarray(0, 120).toString("latin1").trim();
  const by = servedBy === undefined ? {} : { servedBy };
  if (status === 200) return right ? by : { ...by, failure: { as: "wrong", text: words, begun: true } };
  const failure = { as: "answer", text: `${status} ${words}`.trim(), begun: false } as const;
  const absence = absenceOf(status, words);
  return absence === undefined ? { ...by, failure } : { ...by, failure, absence };
}

function absenceOf(status: number, words: string): Absence | undefined {
  if (status === 503 && words === NO_REPLICA) return "no-replica";
  return status === 404 && words === "" ? "unknown" : undefined;
}

/** Envoy's own answers to gRPC: 14 (UNAVAILABLE) stands for 503, 12 (UNIMPLEMENTED) for 404. */
function refusalOf(status: string, message: string): Received {
  const failure = { as: "answer", text: `grpc-status ${status} ${message}`, begun: false } as const;
  if (status === "14" && decodeURIComponent(message).trim() === NO_REPLICA) return { failure, absence: "no-replica" };
  return status === "12" ? { failure, absence: "unknown" } : { failure };
}
