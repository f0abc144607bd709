/** One gRPC stream at the edge: bytes to requests, requests to a proxy's stream, responses to the socket. */
import { DecodeError } from "../codec/decode.ts";
import type { TypeUrl } from "../codec/resource.ts";
import { clipped } from "./clipped.ts";
import type { Connection } from "./connections.ts";
import { type AnyRequest, Intake } from "./intake.ts";
import type { Limits } from "./limits.ts";
import { identityOf } from "./node.ts";
import type { ProxyClient, Transport } from "./observer.ts";
import { Outlet, type Outlets } from "./outlet.ts";
import type { Answer, Response } from "./protocol/channel.ts";
import { Denied } from "./protocol/denied.ts";
import { Garbage, OverLimit } from "./protocol/garbage.ts";
import { Stream } from "./protocol/stream.ts";
import type { Variant } from "./protocol/variant.ts";
import type { ConnectedProxy, ProxyStream } from "./proxy.ts";
import type { Call, CallEvents } from "./transport/call.ts";
import { type GrpcStatus, STATUS } from "./transport/grpc-status.ts";

/** Bytes of what a client is told of what it did wrong, and the log too. */
const REASON_BYTES = 256;

/** Timers fire no more often than this, in ms, whatever a bound says. */
const LEAST_DELAY_MS = 5;

/** What a session needs of the server. */
export interface SessionParts<Request extends AnyRequest> {
  readonly call: Call;
  readonly connection: Connection;
  readonly limits: Limits;
  readonly variant: Variant<Request>;
  /** The only type of a separate stream. */
  readonly onlyType: TypeUrl | undefined;
  readonly outlets: Outlets;
  readonly clock: () => number;
  /** The proxy of this stream; undefined if no fleet matches. */
  readonly proxyOf: (session: AnySession, client: ProxyClient) => ConnectedProxy | undefined;
  readonly on: SessionEvents;
}

/** What a session tells the server. */
export interface SessionEvents {
  garbage(peer: string, reason: string): void;
  fault(error: unknown): void;
  sent(proxy: ConnectedProxy, response: Response): void;
  answered(proxy: ConnectedProxy, type: TypeUrl, answer: Answer): void;
  closed(session: AnySession, proxy: ConnectedProxy | undefined): void;
}

/** A session of either variant. */
export type AnySession = ProxyStream & Pick<Session<AnyRequest>, "client" | "connection" | "proxy">;

/**
 * - `new`: no request yet. Left by the first request.
 * - `unassigned`: no fleet matches. Requests are dropped, nothing is ever sent: an empty response would wipe the proxy. Left by `end`.
 * - `waiting`: the store is not complete; requests wait unread in the socket but for those that came already. Left by `wake`.
 * - `serving`: requests go to the stream. Left by the end of the call.
 * - `closed`: final.
 */
type State<Request extends AnyRequest> =
  | { readonly kind: "new" | "unassigned" | "closed" }
  | { readonly kind: "waiting"; readonly proxy: ConnectedProxy; readonly requests: Request[] }
  | { readonly kind: "serving"; readonly proxy: ConnectedProxy; readonly stream: Stream<Request> };

