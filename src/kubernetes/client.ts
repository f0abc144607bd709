/** Requests to one API server: reads are answered as a stream of bytes, changes as an object, and both else as a failure that tells what to do. */
import { createHash } from "node:crypto";
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent, request } from "node:https";
import { type Credential, CredentialReader } from "./credential.ts";
import { ApiError, type Asked, failureOf, refusalOf } from "./failure.ts";
import type { Access } from "./kubeconfig.ts";

export interface GetOptions {
  /** Named in failures. */
  readonly asked: Asked;
  readonly signal: AbortSignal;
  /** How long the head of the answer may take, in ms. */
  readonly answerMs: number;
  /** On no connection that was used before: those that wait for use are given up, since they may be as dead as another was found to be. Default false. */
  readonly fresh?: boolean;
}

/**
 * What the rest of the room asks of an API server.
 * - Every request shows the credentials of its moment.
 * - An answer that is returned has status 200 (or 201); everything else throws an ApiError (or the reason of `signal`).
 * - Aborting the signal ends the answer's stream too.
 */
export interface KubernetesClient {
  /** For messages: `https://10.0.0.1:443`. */
  readonly server: string;
  get(path: string, options: GetOptions): Promise<AsyncIterable<Buffer>>;
}

/** One object made, or changed. PUT replaces it if it is still the one that was read (`metadata.resourceVersion`); PATCH merges fields (RFC 7386). */
export interface Change {
  readonly method: "POST" | "PUT" | "PATCH";
  readonly path: string;
  readonly body: object;
}

/** What is needed to keep single objects: Events and the Lease. */
export interface ObjectClient {
  /** The object at this path. Throws as `get` does, with the code `absent` where there is none. */
  read(path: string, options: GetOptions): Promise<unknown>;
  /** Gives the object as it is after the change. Throws as `get` does; `conflict` where somebody else was first. */
  change(change: Change, options: GetOptions): Promise<unknown>;
}

interface Question {
  readonly method: Change["method"] | "GET";
  readonly path: string;
  readonly body?: object;
}

/** Dead peers are found by TCP: the first probe after this long, then (libuv) ten in as many seconds. */
const KEEP_ALIVE_MS = 5_000;

/** As much of a refusal's body as is read: a Status object is far smaller. */
const REFUSAL_BYTES = 65_536;

/** The client of one Access. */
export class HttpKubernetesClient implements KubernetesClient, ObjectClient {
  readonly server: string;
  readonly #proxyUrl: string | undefined;
  readonly #credentials: CredentialReader;
  /** The agent of the newest TLS material. Replaced when that changes; streams of the old one live on. */
  #agent: { readonly material: string; readonly agent: Agent | PlainAgent } | undefined;

  constructor(access: Access) {
    this.server = access.cluster.server;
    this.#proxyUrl = access.cluster.proxyUrl || undefined; // "" in a kubeconfig says none
    this.#credentials = new CredentialReader(access);
  }

  get(path: string, options: GetOptions): Promise<AsyncIterable<Buffer>> {
    return this.#ask({ method: "GET", path }, options);
  }

  async read(path: string, options: GetOptions): Promise<unknown> {
    return await this.#object({ method: "GET", path }, options);
  }

  async change(change: Change, options: GetOptions): Promise<unknown> {
    return await this.#object(change, options);
  }

