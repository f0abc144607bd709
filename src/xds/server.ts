/** The xDS server: the gRPC methods of the aggregated and the separate services, and the proxies that call them. */
import { createServer, type Server, type Socket } from "node:net";
import type { ResourceRef, TypeUrl } from "../codec/resource.ts";
import { Coalescer } from "./coalesce.ts";
import { Connections } from "./connections.ts";
import type { Bounds } from "./delivery/leaving.ts";
import type { Reword } from "./delivery/reword.ts";
import type { AnyRequest } from "./intake.ts";
import { type Limits, limitsOf } from "./limits.ts";
import { type ListenFailure, listen } from "./listen.ts";
import type {
  Delivery,
  Denial,
  NodeIdentity,
  ProxyClient,
  ProxyLabel,
  ProxySnapshot,
  ProxyStatus,
  XdsObserver,
} from "./observer.ts";
import { Outlets } from "./outlet.ts";
import type { Answer, Response } from "./protocol/channel.ts";
import { Denied } from "./protocol/denied.ts";
import { deltaVariant, sotwVariant, type Variant } from "./protocol/variant.ts";
import { ConnectedProxy } from "./proxy.ts";
import { servicesOf } from "./services.ts";
import { type AnySession, Session, type SessionEvents } from "./session.ts";
import { type Standing, standingsOf } from "./standing.ts";
import type { ResourceStore } from "./store.ts";
import { type TlsCredentials, TlsHandshakes } from "./tls-handshakes.ts";
import type { Call, CallEvents } from "./transport/call.ts";
import { type GrpcStatus, STATUS } from "./transport/grpc-status.ts";
import { GrpcTransport } from "./transport/transport.ts";

/** What a proxy is given. */
export interface Assignment {
  readonly fleet: string;
  readonly store: ResourceStore;
}

/** Options of the server; what is left out has the default told. */
export interface XdsServerOptions {
  /**
   * The fleet of a proxy, undefined if it matches none: then it is sent nothing at all. A denial ends the stream and tells the client why. Asked once per proxy when its first request
   * arrives, and again by `reassign`. Must be quick and must not throw. May create the store; the proxy waits until that is complete.
   */
  readonly assign: (client: ProxyClient) => Assignment | Denial | undefined;
  readonly observer?: XdsObserver;
  /** How long a resource waits at most for the acknowledgement of what it requires, in ms. Default 10,000. 0 does not wait. */
  readonly ackBoundMs?: number;
  /** How long a cluster stays after the proxy acknowledged that nothing points at it, in ms. Default 30,000. 0 removes it at once. */
  readonly graceMs?: number;
  /**
   * Bytes handed to sockets and not yet flushed, of all streams. Default 50,000,000. One response may exceed what is left, and as much again may be
   * in flight to clients that take nothing.
   */
  readonly inFlightBytes?: number;
  /** Largest request. Default 33,554,432: a reconnecting proxy names everything it has. */
  readonly maxRequestBytes?: number;
  /** A connection that is silent this long is pinged, in ms. Default 30,000. */
  readonly keepaliveMs?: number;
  /** It is closed when the ping is not answered within this time, in ms. Default 10,000. */
  readonly keepaliveTimeoutMs?: number;
  /** What one client, and all together, may ask for. What is left out has its default. */
  readonly limits?: Partial<Limits>;
  /** Other bytes for a resource that is sent again after a refusal. Default: none, the same bytes are sent. */
  readonly reword?: Reword;
  /** Monotonic time in ms since the epoch. Default: this process's. */
  readonly clock?: () => number;
}

/** Options of a port that speaks TLS; what is left out has the default told. */
export interface TlsOptions {
  readonly credentials: TlsCredentials;
  /**
   * Oldest that a connection gets, in ms: then its streams are ended, and the client comes back on another, with the certificates of then and to
   * any replica. Connections that began together end spread over the last fifth. Default 0: as old as they like.
   */
  readonly maxAgeMs?: number;
}

