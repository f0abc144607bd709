/**
 * Between Signalbox and the API server: passes everything on, and does to it what a busy API server, a load balancer or a network does. Terminates TLS with a
 * certificate of its own, as such a balancer does, so that it knows a list from a watch.
 */
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, request as ask, createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { issueAuthority, issueCertificate } from "../../../src/tls/issue.ts";
import type { Access } from "./kube-api.ts";

/** A streamed list is a list, also once it has gone over into its watch. */
export type AskedFor = "list" | "watch" | "other";

/** In the place of the API server's answer. */
export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What it does to what passes. Nothing, as long as nothing is given. */
export interface RelayFaults {
  /** Every answer begins so much later. */
  readonly answerMs?: number;
  /** Everything in an answer comes so much later. */
  readonly bodyMs?: number;
  /** As many bytes of each list per second. */
  readonly listBytesPerSecond?: number;
  /** The connection of each list is reset after as many bytes of its body. */
  readonly cutListsAfter?: number;
  /** Refuses a request; undefined: it passes. */
  readonly refuse?: (what: AskedFor, token: string) => Refusal | undefined;
}

const DAY_MS = 86_400_000;

export class ApiRelay {
  faults: RelayFaults = {};
  /** Requests so far, of each sort, those that were refused included. */
  readonly asked: Record<AskedFor, number> = { list: 0, watch: 0, other: 0 };
  /** Lists that were reset in their middle so far. */
  listsCut = 0;
  readonly #access: Access;
  readonly #agent: Agent;
  readonly #server: Server;
  readonly #folder: string;
  readonly #open = new Set<Exchange>();
  /** Below TLS, which knows no reset; by the client's port. */
  readonly #sockets = new Map<number | undefined, Socket>();

