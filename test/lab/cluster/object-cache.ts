/**
 * All objects of one kind, kept up to date by a list and a watch. Written apart from src/kubernetes on purpose: what plays the world around Signalbox must
 * not share its mistakes. After any trouble it lists again.
 */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Access } from "./kube-api.ts";
import { API_VERSION, type Kind, keyOf, PLURALS, type Stored } from "./objects.ts";

const AGAIN_MS = 200;
/** Objects of the scenario `noise` belong to another operator, and those who play here are spared them. */
const OURS = "fieldSelector=metadata.namespace!%3Dnoise";

/** `before` is undefined for an object that is new, `now` for one that is gone. */
export type Listener<T> = (now: T | undefined, before: T | undefined) => void;

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly Stored[];
}

export class ObjectCache<T extends Stored> {
  readonly kind: Kind;
  readonly #access: Access;
  readonly #agent: Agent;
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<Listener<T>>();
  readonly #listed = Promise.withResolvers<void>();
  #stopped = false;

  constructor(access: Access, kind: Kind) {
    this.#access = access;
    this.kind = kind;
    this.#agent = new Agent({ ca: access.ca, keepAlive: true });
  }

  /** Begins; fulfilled when everything was listed once. */
  start(): Promise<void> {
    void this.#follow();
    return this.#listed.promise;
  }

  stop(): void {
    this.#stopped = true;
    this.#agent.destroy();
  }

  /** Gives a function that ends it. */
  onChange(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  all(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** Takes in what a write was answered with, which the watch will tell too. */
  put(object: Stored): void {
    this.#take(object as T);
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#watch(await this.#list());
      } catch {
        // An API server that is away, a position that expired: the next list tells.
      }
      if (!this.#stopped) await sleep(AGAIN_MS);
    }
  }

  async #list(): Promise<string> {
    const answer = await this.#ask(`?${OURS}`);
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
    const { metadata, items } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as List;
    const listed = new Set(items.map(keyOf));
    for (const item of items) this.#take({ ...item, kind: this.kind, apiVersion: API_VERSION } as T);
    for (const [key, object] of this.#objects) if (!listed.has(key)) this.#remove(object);
    this.#listed.resolve();
    return metadata.resourceVersion;
  }

  async #watch(resourceVersion: string): Promise<void> {
    const answer = await this.#ask(`?${OURS}&watch=1&timeoutSeconds=3000&resourceVersion=${resourceVersion}`);
    for await (const line of createInterface({ input: answer })) {
      const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: T };
      if (type === "ERROR") return;
      if (type === "DELETED") this.#remove(object);
      else this.#take(object);
    }
  }

  async #ask(query: string): Promise<IncomingMessage> {
    const url = `${this.#access.url}/apis/${API_VERSION}/${PLURALS[this.kind]}${query}`;
    const asking = request(url, { agent: this.#agent, headers: { authorization: `Bearer ${this.#access.token}` } });
    asking.end();
    const [answer] = (await once(asking, "response")) as [IncomingMessage];
    if (answer.statusCode !== 200) {
      answer.resume();
      throw new Error(`GET ${url}: ${answer.statusCode}`);
    }
    return answer;
  }

  #take(object: T): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    // One object's versions are numbers of one sequence in etcd; what comes late is old.
    if (before !== undefined && Number(before.metadata.resourceVersion) >= Number(object.metadata.resourceVersion))
      return;
    this.#objects.set(key, object);
    const same = before !== undefined && before.metadata.uid === object.metadata.uid;
    if (before !== undefined && !same) this.#tell(undefined, before);
    this.#tell(object, same ? before : undefined);
  }

  #remove(object: T): void {
    const known = this.#objects.get(keyOf(object));
    if (known === undefined || known.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(keyOf(object));
    this.#tell(undefined, known);
  }

  #tell(now: T | undefined, before: T | undefined): void {
    for (const listener of this.#listeners) listener(now, before);
  }
}
