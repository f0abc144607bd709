/** The connections of the xDS port: how many, from where, what each may still ask for, and how one is cut. Below HTTP/2 and TLS. */
import type { Socket } from "node:net";
import type { TypeUrl } from "../codec/resource.ts";
import { Allowance } from "./allowance.ts";
import type { LimitName, Limits } from "./limits.ts";
import { Quota } from "./quota.ts";
import { peerOf } from "./transport/client.ts";
import { manyStreams } from "./type-urls.ts";

/** Streams of one connection that were refused, or ended for what they sent: after so many it is cut. */
const OFFENCES = 100;

/** Streams of one type that an Envoy without ADS has one or a few of: what each of them does concerns all others of its. */
const SEPARATE_STREAMS = 64;

/** A stream cannot be left unread as a request can: one is refused when what was asked for before will take so many ms. */
const MOST_DEBT_MS = 5_000;

/** What connections need of the server. */
export interface ConnectionsParts {
  readonly limits: Limits;
  /** Monotonic time in ms. */
  readonly clock: () => number;
  /** A client came up against a limit. */
  readonly limited: (limit: LimitName, peer: string, what: string) => void;
}

/** One connection, for as long as its socket is open. */
export class Connection {
  /** Remote address and port, as gRPC tells them. */
  readonly peer: string;
  /** What its streams may ask for, all together. */
  readonly allowance: Allowance;
  /** Names that no resource has, which are remembered for it. */
  readonly names: Quota;
  readonly #parts: ConnectionsParts;
  readonly #socket: Socket | undefined;
  #streams = 0;
  readonly #separate = new Map<TypeUrl, number>();
  #offences = 0;
  #idleSinceMs: number;

  constructor(peer: string, socket: Socket | undefined, parts: ConnectionsParts) {
    this.peer = peer;
    this.#socket = socket;
    this.#parts = parts;
    this.allowance = new Allowance(parts.limits.requestsPerSecond);
    this.names = new Quota("unknownNames", parts.limits.unknownNames, "names that no resource has");
    this.#idleSinceMs = parts.clock();
  }

  /** Since when it has had no stream; undefined while it has one. */
  get idleSinceMs(): number | undefined {
    return this.#streams === 0 ? this.#idleSinceMs : undefined;
  }

  /** Takes a stream in; or gives why not. `type` is that of a separate stream. */
  opened(type: TypeUrl | undefined): string | undefined {
    const { limits } = this.#parts;
    const alike = type === undefined || manyStreams(type) ? 0 : (this.#separate.get(type) ?? 0);
    if (alike >= SEPARATE_STREAMS) {
      this.limited("streamsPerConnection", `has ${alike} streams of ${type}; another is refused`);
      this.offended();
      return `more than ${SEPARATE_STREAMS} streams of ${type} on one connection`;
    }
    if (this.#streams >= limits.streamsPerConnection) {
      this.limited("streamsPerConnection", `has ${this.#streams} streams; another is refused`);
      this.offended();
      return `more than ${limits.streamsPerConnection} streams on one connection`;
    }
    if (this.allowance.take(1, this.#parts.clock()) > MOST_DEBT_MS) {
      this.limited("requestsPerSecond", "opens streams faster than they can be read; one is refused");
      this.offended();
      return "streams are opened faster than they can be read";
    }
    this.#streams += 1;
    if (type !== undefined) this.#separate.set(type, 1 + (this.#separate.get(type) ?? 0));
    return undefined;
  }

  closed(type: TypeUrl | undefined): void {
    this.#streams -= 1;
    if (type !== undefined) this.#separate.set(type, (this.#separate.get(type) ?? 0) - 1);
    this.#idleSinceMs = this.#parts.clock();
  }

  /** It came up against a limit. */
  limited(limit: LimitName, what: string): void {
    this.#parts.limited(limit, this.peer, what);
  }

  /** A stream was refused or ended for what it sent. A client may leave its half of such a stream open, so there is an end to it. */
  offended(): void {
    this.#offences += 1;
    if (this.#offences === OFFENCES) this.cut("offences", `had ${OFFENCES} streams ended; the connection is cut`);
  }

  /** Ends it at once: what was written and not taken is given up. */
  cut(limit: LimitName, what: string): void {
    this.limited(limit, what);
    this.#socket?.destroy();
  }
}

/** All connections of a server. */
export class Connections {
  readonly #parts: ConnectionsParts;
  readonly #open = new Map<Socket, Connection>();
  readonly #byPeer = new Map<string, Connection>();
  readonly #perAddress = new Map<string, number>();
  readonly #onEmpty: (() => void)[] = [];
  #sweeping: NodeJS.Timeout | undefined;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
  }

  /** Takes a socket in; false if it is one too many, which is cut. */
  admit(socket: Socket): boolean {
    const { limits } = this.#parts;
    const address = socket.remoteAddress ?? "";
    const connection = new Connection(peerOf(socket), socket, this.#parts);
    if (limits.connections > 0 && this.#open.size >= limits.connections) {
      connection.cut("connections", `is one of more than ${limits.connections} connections and is cut`);
      return false;
    }
    const fromThere = this.#perAddress.get(address) ?? 0;
    if (limits.connectionsPerAddress > 0 && fromThere >= limits.connectionsPerAddress) {
      const many = limits.connectionsPerAddress;
      connection.cut("connectionsPerAddress", `is one of more than ${many} connections from its address and is cut`);
      return false;
    }
    this.#perAddress.set(address, fromThere + 1);
    this.#open.set(socket, connection);
    if (address !== "") this.#byPeer.set(connection.peer, connection);
    socket.once("close", () => this.#closed(socket, connection, address));
    this.#sweep();
    return true;
  }

  /** The connection of a peer. One that is unknown (closed already, or without an address) has nothing to be cut. */
  of(peer: string): Connection {
    return this.#byPeer.get(peer) ?? new Connection(peer, undefined, this.#parts);
  }

  /** Cuts whatever is open. */
  cut(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /** Settles when none is open. */
  empty(): Promise<void> {
    return new Promise((settle) => {
      if (this.#open.size === 0) settle();
      else this.#onEmpty.push(settle);
    });
  }

  #closed(socket: Socket, connection: Connection, address: string): void {
    this.#open.delete(socket);
    if (this.#byPeer.get(connection.peer) === connection) this.#byPeer.delete(connection.peer);
    const left = (this.#perAddress.get(address) ?? 0) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
    if (this.#open.size > 0) return;
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
    for (const settle of this.#onEmpty.splice(0)) settle();
  }

  /** One timer for all: connections without a stream are few, and a moment more does no harm. */
  #sweep(): void {
    const { idleMs } = this.#parts.limits;
    if (idleMs === 0 || this.#sweeping !== undefined) return;
    this.#sweeping = setInterval(() => {
      const before = this.#parts.clock() - idleMs;
      for (const connection of [...this.#open.values()]) {
        const { idleSinceMs } = connection;
        if (idleSinceMs !== undefined && idleSinceMs < before)
          connection.cut("idleMs", `has had no stream for ${idleMs} ms and is cut`);
      }
    }, idleMs / 4).unref();
  }
}