  private constructor(access: Access, server: Server, folder: string) {
    this.#access = access;
    this.#agent = new Agent({ ca: access.ca, keepAlive: true });
    this.#server = server;
    this.#folder = folder;
    server.on("connection", (socket: Socket) => {
      this.#sockets.set(socket.remotePort, socket);
      socket.once("close", () => this.#sockets.delete(socket.remotePort));
    });
    server.on("request", (request, response) => void this.#pass(request, response));
  }

  /** Listens on a port of its own. */
  static async start(access: Access): Promise<ApiRelay> {
    const now = Date.now();
    const wish = { name: "relay", notBeforeMs: now - DAY_MS, notAfterMs: now + DAY_MS };
    const authority = issueAuthority(wish);
    const folder = await mkdtemp(join(tmpdir(), "signalbox-relay-"));
    await writeFile(join(folder, "ca.crt"), authority.cert);
    const server = createServer(issueCertificate({ ...wish, use: "server", sans: ["127.0.0.1"] }, authority));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ApiRelay(access, server, folder);
  }

  /** Writes a kubeconfig whose token stands in a file, as in a pod. Gives its path. */
  async kubeconfig(): Promise<string> {
    const path = join(this.#folder, "kubeconfig");
    await this.giveToken(this.#access.token);
    const { port } = this.#server.address() as AddressInfo;
    const cluster = { server: `https://127.0.0.1:${port}`, "certificate-authority": join(this.#folder, "ca.crt") };
    const config = {
      ...{ apiVersion: "v1", kind: "Config", "current-context": "relay" },
      contexts: [{ name: "relay", context: { cluster: "relay", user: "relay" } }],
      clusters: [{ name: "relay", cluster }],
      users: [{ name: "relay", user: { tokenFile: join(this.#folder, "token") } }],
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  /** Puts a token into the file. */
  async giveToken(token: string): Promise<void> {
    const path = join(this.#folder, "token");
    await writeFile(`${path}.new`, token);
    await rename(`${path}.new`, path);
  }

  /** Lists and watches that are open. */
  get openWatches(): number {
    return this.#watches().length;
  }

  /** Whoever watches now is told nothing any more; connections stay, and those that are new work. */
  silence(): void {
    for (const exchange of this.#watches()) exchange.silence();
  }

  /** Resets the connections of all watches. */
  cutWatches(): void {
    for (const exchange of this.#watches()) exchange.cut();
  }

  /** Writes this into every watch. */
  write(text: string): void {
    for (const exchange of this.#watches()) exchange.write(text);
  }

  async stop(): Promise<void> {
    for (const exchange of this.#open) exchange.cut();
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #watches(): readonly Exchange[] {
    return [...this.#open].filter(({ isWatch }) => isWatch);
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const what = askedFor(request);
    this.asked[what] += 1;
    const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
    const refusal = this.faults.refuse?.(what, token);
    await sleep(this.faults.answerMs ?? 0);
    if (refusal !== undefined) {
      request.resume();
      response.writeHead(refusal.status, { "content-type": "application/json", ...refusal.headers });
      const message = `the relay says ${refusal.status}`;
      response.end(
        JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", message, code: refusal.status }),
      );
      return;
    }
    const { method, url = "/", headers } = request;
    const asking = ask(`${this.#access.url}${url}`, { method, headers: { ...headers, host: "" }, agent: this.#agent });
    const socket = this.#sockets.get(request.socket.remotePort);
    const exchange = new Exchange({
      url,
      what,
      response,
      faults: () => this.faults,
      reset: () => socket?.resetAndDestroy(),
      listCut: () => {
        this.listsCut += 1;
      },
    });
    this.#open.add(exchange);
    response.once("close", () => {
      this.#open.delete(exchange);
      asking.destroy();
    });
    asking.once("error", () => exchange.cut()); // the API server is away
    asking.once("response", (answer) => exchange.take(answer));
    request.pipe(asking);
  }
}

interface ExchangeParts {
  readonly url: string;
  readonly what: AskedFor;
  readonly response: ServerResponse;
  readonly faults: () => RelayFaults;
  readonly reset: () => void;
  readonly listCut: () => void;
}

/** One answer on its way. */
class Exchange {
  readonly isWatch: boolean;
  /** Resets its connection. */
  readonly cut: () => void;
  readonly #what: AskedFor;
  readonly #response: ServerResponse;
  readonly #faults: () => RelayFaults;
  readonly #listCut: () => void;
  #silent = false;
  #bytes = 0;
  /** Writes go one after the other, however late each is. */
  #last: Promise<void> = Promise.resolve();

  constructor({ url, what, response, faults, reset, listCut }: ExchangeParts) {
    this.isWatch = url.includes("watch=true");
    this.#what = what;
    this.#response = response;
    this.#faults = faults;
    this.cut = reset;
    this.#listCut = listCut;
  }

  take(answer: IncomingMessage): void {
    const { "transfer-encoding": _, connection: __, ...headers } = answer.headers;
    this.#response.writeHead(answer.statusCode ?? 502, headers);
    this.#response.flushHeaders();
    answer.on("data", (chunk: Buffer) => this.#later(() => this.#pass(chunk)));
    answer.on("end", () => this.#later(async () => void (this.#silent || this.#response.end())));
    answer.on("error", () => this.cut());
  }

  write(text: string): void {
    this.#response.write(text);
  }

  silence(): void {
    this.#silent = true;
  }

  #later(step: () => Promise<void>): void {
    const due = performance.now() + (this.#faults().bodyMs ?? 0);
    this.#last = this.#last.then(async () => {
      const leftMs = due - performance.now();
      if (leftMs > 0) await sleep(leftMs);
      await step();
    });
  }

  async #pass(chunk: Buffer): Promise<void> {
    const { listBytesPerSecond, cutListsAfter } = this.#what === "list" ? this.#faults() : {};
    const rest = cutListsAfter === undefined ? chunk : chunk.subarray(0, Math.max(0, cutListsAfter - this.#bytes));
    this.#bytes += chunk.length;
    const sliceBytes =
      listBytesPerSecond === undefined ? rest.length : Math.ceil((listBytesPerSecond * SLICE_MS) / 1_000);
    for (let from = 0; from < rest.length && !this.#silent; from += sliceBytes) {
      this.#response.write(rest.subarray(from, from + sliceBytes));
      if (listBytesPerSecond !== undefined) await sleep(SLICE_MS);
    }
    if (rest.length === chunk.length) return;
    this.#listCut();
    this.cut();
  }
}

/** A trickle comes in slices of so much time. */
const SLICE_MS = 50;

function askedFor({ method, url = "" }: IncomingMessage): AskedFor {
  if (method !== "GET" || !/\/runtime\.wasmcloud\.dev\/v1alpha1\/.*[a-z]+\?/.test(url)) return "other";
  return url.includes("watch=true") && !url.includes("sendInitialEvents=true") ? "watch" : "list";
}