interface Followed {
  readonly proxies: Set<ConnectedProxy>;
  readonly stop: () => void;
}

/** Serves resources to proxies. One per process, on as many addresses as asked for. */
export class XdsServer {
  readonly #transport: GrpcTransport;
  readonly #options: XdsServerOptions;
  readonly #observer: XdsObserver;
  readonly #clock: () => number;
  readonly #limits: Limits;
  readonly #connections: Connections;
  readonly #listeners: Server[] = [];
  readonly #outlets: Outlets;
  readonly #sessions = new Set<AnySession>();
  readonly #proxies = new Map<string, Set<ConnectedProxy>>(); // by connection and node id
  readonly #stores = new Map<ResourceStore, Followed>();
  readonly #handshakes: TlsHandshakes[] = [];
  #serial = 0;

  constructor(options: XdsServerOptions) {
    const { ackBoundMs = 10_000, graceMs = 30_000, inFlightBytes = 50_000_000 } = options;
    this.#options = options;
    this.#observer = options.observer ?? {};
    this.#clock = options.clock ?? (() => performance.timeOrigin + performance.now());
    this.#limits = limitsOf(options.limits ?? {});
    this.#connections = new Connections({
      limits: this.#limits,
      clock: this.#clock,
      limited: (limit, peer, what) => this.#observer.limited?.(limit, peer, what),
    });
    this.#outlets = new Outlets({ inFlightBytes, stallMs: this.#limits.stallMs, clock: this.#clock });
    const bounds: Bounds = { ackBoundMs, graceMs };
    const { reword } = options;
    const delta = deltaVariant({ bounds, reword });
    const sotw = sotwVariant({ bounds, reword });
    const services = servicesOf({
      delta: (onlyType) => (call) => this.#accept(call, onlyType, delta),
      sotw: (onlyType) => (call) => this.#accept(call, onlyType, sotw),
    });
    this.#transport = new GrpcTransport({
      handler: (path) => services.get(path),
      settings: {
        keepaliveMs: options.keepaliveMs ?? 30_000,
        keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 10_000,
      },
      maxRequestBytes: options.maxRequestBytes ?? 33_554_432,
      // Streams of methods that nobody serves never become sessions. Those over the limit are refused with words; these are refused by HTTP/2.
      maxCalls: 2 * this.#limits.streamsPerConnection,
      on: {
        offended: ({ peer }) => this.#connections.of(peer).offended(),
        overfull: ({ peer }, what) => this.#connections.of(peer).limited("maxRequestBytes", what),
      },
    });
  }

  /** Bytes handed to sockets and not flushed yet, of all streams. */
  get inFlightBytes(): number {
    return this.#outlets.inFlightBytes;
  }

  /** Listens on `address` (`127.0.0.1:18000`, `[::1]:0`, `unix:/path`) in plaintext; gives the port bound, or the reason why not. */
  listen(address: string): Promise<{ readonly port: number } | ListenFailure> {
    return this.#listen(address, (socket) => this.#transport.take(socket, { maxAgeMs: 0 }));
  }

  /** Listens on `address` over mutual TLS: a client that shows no certificate, or one that does not verify, gets no connection. */
  listenTls(
    address: string,
    { credentials, maxAgeMs = 0 }: TlsOptions,
  ): Promise<{ readonly port: number } | ListenFailure> {
    const handshakes = new TlsHandshakes(credentials, {
      done: (socket) => this.#transport.take(socket, { maxAgeMs }),
      failed: (peer, failure) => this.#observer.handshakeFailed?.(peer, failure),
    });
    this.#handshakes.push(handshakes);
    return this.#listen(address, (socket) => handshakes.begin(socket));
  }

  #listen(address: string, take: (socket: Socket) => void): Promise<{ readonly port: number } | ListenFailure> {
    const listener = createServer({ noDelay: true }, (socket) => {
      if (this.#connections.admit(socket)) take(socket);
    });
    this.#listeners.push(listener);
    return listen(listener, address, (error) => this.#observer.listeningFailed?.(address, error));
  }

  /**
   * Asks `assign` again for every proxy. One that belongs to another store is ended, so that it reconnects; one that matches no fleet any more
   * keeps what it has and is sent nothing further; one that matches for the first time is ended as well, to begin anew.
   */
  reassign(): void {
    for (const session of [...this.#sessions]) {
      if (session.client === undefined) continue;
      const answer = this.#options.assign(session.client);
      const assignment = answer === undefined || "denied" in answer ? undefined : answer; // who is denied now keeps what it has, as who has no fleet
      const { proxy } = session;
      if (proxy === undefined) {
        if (answer !== undefined) session.end(); // to begin anew, or to be told why not
      } else if (assignment === undefined) {
        if (proxy.attached) this.#observer.reassigned?.(proxy.label, "kept");
        proxy.attached = false;
      } else if (assignment.store === proxy.store) {
        proxy.attached = true;
        session.wake();
      } else {
        this.#observer.reassigned?.(proxy.label, "ended");
        session.end();
      }
    }
  }

  /** Every proxy as it is now. */
  snapshot(): readonly ProxySnapshot[] {
    const now = this.#clock();
    return this.#all().map((proxy) => proxy.snapshot(now));
  }

  /** Proxies that fit, in the order in which they connected, each with all that it wants. */
  statuses(fits: (node: NodeIdentity) => boolean): readonly ProxyStatus[] {
    const fitting = this.#all().filter(({ label }) => fits(label.node));
    return fitting.map((proxy) => ({ proxy: proxy.label, resources: proxy.statuses() }));
  }

  /** Clients without a fleet, each once however many streams it has. In the order in which they came. */
  unassigned(): readonly ProxyClient[] {
    const found = new Map<string, ProxyClient>();
    for (const { client, proxy } of this.#sessions)
      if (client !== undefined && proxy === undefined) found.set(`${client.peer}\n${client.node.id}`, client);
    return [...found.values()];
  }

  /** How far one resource (or one part, when `of` names its composed resource) has come at every proxy that has a fleet. */
  deliveries(type: TypeUrl, name: string, of?: string): readonly Delivery[] {
    return this.#all().map((proxy) => ({ proxy: proxy.label, state: proxy.stateOf(type, name, of) }));
  }

  /** How many proxies of a store have acknowledged the newest of each group of resources, found proxy by proxy: see `standingsOf`. */
  standings(
    store: ResourceStore,
    groups: readonly (readonly ResourceRef[])[],
  ): Generator<undefined, readonly Standing[]> {
    return standingsOf(store, [...(this.#stores.get(store)?.proxies ?? [])], groups);
  }

  /** Ends all streams and tells the clients to go elsewhere (GOAWAY); what is still open after `graceMs` is cut. Settles when nothing is open. */
  async close(graceMs: number): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    for (const handshakes of this.#handshakes) handshakes.end();
    this.#transport.drain();
    const cut = setTimeout(() => this.#connections.cut(), graceMs);
    await this.#connections.empty();
    clearTimeout(cut);
    for (const { stop } of this.#stores.values()) stop();
    this.#stores.clear();
  }

  #accept<Request extends AnyRequest>(
    call: Call,
    onlyType: TypeUrl | undefined,
    variant: Variant<Request>,
  ): CallEvents | GrpcStatus {
    const connection = this.#connections.of(call.client.peer);
    const message = connection.opened(onlyType);
    if (message !== undefined) return { code: STATUS.resourceExhausted, message };
    const session = new Session<Request>({
      call,
      connection,
      limits: this.#limits,
      variant,
      onlyType,
      outlets: this.#outlets,
      clock: this.#clock,
      proxyOf: (joining, client) => this.#proxyOf(joining, client),
      on: this.#events,
    });
    this.#sessions.add(session);
    return session;
  }

  readonly #events: SessionEvents = {
    garbage: (peer, reason) => this.#observer.garbage?.(peer, reason),
    fault: (error) => this.#observer.fault?.(error),
    sent: (proxy, response) => this.#sent(proxy, response),
    answered: (proxy, type, answer) => this.#answered(proxy, type, answer),
    closed: (session, proxy) => this.#closed(session, proxy),
  };

  /** The proxy that a stream belongs to: one of the same connection and node id that still lacks such a stream, else a new one. */
  #proxyOf({ onlyType }: AnySession, client: ProxyClient): ConnectedProxy | undefined {
    const key = `${client.peer}\n${client.node.id}`;
    const known = this.#proxies.get(key) ?? new Set<ConnectedProxy>();
    const assignment = this.#options.assign(client);
    if (assignment === undefined) {
      this.#observer.unassigned?.(client);
      return undefined;
    }
    if ("denied" in assignment) {
      this.#observer.denied?.(client, assignment);
      throw new Denied(assignment.denied);
    }
    for (const proxy of known)
      if (proxy.store === assignment.store && proxy.admits(onlyType === undefined)) return proxy;
    const label: ProxyLabel = { ...client, serial: ++this.#serial, fleet: assignment.fleet };
    const proxy = new ConnectedProxy(label, assignment.store, this.#clock(), {
      rejected: (rejection) => this.#observer.rejected?.(label, rejection),
      cleared: (rejection, because) => this.#observer.cleared?.(label, rejection, because),
    });
    known.add(proxy);
    this.#proxies.set(key, known);
    this.#follow(proxy);
    this.#observer.connected?.(label);
    return proxy;
  }

  /** Wakes a store's proxies when it changes: at once after a pause, together when changes come fast. */
  #follow(proxy: ConnectedProxy): void {
    const { store } = proxy;
    const followed = this.#stores.get(store);
    if (followed !== undefined) {
      followed.proxies.add(proxy);
      return;
    }
    const proxies = new Set([proxy]);
    let busyBefore = this.#outlets.busyMs;
    const coalescer = new Coalescer({
      run: () => {
        busyBefore = this.#outlets.busyMs;
        for (const one of proxies) one.wake();
      },
      costMs: () => this.#outlets.busyMs - busyBefore,
    });
    this.#stores.set(store, { proxies, stop: store.listen(() => coalescer.poke()) });
  }

  #sent(proxy: ConnectedProxy, { type, nonce, resources, removals, bytes }: Response): void {
    this.#observer.sent?.(proxy.label, { type, nonce, resources, removals, bytes });
  }

  #answered(proxy: ConnectedProxy, type: TypeUrl, answer: Answer): void {
    const { label } = proxy;
    const { nonce } = answer;
    if (answer.kind === "acknowledged") {
      this.#observer.acknowledged?.(label, { type, nonce, waitedMs: answer.waitedMs });
      return;
    }
    this.#observer.refused?.(label, { type, nonce, detail: answer.detail });
    if (answer.culprit !== undefined) proxy.rejected(answer.culprit);
  }

  #closed(session: AnySession, proxy: ConnectedProxy | undefined): void {
    this.#sessions.delete(session);
    session.connection.closed(session.onlyType);
    if (proxy === undefined || !proxy.leave(session)) return;
    const key = `${proxy.label.peer}\n${proxy.label.node.id}`;
    const known = this.#proxies.get(key);
    known?.delete(proxy);
    if (known?.size === 0) this.#proxies.delete(key);
    const followed = this.#stores.get(proxy.store);
    followed?.proxies.delete(proxy);
    if (followed?.proxies.size === 0) {
      followed.stop();
      this.#stores.delete(proxy.store);
    }
    this.#observer.closed?.(proxy.label);
  }

  #all(): readonly ConnectedProxy[] {
    const proxies: ConnectedProxy[] = [];
    for (const known of this.#proxies.values()) proxies.push(...known);
    return proxies.sort((a, b) => a.label.serial - b.label.serial);
  }
}
