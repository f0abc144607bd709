/**
 * An API server that misbehaves on request: lists and watches one kind over plain HTTP as a real one does, and has a fault for each that was met in
 * the wild. What a real API server does is tested against a real one (reflector-live.test.ts); this one stands where the real one cannot be made to fail.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface Widget {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion: string };
  readonly colour: string;
}

/** `stream` is a watch that begins with a list. */
export type RequestKind = "list" | "stream" | "watch";

/** A list of one object, which is asked for its position alone. Is not written down. */
const isGlance = (query: URLSearchParams): boolean => query.get("limit") === "1" && !query.has("continue");

export interface SeenRequest {
  readonly kind: RequestKind;
  readonly query: URLSearchParams;
}

/** Answers one request in the place of the server. */
export type Fault = (response: ServerResponse, api: FakeApi) => void;

interface Logged {
  readonly version: number;
  readonly line: string;
}

export const WIDGETS = { group: "test.signalbox.dev", version: "v1", plural: "widgets", namespace: undefined } as const;

export class FakeApi {
  readonly requests: SeenRequest[] = [];
  /** False: answers 422 to a streamed list, as API servers do that cannot. */
  streamsLists = true;
  sendsBookmarks = true;
  /** A watch that lasts longer than this, in ms, tells nothing before; as through a proxy that buffers. */
  lateMs = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<ServerResponse>();
  readonly #faults: { readonly kind: RequestKind; readonly fault: Fault }[] = [];
  readonly #widgets = new Map<string, Widget>();
  #version = 100;
  #log: Logged[] = [];
  #oldest = 0;
  #port = 0;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Name to colour of everything there is. */
  get colours(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#widgets.values()].map((w) => [w.metadata.name, w.colour]));
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Listens; on the same port as before when it was closed in between. */
  async open(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await once(this.#server, "close");
  }

  put(name: string, colour: string): void {
    const metadata = {
      name,
      namespace: "shop",
      resourceVersion: String(++this.#version),
      managedFields: [{ manager: "nobody" }],
    };
    const type = this.#widgets.has(name) ? "MODIFIED" : "ADDED";
    this.#widgets.set(name, { metadata, colour });
    this.#tell(type, { metadata, colour });
  }

  remove(name: string): void {
    const widget = this.#widgets.get(name);
    if (widget === undefined) throw new Error(`there is no ${name}`);
    this.#widgets.delete(name);
    this.#tell("DELETED", { ...widget, metadata: { ...widget.metadata, resourceVersion: String(++this.#version) } });
  }

  /** Forgets history: older positions and continue tokens expire. */
  compact(): void {
    this.#log = [];
    this.#oldest = ++this.#version;
  }

  /** Goes back to what was there at the beginning: nothing, and counts on from there. Watches are cut. */
  rewind(): void {
    this.#widgets.clear();
    this.#log = [];
    this.#version = 100;
    this.endWatches("reset");
  }

  bookmark(): void {
    for (const response of this.#watches) response.write(bookmark(this.#version));
  }

  /** The next request of this kind is answered by the fault. Several are used up in order. */
  fail(kind: RequestKind, ...faults: readonly Fault[]): void {
    this.#faults.push(...faults.map((fault) => ({ kind, fault })));
  }

  /** Writes to every open watch. */
  write(bytes: string): void {
    for (const response of this.#watches) response.write(bytes);
  }

  /** Ends every open watch as a server does at its timeout, or (`reset`) as a network does. */
  endWatches(how: "end" | "reset"): void {
    for (const response of this.#watches) {
      if (how === "end") response.end();
      else response.socket?.resetAndDestroy();
    }
    this.#watches.clear();
  }

  /** Open watches stay open and are told nothing any more. */
  freeze(): void {
    this.#watches.clear();
  }

  #tell(type: string, object: Widget): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    this.#log.push({ version: this.#version, line });
    this.write(line);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const query = new URL(request.url ?? "/", this.url).searchParams;
    if (isGlance(query)) {
      this.list(response, query);
      return;
    }
    const kind = !query.has("watch") ? "list" : query.has("sendInitialEvents") ? "stream" : "watch";
    this.requests.push({ kind, query });
    const at = this.#faults.findIndex((scripted) => scripted.kind === kind);
    const [scripted] = at === -1 ? [] : this.#faults.splice(at, 1);
    if (scripted !== undefined) scripted.fault(response, this);
    else if (kind === "list") this.list(response, query);
    else if (kind === "stream") this.stream(response);
    else {
      const seconds = Number(query.get("timeoutSeconds"));
      const watch = () => this.watch(response, Number(query.get("resourceVersion")));
      if (seconds * 1_000 <= this.lateMs || this.lateMs === 0) watch();
      else {
        response.flushHeaders();
        setTimeout(watch, this.lateMs).unref();
      }
      setTimeout(() => response.end(), seconds * 1_000).unref();
    }
  }

  list(response: ServerResponse, query: URLSearchParams): void {
    const [from, at] = (query.get("continue") ?? `0,${this.#version}`).split(",").map(Number) as [number, number];
    if (at < this.#oldest) {
      status(410, "The provided continue parameter is too old")(response, this);
      return;
    }
    const all = [...this.#widgets.values()];
    const to = from + Number(query.get("limit") ?? all.length);
    const metadata = { resourceVersion: String(at), ...(to < all.length ? { continue: `${to},${at}` } : {}) };
    response.end(JSON.stringify({ kind: "WidgetList", metadata, items: all.slice(from, to) }));
  }

  stream(response: ServerResponse): void {
    if (!this.streamsLists) {
      status(422, "sendInitialEvents is forbidden")(response, this);
      return;
    }
    for (const object of this.#widgets.values()) response.write(`${JSON.stringify({ type: "ADDED", object })}\n`);
    response.write(bookmark(this.#version, { "k8s.io/initial-events-end": "true" }));
    this.#keep(response);
  }

  watch(response: ServerResponse, from: number): void {
    if (from < this.#oldest) {
      status(410, `too old resource version: ${from} (${this.#oldest})`)(response, this);
      return;
    }
    response.flushHeaders();
    for (const { version, line } of this.#log) if (version > from) response.write(line);
    if (this.sendsBookmarks) response.write(bookmark(this.#version));
    this.#keep(response);
  }

  #keep(response: ServerResponse): void {
    this.#watches.add(response);
    response.once("close", () => this.#watches.delete(response));
  }
}

const bookmark = (version: number, annotations?: object): string =>
  `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(version), ...(annotations === undefined ? {} : { annotations }) } } })}\n`;

/** A refusal with a Status object. */
export function status(code: number, message: string, headers: Readonly<Record<string, string>> = {}): Fault {
  return (response) => {
    response.writeHead(code, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ kind: "Status", status: "Failure", message, code }));
  };
}

/** The connection breaks before an answer. */
export const reset: Fault = (response) => response.socket?.resetAndDestroy();

/** No answer at all. */
export const mute: Fault = () => undefined;

/** A 200 that writes this and then breaks. */
export const cutAfter =
  (bytes: string): Fault =>
  (response) => {
    response.flushHeaders();
    response.write(bytes, () => response.socket?.resetAndDestroy());
  };

/** A 200 that writes this and ends properly. */
export const endAfter =
  (bytes: string): Fault =>
  (response) => {
    response.flushHeaders();
    response.end(bytes);
  };

/** An event of type ERROR. */
export function errorLine(code: number, reason: string): string {
  return `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code, reason, message: `told by the stream: ${reason}` } })}\n`;
}
