/** Single objects of an API server in memory: versions, conflicts and Events' merge patches as a real one has them, and faults on request. */
import { setImmediate as turn } from "node:timers/promises";
import type { Change, GetOptions, ObjectClient } from "../../src/kubernetes/client.ts";
import { ApiError, refusalOf } from "../../src/kubernetes/failure.ts";
import type { ReflectorClock } from "../../src/kubernetes/reflector-options.ts";

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
  readonly [field: string]: unknown;
}

/** Answers one request in the place of the server; `go` lets it through first, so that the change is made and its answer lost. */
export type ObjectFault = (go: () => Promise<unknown>, options: GetOptions) => Promise<unknown>;

export class FakeObjects implements ObjectClient {
  readonly objects = new Map<string, Stored>(); // by path
  /** `PUT /apis/...`, in the order asked. */
  readonly asked: string[] = [];
  /** Asked before each request of this client; a fault answers it. */
  fault: ((method: string, path: string) => ObjectFault | undefined) | undefined;
  #version = 0;

  read(path: string, options: GetOptions): Promise<unknown> {
    return this.#answer("GET", path, options, () => this.#found(path, options));
  }

  change({ method, path, body }: Change, options: GetOptions): Promise<unknown> {
    const given = body as Stored;
    return this.#answer(method, path, options, () => {
      if (method === "POST") {
        const at = `${path}/${given.metadata.name}`;
        if (this.objects.has(at)) throw refused(409, options);
        return this.#put(at, given);
      }
      const before = this.#found(path, options);
      if (method === "PATCH")
        return Object.keys(given).length === 0 ? before : this.#put(path, { ...before, ...given });
      if (given.metadata.resourceVersion !== before.metadata.resourceVersion) throw refused(409, options);
      return this.#put(path, given);
    });
  }

  async #answer(method: string, path: string, options: GetOptions, answer: () => Stored): Promise<unknown> {
    this.asked.push(`${method} ${path}`);
    options.signal.throwIfAborted();
    const go = async () => structuredClone(answer());
    const fault = this.fault?.(method, path);
    return await (fault === undefined ? go() : fault(go, options));
  }

  #found(path: string, options: GetOptions): Stored {
    const object = this.objects.get(path);
    if (object === undefined) throw refused(404, options);
    return object;
  }

  #put(path: string, object: Stored): Stored {
    const put = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.objects.set(path, put);
    return put;
  }
}

const refused = (status: number, { asked }: GetOptions) => new ApiError(refusalOf(status, "said the fake", asked));

/** A refusal with this status. */
export const refusing =
  (status: number): ObjectFault =>
  async (_, options) => {
    throw refused(status, options);
  };

const cut = new ApiError({ code: "cut", cause: "the connection broke", remedy: "Mend it" });

/** Nothing arrives. */
export const unreachable: ObjectFault = async () => {
  throw cut;
};

/** The change is made; its answer does not arrive. */
export const answerLost: ObjectFault = async (go) => {
  await go();
  throw cut;
};

/** Time that passes when a test says so. */
export class TestClock implements ReflectorClock {
  #now: number;
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  constructor(now = 1_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((wake, reject) => {
      if (signal.aborted) reject(signal.reason);
      const sleeper = { at: this.#now + ms, wake };
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  }

  /** Wakes whoever sleeps, each at its time, and lets the work that follows come to rest. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await rest();
    for (;;) {
      const next = [...this.#sleepers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#sleepers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await rest();
    }
    this.#now = until;
  }
}

/** Requests of the fake take no time but some turns of the event loop. */
async function rest(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn();
}
