/** What a reflector is made with, and what it gives. */
import type { BackoffOptions } from "./backoff.ts";
import type { KubernetesClient } from "./client.ts";
import type { Failure } from "./failure.ts";
import type { Resource } from "./resource.ts";

/** What changed. An object is in it at most once; after a long list the upserts come in several batches, the last of which has `listed`. */
export interface Batch<T> {
  /** New objects, and those whose projection changed. */
  readonly upserts: readonly T[];
  /** The last known projection of every object that is gone. */
  readonly removals: readonly T[];
  /** Set when this batch completes a list: the place of its request in `order`. What was seen before that, and is not in the list, is gone. */
  readonly listed: number | undefined;
}

/** Told as it happens, for logs and metrics. Must not throw. */
export interface ReflectorObserver {
  listed(objects: number, tookMs: number): void;
  /** Events of one network chunk, bookmarks included. */
  events(count: number): void;
  /** Something failed; it is tried again after `waitMs`. */
  failed(failure: Failure, waitMs: number): void;
  /** Current again, after so long. */
  recovered(staleMs: number): void;
  /** Our own fault: a projection, the receiver of batches or the reflector itself threw. It goes on. */
  threw(where: "project" | "deliver" | "reflector", error: unknown): void;
}

export interface ReflectorTuning extends BackoffOptions {
  /** How long the head of an answer, or one page of a list, may take, and how long a streamed list may say nothing, in ms. Default 60,000. */
  readonly answerMs?: number;
  /** A watch silent for longer is taken for half open, in ms. Default 150,000: bookmarks come every 60 s or so. */
  readonly idleMs?: number;
  /** A watch silent for longer is compared with another one (see quiet-watch.ts), in ms. Default 5,000. */
  readonly quietMs?: number;
  /** A watch that lived this long ends a series of failures, in ms. Default 10,000. */
  readonly settledMs?: number;
  /** The longest event, in bytes. Default 16 MiB; etcd takes 1.5 MiB. */
  readonly maxLineBytes?: number;
  /** Wait after the sixth "forbidden" or "absent" in a row, in ms: somebody has to act first. Default 30,000, jittered by a quarter. */
  readonly helplessMs?: number;
}

export interface ReflectorOptions<T> {
  readonly client: KubernetesClient;
  /** Asked before every list, since a kind may move (Host became namespaced with wasmCloud 2.1.0). Throws an ApiError. */
  locate(signal: AbortSignal): Promise<Resource>;
  /** What is kept of an object; undefined keeps nothing. The object itself is not kept. */
  project(object: unknown): T | undefined;
  /** Whether two projections of one object are equal, so that the second is no change. */
  same(a: T, b: T): boolean;
  deliver(batch: Batch<T>): void;
  readonly observer: ReflectorObserver;
  /** Counts up with every call; shared by reflectors whose lists are to be compared in time. */
  order(): number;
  readonly clock: ReflectorClock;
  /** 0 to below 1. */
  chance(): number;
  readonly tuning?: ReflectorTuning;
}

export interface ReflectorClock {
  /** Monotonic, in ms. */
  now(): number;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** An API server that is back is found so late at most, in ms. client-go's 30 s spares one that thousands of kubelets ask; here four watches do, and requests fail while they wait. */
const CAP_MS = 5_000;

/** The complete tuning. */
export function tuningOf(options: ReflectorTuning): Required<ReflectorTuning> {
  const defaults = {
    answerMs: 60_000,
    idleMs: 150_000,
    quietMs: 5_000,
    settledMs: 10_000,
    maxLineBytes: 16_777_216,
    helplessMs: 30_000,
  };
  return { ...defaults, baseMs: 250, capMs: CAP_MS, ...options };
}
