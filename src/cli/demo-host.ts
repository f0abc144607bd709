/**
 * A pretended wasm host: speaks HTTP as `wash host` 2.7.0 does and runs no WebAssembly. The quickstart and the tests send
 * requests to it where a real host would stand; what it answers tells which replica of which host got the request, and
 * what arrived. Like the real one it
 * - speaks HTTP/1.1 keep-alive and HTTP/2 with prior knowledge on one port (over TLS, whichever ALPN settles on);
 * - looks up the Host header, else the authority of the request line, without its port, exactly, with regard to case;
 * - picks at random among the replicas bound to that name, of whatever namespace, on every request;
 * - answers 404 for an unknown name, 400 without a name, 503 for a replica that is stopping, 500 for one that trapped, each empty.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { type Answerer, type Arrival, answer } from "./demo-answer.ts";

/** A replica bound to a name on this host. */
export interface DemoReplica {
  readonly workloadId: string;
  /** As in `shop/cart-7f9c`: what answers call it. */
  readonly workload: string;
  /** Its service has been told to stop and its route is not unbound yet: it answers 503. */
  readonly stopping?: boolean;
}

/** By name as registered, case and all; a name without replicas is unknown. */
export type DemoBindings = ReadonlyMap<string, readonly DemoReplica[]>;

/** answering: as described; refusing: nobody listens on the port; frozen: connections are accepted, nothing is answered. */
type DemoMode = "answering" | "refusing" | "frozen";

export interface DemoHostOptions {
  /** The name of its Host object: what answers call it. */
  readonly name: string;
  readonly hostId: string;
  /** IP address to listen on. Default 127.0.0.1. */
  readonly address?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** PEM texts; with them it speaks TLS only. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** A number in [0, 1) for the choice among replicas. Default Math.random. */
  readonly chance?: () => number;
  /**
   * How long a request for an unknown name waits for the name to be bound, in ms. Default 0, as a real host does: whoever runs one tells Signalbox
   * of a replica when the host has bound it. The quickstart tells both at once, by one file.
   */
  readonly lateBindingMs?: number;
  /** Told of each request that a replica is about to answer, for who wants to end it otherwise. */
  readonly onChosen?: (replica: DemoReplica, arrival: Arrival) => void;
}

export interface DemoHost {
  readonly name: string;
  readonly hostId: string;
  readonly port: number;
  /** `ip:port` or `[ipv6]:port`. */
  readonly authority: string;
  /** Requests that arrived since the start, whatever became of them. */
  readonly arrived: number;
  /** Connections open now. */
  readonly connections: number;
  /** Adds a replica to a name. */
  bind(name: string, replica: DemoReplica): void;
  /** Takes a replica from a name; requests under way go on. */
  unbind(name: string, workloadId: string): void;
  /** Replaces all bindings at once. */
  rebind(bindings: DemoBindings): void;
  /** Fulfilled once the mode holds. Leaving "frozen" answers what has waited; "refusing" cuts every connection. */
  setMode(mode: DemoMode): Promise<void>;
  /** Cuts every connection and frees the port. */
  stop(): Promise<void>;
}

