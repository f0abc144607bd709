/** What a pretended host answers: who it is, what arrived, and the long and odd kinds of responses that proxies get wrong. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import type { DemoReplica } from "./demo-host.ts";

/** A request and where its answer goes, of either protocol. */
export type Arrival =
  | { readonly request: IncomingMessage; readonly response: ServerResponse }
  | { readonly request: Http2ServerRequest; readonly response: Http2ServerResponse };

/** The host that answers. */
export interface Answerer {
  readonly name: string;
  readonly hostId: string;
  /** Its own `ip:port`. */
  readonly authority: string;
  /** One replica bound to this name, or undefined if there is none. */
  choose(name: string): Promise<DemoReplica | undefined>;
  /** Told of a request that a replica is about to answer. Whoever ends that answer otherwise is let do so. */
  readonly onChosen?: (replica: DemoReplica, arrival: Arrival) => void;
}

/** What the JSON answer says. */
export interface DemoAnswer {
  readonly host: string;
  readonly hostId: string;
  /** Where the host listens. */
  readonly address: string;
  readonly workload: string;
  readonly workloadId: string;
  /** Host header or :authority exactly as it arrived. */
  readonly authority: string;
  readonly protocol: "HTTP/1.0" | "HTTP/1.1" | "HTTP/2.0";
  readonly method: string;
  readonly path: string;
  /** As they arrived, names in lower case; pseudo-headers are left out. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Answers one request. Of the paths, these are special:
 * - `/echo` gives the body back while it arrives; so does any `application/grpc`, with the trailers of a good call;
 * - `/stream?count=3&everyMs=100` sends that many events, endless with count 0;
 * - `/slow?ms=500` waits before it answers; `/status/418` is an application's own status, with a body;
 * - `/trap` is a component that traps: 500, empty.
 * Anything else tells who answered: in one line, or as DemoAnswer to whom accepts `application/json`.
 */
export async function answer(host: Answerer, arrival: Arrival): Promise<void> {
  const { request, response: either } = arrival;
  // Both kinds of response take the same calls; only the union of their overloads has no signature.
  const response = either as ServerResponse;
  const authority = request.headers.host ?? request.headers[":authority"]?.toString() ?? absoluteAuthority(request.url);
  if (authority === undefined) return empty(response, 400);
  const replica = await host.choose(withoutPort(authority));
  if (replica === undefined) return empty(response, 404);
  host.onChosen?.(replica, arrival);
  if (replica.stopping === true) return empty(response, 503);

  const url = new URL(request.url ?? "/", "http://any.test");
  const number = (name: string, otherwise: number): number => Number(url.searchParams.get(name) ?? otherwise);
  const isGrpc = request.headers["content-type"]?.startsWith("application/grpc") === true;
  if (isGrpc || url.pathname === "/echo") return echo(request, response, isGrpc);
  request.resume();
  if (url.pathname === "/trap") return empty(response, 500);
  if (url.pathname === "/stream") return events(response, replica, number("count", 3), number("everyMs", 100));
  if (url.pathname === "/slow") await sleep(number("ms", 500));
  if (isOver(response)) return;
  const status = Number(/^\/status\/([2-5]\d\d)$/.exec(url.pathname)?.[1] ?? 200);
  const told: DemoAnswer = {
    host: host.name,
    hostId: host.hostId,
    address: host.authority,
    workload: replica.workload,
    workloadId: replica.workloadId,
    authority,
    protocol: `HTTP/${request.httpVersion}` as DemoAnswer["protocol"],
    method: request.method ?? "",
    path: request.url ?? "",
    headers: plainHeaders(request.headers),
  };
  const asJson = request.headers.accept?.includes("application/json") === true;
  const line = `${authority} is served by ${replica.workload} on host ${host.name} (${host.authority}), ${told.protocol}`;
  response.writeHead(status, { "content-type": asJson ? "application/json" : "text/plain; charset=utf-8" });
  response.end(`${asJson ? JSON.stringify(told) : line}\n`);
}

/** As the host's own errors are: a status, `content-length: 0` and a date. */
function empty(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": "0" });
  response.end();
}

function echo(request: Arrival["request"], response: ServerResponse, isGrpc: boolean): void {
  const type = request.headers["content-type"] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type, ...(isGrpc ? { trailer: "grpc-status, grpc-message" } : {}) });
  request.on("data", (chunk: Buffer) => {
    if (!isOver(response) && !response.write(chunk)) request.pause();
  });
  response.on("drain", () => request.resume());
  request.on("end", () => {
    if (isOver(response)) return;
    if (isGrpc) response.addTrailers({ "grpc-status": "0", "grpc-message": "echoed" });
    response.end();
  });
}

async function events(response: ServerResponse, replica: DemoReplica, count: number, everyMs: number): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  for (let i = 1; (count === 0 || i <= count) && !isOver(response); i++) {
    response.write(`id: ${i}\ndata: ${replica.workload}\n\n`);
    if (i !== count) await sleep(everyMs);
  }
  response.end();
}

/** Nothing can be written any more: the client has left, or somebody has ended the answer. */
const isOver = (response: ServerResponse): boolean => response.writableEnded || response.closed || response.destroyed;

/** `GET http://shop.test/ HTTP/1.0` names its authority in the request line. */
function absoluteAuthority(target: string | undefined): string | undefined {
  return /^https?:\/\/([^/?#]*)/.exec(target ?? "")?.[1];
}

/** Like the host since 2.7.0: `shop.test:8080` and `shop.test:x` lose what follows the colon, `[::1]:80` becomes `::1`. */
function withoutPort(authority: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(authority)?.[1];
  return bracketed ?? authority.replace(/:[^:]*$/, "");
}

function plainHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
