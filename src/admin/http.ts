/** The HTTP server for people, probes and Prometheus. Read-only, without a password: loopback unless configured otherwise. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as breath } from "node:timers/promises";
import { type Answer, indexText, type Route, text } from "./routes.ts";

/** What the server needs. */
export interface AdminHttpOptions {
  readonly address: { readonly ip: string; readonly port: number };
  readonly routes: readonly Route[];
  /** Told of answers that failed on our side; the client gets a 500. */
  readonly onError: (path: string, cause: unknown) => void;
}

/** A listening server. */
export interface AdminHttp {
  readonly port: number;
  /** Stops listening and ends answers that are under way. */
  close(): Promise<void>;
}

/** Connections at once. Probes, Prometheus and some people need few; a leak elsewhere should not cost us our file descriptors. */
const MAX_CONNECTIONS = 64;

/** Listens; rejects with the operating system's error (EADDRINUSE …) if it cannot. */
export async function serveAdminHttp({ address, routes, onError }: AdminHttpOptions): Promise<AdminHttp> {
  const server = createServer({ maxHeaderSize: 8192, headersTimeout: 5_000, requestTimeout: 10_000 });
  server.maxConnections = MAX_CONNECTIONS;
  server.on("request", (request, response) => {
    answerOf(request, routes)
      .catch((cause: unknown) => {
        onError(request.url ?? "", cause);
        return text(500, "This is a fault of Signalbox; its log tells more.\n");
      })
      .then((answer) => send(answer, request, response))
      .catch((cause: unknown) => {
        // A client that goes away is no fault. Anything else left an answer cut off, which only ending the connection can tell.
        if (!isGone(cause)) onError(request.url ?? "", cause);
        response.destroy();
      });
  });
  server.listen(address.port, address.ip);
  await once(server, "listening");
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : address.port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function answerOf(request: IncomingMessage, routes: readonly Route[]): Promise<Answer> {
  const { method = "", url = "/", headers } = request;
  if (method !== "GET" && method !== "HEAD") return text(405, "Only GET: nothing can be changed here.\n");
  const parsed = URL.parse(url, "http://localhost");
  if (parsed === null) return text(400, "This is no path.\n");
  const route = routes.find(({ path }) => path === parsed.pathname);
  if (route?.anyHost !== true && !isOwnName(headers.host))
    return text(
      403,
      `Ask by IP address or as localhost: ${JSON.stringify(headers.host ?? "")} could be any site's name.\n`,
    );
  if (route === undefined) return text(404, `There is no ${parsed.pathname}. There is:\n\n${indexText(routes)}`);
  const unknown = [...parsed.searchParams.keys()].find((name) => !route.parameters.includes(name));
  if (unknown !== undefined)
    return text(400, `${route.path} takes ${route.parameters.join(", ") || "no parameter"}, not ${unknown}.\n`);
  return route.answer(parsed.searchParams);
}

/**
 * Against DNS rebinding: a web page may point a name of its own at our address and read the answers as its own. It cannot make a browser send
 * an IP address or `localhost` as Host, so only these are answered.
 */
function isOwnName(host: string | undefined): boolean {
  const name = (host ?? "").replace(/:\d*$/, "").toLowerCase();
  return name === "localhost" || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0;
}

async function send(answer: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(answer.status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  if (request.method === "HEAD") response.end();
  else await pipeline(Readable.from(withBreath(answer.parts)), response);
}

/** Lets everything else have its turn after each part. A part is made only when the client has taken the last ones. */
async function* withBreath(parts: Iterable<string>): AsyncIterable<string> {
  for (const part of parts) {
    if (part !== "") yield part;
    await breath();
  }
}

function isGone(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ECONNRESET" || code === "EPIPE";
}