/** Starts a host. @throws the listen error of the operating system (EADDRINUSE, EADDRNOTAVAIL). */
export async function startDemoHost(options: DemoHostOptions): Promise<DemoHost> {
  const address = options.address ?? "127.0.0.1";
  const bindings = new Map<string, readonly DemoReplica[]>();
  const sockets = new Set<Socket>();
  const chance = options.chance ?? Math.random;
  let arrived = 0;
  let mode: DemoMode = "answering";
  let thaw = Promise.withResolvers<void>();
  thaw.resolve();

  /** Called whenever bindings change; empty unless requests wait for a name. */
  const waiting = new Set<() => void>();
  const bound = (name: string): Promise<void> => {
    const { lateBindingMs = 0 } = options;
    if (lateBindingMs === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => (bindings.has(name) ? resolve() : undefined);
    waiting.add(look);
    const timer = setTimeout(resolve, lateBindingMs).unref();
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(look);
    });
  };
  const changed = (): void => {
    for (const look of waiting) look();
  };
  const answerer: Answerer = {
    name: options.name,
    hostId: options.hostId,
    authority: "",
    ...(options.onChosen === undefined ? {} : { onChosen: options.onChosen }),
    choose: async (name) => {
      if (!bindings.has(name)) await bound(name);
      const replicas = bindings.get(name) ?? [];
      return replicas[Math.floor(chance() * replicas.length)];
    },
  };
  const onRequest = (arrival: Arrival): void => {
    arrived++;
    void thaw.promise.then(() => answer(answerer, arrival));
  };
  const server = frontOf(options.tls, onRequest);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // a peer that resets is no news
  });
  const port = await listen(server, address, options.port ?? 0);
  const authority = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  Object.assign(answerer, { authority });

  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise((fulfil) => server.close(fulfil));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    name: options.name,
    hostId: options.hostId,
    port,
    authority,
    get arrived() {
      return arrived;
    },
    get connections() {
      return sockets.size;
    },
    bind: (name, replica) => {
      bindings.set(name, [...(bindings.get(name) ?? []), replica]);
      changed();
    },
    unbind: (name, workloadId) =>
      void bindings.set(
        name,
        (bindings.get(name) ?? []).filter((replica) => replica.workloadId !== workloadId),
      ),
    rebind: (all) => {
      bindings.clear();
      for (const [name, replicas] of all) bindings.set(name, replicas);
      changed();
    },
    setMode: async (next) => {
      if (next === mode) return;
      if (mode === "frozen") thaw.resolve();
      if (next === "frozen") thaw = Promise.withResolvers();
      if (next === "refusing") await close();
      else if (mode === "refusing") await listen(server, address, port);
      mode = next;
    },
    stop: async () => {
      thaw.resolve();
      await close();
    },
  };
}

/** One port for both protocols: each connection goes to whichever server speaks what it begins with. */
function frontOf(tls: DemoHostOptions["tls"], onRequest: (arrival: Arrival) => void): Server {
  const http1 = createHttpServer({ requireHostHeader: false }, (request, response) => onRequest({ request, response }));
  // The host closes no connection for idleness, and sets a request no time.
  http1.keepAliveTimeout = http1.headersTimeout = http1.requestTimeout = 0;
  const http2 = createHttp2Server((request, response) => onRequest({ request, response }));
  http2.on("sessionError", () => {});
  if (tls !== undefined) {
    const server = createTlsServer(
      { ...tls, noDelay: true, ALPNProtocols: ["h2", "http/1.1"] },
      (socket: TLSSocket) => {
        socket.on("error", () => {});
        (socket.alpnProtocol === "h2" ? http2 : http1).emit("connection", socket);
      },
    );
    server.on("tlsClientError", () => {});
    return server;
  }
  return createTcpServer({ noDelay: true }, (socket) =>
    sniff(socket, (isHttp2) => (isHttp2 ? http2 : http1).emit("connection", socket)),
  );
}

/** HTTP/2 with prior knowledge begins with "PRI * HTTP/2.0" (RFC 9113, 3.4); no method of HTTP/1.1 begins with "PRI". */
function sniff(socket: Socket, decided: (isHttp2: boolean) => void): void {
  const preface = "PRI";
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    socket.unshift(chunk);
    const start = chunk.toString("latin1", 0, preface.length);
    if (start.length < preface.length && preface.startsWith(start)) return; // more to come
    socket.removeListener("readable", onReadable);
    decided(start === preface);
  };
  socket.on("readable", onReadable);
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((fulfil, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.removeListener("error", reject);
      const bound = server.address();
      fulfil(typeof bound === "object" && bound !== null ? bound.port : port);
    });
  });
}