export class Session<Request extends AnyRequest> implements ProxyStream, CallEvents {
  readonly #parts: SessionParts<Request>;
  readonly #intake: Intake<Request>;
  readonly #outlet: Outlet;
  #state: State<Request> = { kind: "new" };
  #client: ProxyClient | undefined;
  #nonce = 0;
  #asked = false; // for what `next` gives
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: SessionParts<Request>) {
    this.#parts = parts;
    const { call } = parts;
    this.#intake = new Intake(parts);
    this.#outlet = new Outlet(parts.outlets, {
      next: () => this.#guard(() => this.#next()),
      write: (response, flushed) => call.write(response, flushed),
      idle: () => this.#guard(() => this.#arm()),
      mayHaveMore: () => this.#state.kind === "serving" && !this.#state.stream.quiet,
      cut: () => this.#cut(),
    });
  }

  message(bytes: Buffer): void {
    this.#guard(() => this.#data(bytes));
  }

  ended(): void {
    this.end();
  }

  closed(): void {
    this.#close();
  }

  get channels(): ProxyStream["channels"] {
    return this.#state.kind === "serving" ? this.#state.stream.channels : [];
  }

  get onlyType(): TypeUrl | undefined {
    return this.#parts.onlyType;
  }

  get connection(): Connection {
    return this.#parts.connection;
  }

  /** Who asks; undefined before its first request. */
  get client(): ProxyClient | undefined {
    return this.#client;
  }

  get proxy(): ConnectedProxy | undefined {
    return this.#state.kind === "serving" || this.#state.kind === "waiting" ? this.#state.proxy : undefined;
  }

  wake(): void {
    if (this.#state.kind === "waiting" && this.#state.proxy.store.complete) this.#guard(() => this.#serve());
    this.#outlet.wake();
  }

  end(): void {
    if (this.#state.kind === "closed") return;
    this.#close();
    this.#parts.call.end();
  }

  #data(bytes: Buffer): void {
    if (this.#state.kind === "closed") return;
    const weight = this.#intake.weigh(bytes);
    if (this.#state.kind === "unassigned") return;
    const request = this.#intake.decode(bytes, weight);
    if (this.#state.kind === "new") this.#greet(request);
    if (this.#state.kind === "waiting") this.#state.requests.push(request);
    else if (this.#state.kind === "serving") this.#take(this.#state.proxy, this.#state.stream, request);
  }

  #greet(request: Request): void {
    if (request.node === undefined) throw new Garbage("node: is missing in the first request of the stream");
    const { call, variant, onlyType } = this.#parts;
    const transport: Transport = `${onlyType === undefined ? "ads" : "separate"}-${variant.name}`;
    this.#client = { ...call.client, node: identityOf(request.node), transport, authority: call.authority };
    const proxy = this.#parts.proxyOf(this, this.#client);
    if (proxy === undefined) {
      this.#state = { kind: "unassigned" };
      return;
    }
    proxy.join(this);
    this.#state = { kind: "waiting", proxy, requests: [] };
    if (proxy.store.complete) this.#serve();
    else this.#intake.hold(); // names asked for before the store is complete would all be unknown
  }

  #serve(): void {
    if (this.#state.kind !== "waiting") return;
    const { proxy, requests } = this.#state;
    const { connection, limits, onlyType, variant } = this.#parts;
    const { store, gate } = proxy;
    const { names } = connection;
    const nonce = () => String(++this.#nonce);
    const stream = new Stream<Request>({
      gate,
      onlyType,
      maxTypes: limits.typesPerStream,
      channel: (type) => variant.channel({ store, gate, type, nonce, names }),
    });
    this.#state = { kind: "serving", proxy, stream };
    for (const request of requests) this.#take(proxy, stream, request);
    this.#intake.release();
  }

  #take(proxy: ConnectedProxy, stream: Stream<Request>, request: Request): void {
    const { type, answers } = stream.request(request, this.#parts.clock());
    if (answers.length === 0) this.#asked = true;
    for (const answer of answers) this.#parts.on.answered(proxy, type, answer);
    if (!stream.quiet) this.#outlet.wake();
    this.#intake.woke(proxy.wakeOthers(this));
  }

  #next(): Response | undefined {
    if (this.#state.kind !== "serving" || !this.#state.proxy.attached) return undefined;
    const { proxy, stream } = this.#state;
    const settledAt = proxy.gate.settledAt();
    const response = stream.next(this.#parts.clock());
    if (proxy.gate.settledAt() !== settledAt) proxy.wakeOthers(this);
    if (response === undefined) return undefined;
    if (this.#asked) this.#intake.answered(response.bytes);
    this.#asked = false;
    this.#parts.on.sent(proxy, response);
    return response;
  }

  /** Nothing to send now: wakes up when a bound is over. An earlier timer does no harm and stays. */
  #arm(): void {
    if (this.#state.kind !== "serving" || !this.#state.proxy.attached) return;
    const at = this.#state.stream.nextAt;
    if (at === undefined || at >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = at;
    this.#timer = setTimeout(
      () => {
        this.#timerAtMs = Number.POSITIVE_INFINITY;
        this.#outlet.wake();
      },
      Math.max(LEAST_DELAY_MS, Math.ceil(at - this.#parts.clock())),
    );
    this.#timer.unref();
  }

  /** What goes wrong on a stream costs that stream alone. */
  #guard<Result>(step: () => Result): Result | undefined {
    try {
      return step();
    } catch (error) {
      const status = this.#endOf(error);
      this.#close();
      this.#parts.call.end(status);
      return undefined;
    }
  }

  /** How the client is told what went wrong. */
  #endOf(error: unknown): GrpcStatus {
    const { connection, on } = this.#parts;
    const denied = error instanceof Denied;
    if (!(denied || error instanceof Garbage || error instanceof DecodeError)) {
      on.fault(error);
      return { code: STATUS.internal, message: "internal error" };
    }
    connection.offended();
    const message = clipped(error.message, REASON_BYTES);
    if (denied) return { code: STATUS.permissionDenied, message };
    if (error instanceof OverLimit) {
      connection.limited(error.limit, message);
      return { code: STATUS.resourceExhausted, message };
    }
    on.garbage(connection.peer, message);
    return { code: STATUS.invalidArgument, message };
  }

  #cut(): void {
    const { connection, limits } = this.#parts;
    connection.cut("stalled", `has not taken a response for ${limits.stallMs} ms and more, and is cut`);
    this.end();
  }

  #close(): void {
    if (this.#state.kind === "closed") return;
    const proxy = this.proxy;
    if (this.#state.kind === "serving") this.#state.stream.close();
    this.#state = { kind: "closed" };
    clearTimeout(this.#timer);
    this.#intake.close();
    this.#outlet.close();
    this.#parts.on.closed(this, proxy);
  }
}