  /** The whole answer within the bound, not only its head. */
  async #object(asking: Question, { asked, signal, answerMs }: GetOptions): Promise<unknown> {
    const late = AbortSignal.timeout(answerMs);
    const chunks: Buffer[] = [];
    try {
      const bounded = { asked, signal: AbortSignal.any([signal, late]), answerMs };
      for await (const chunk of await this.#ask(asking, bounded)) chunks.push(chunk);
      return JSON.parse(Buffer.concat(chunks).toString("utf8"));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ApiError && !late.aborted) throw error;
      throw late.aborted ? silence(this.server, answerMs) : new ApiError(failureOf(error, this.server), error);
    }
  }

  async #ask(asking: Question, { asked, signal, answerMs, fresh = false }: GetOptions): Promise<AsyncIterable<Buffer>> {
    signal.throwIfAborted();
    if (fresh) this.#dropWaiting();
    const credential = await this.#credentials.read();
    signal.throwIfAborted();
    let answer: IncomingMessage;
    try {
      answer = await this.#answer(asking, credential, signal, answerMs);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof ApiError ? error : new ApiError(failureOf(error, this.server), error);
    }
    const status = answer.statusCode ?? 0;
    if (status === 200 || status === 201) return answer;
    if (status === 401) this.#credentials.refused();
    throw new ApiError(refusalOf(status, await wordsOf(answer), asked, retryAfterMs(answer.headers["retry-after"])));
  }

  /** Closes idle connections. Streams under way are ended by their signals. */
  close(): void {
    this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  #answer(
    { method, path, body }: Question,
    credential: Credential,
    signal: AbortSignal,
    answerMs: number,
  ): Promise<IncomingMessage> {
    const url = new URL(this.server + path);
    const plain = url.protocol === "http:";
    const agent = this.#agentFor(credential, plain);
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = {
      ...{ ...credential.headers, accept: "application/json", "user-agent": "signalbox" },
      ...(body === undefined ? {} : { "content-type": type }),
    };
    return new Promise((resolve, reject) => {
      const asking = plain ? plainRequest(url, { method, agent, headers }) : request(url, { method, agent, headers });
      const late = setTimeout(() => asking.destroy(silence(this.server, answerMs)), answerMs);
      // Not the option `signal`: that destroys the connection with an error nobody listens for when its answer has ended already.
      let open: { destroy(reason: Error): unknown } = asking;
      const abort = () => open.destroy(signal.reason as Error);
      signal.addEventListener("abort", abort, { once: true });
      asking.once("close", () => clearTimeout(late));
      asking.once("response", (answer) => {
        clearTimeout(late);
        open = answer;
        answer.once("close", () => signal.removeEventListener("abort", abort));
        // Aborted while nobody reads it, the answer would end the process; who reads it is told all the same.
        answer.on("error", () => undefined);
        resolve(answer);
      });
      asking.on("error", (error) => {
        clearTimeout(late);
        signal.removeEventListener("abort", abort);
        reject(error);
      });
      asking.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Ends the connections that wait to be used. */
  #dropWaiting(): void {
    for (const sockets of Object.values(this.#agent?.agent.freeSockets ?? {}))
      for (const socket of sockets ?? []) socket.destroy();
  }

  #agentFor({ tls }: Credential, plain: boolean): Agent | PlainAgent {
    const hash = createHash("sha256");
    for (const part of [tls.ca, tls.cert, tls.key]) hash.update(String(part?.length ?? -1)).update(part ?? "");
    const material = hash.digest("hex");
    if (this.#agent?.material === material) return this.#agent.agent;
    this.#dropWaiting();
    const proxyEnv =
      this.#proxyUrl === undefined ? {} : { proxyEnv: { HTTP_PROXY: this.#proxyUrl, HTTPS_PROXY: this.#proxyUrl } };
    const options = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, ...proxyEnv };
    const agent = plain ? new PlainAgent(options) : new Agent({ ...options, ...tls });
    this.#agent = { material, agent };
    return agent;
  }
}

/** Nothing came for as long as we wait for it. */
export function silence(server: string, waitedMs: number): ApiError {
  return new ApiError({
    code: "silent",
    cause: `${server} said nothing for ${Math.round(waitedMs / 1000)} s`,
    remedy:
      "Look at the API server and at what stands between: the connection may be half open. Signalbox connects anew",
  });
}

/** The `message` of a Status object, else the beginning of the body. Never throws: the status code alone says enough. */
async function wordsOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > REFUSAL_BYTES) break;
    }
  } catch {
    // Cut in its middle: what came is used.
  }
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") return message;
  } catch {
    // Not a Status object: a proxy's page, or plain text.
  }
  return text.trim().slice(0, 200);
}

/** `Retry-After` in seconds, as API servers send it, in ms; undefined for anything else. At most five minutes. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Math.min(Number(header) * 1000, 300_000) : undefined;
}
