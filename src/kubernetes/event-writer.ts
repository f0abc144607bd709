/** Writes Events, one after the other, in the background: nobody waits for it, and what fails is tried again or let go. */
import { Backoff } from "./backoff.ts";
import type { ObjectClient } from "./client.ts";
import { eventName, eventObject, namespaceOf, type ObjectEvent, repetition, saidSoFar } from "./event.ts";
import { type Audience, type Due, EventLedger, type LedgerLimits } from "./event-ledger.ts";
import { ApiError, type Asked, type Failure } from "./failure.ts";
import type { ReflectorClock } from "./reflector-options.ts";
import { pathOf } from "./resource.ts";

/** What became of an attempt; `left-out`: there was no attempt, for want of memory. */
export const EVENT_RESULTS = ["created", "repeated", "failed", "left-out"] as const;

export type EventResult = (typeof EVENT_RESULTS)[number];

/** Told as it happens. Must not throw. */
interface EventObserver {
  counted(result: EventResult, by: number): void;
  /** A request failed; the next is made after `waitMs`. */
  failed(failure: Failure, waitMs: number): void;
}

export interface EventWriterOptions {
  readonly client: ObjectClient;
  /** Which process says so, for whoever reads an Event. */
  readonly instance: string;
  /** Whether this process speaks for all replicas. Asked before each. */
  speaks(): boolean;
  readonly clock: ReflectorClock;
  /** Ms since the epoch, for what is written. */
  wallClock(): number;
  /** 0 to below 1. */
  chance(): number;
  readonly observer: EventObserver;
  readonly limits?: LedgerLimits;
}

/** How long one request may take, in ms. */
const ANSWER_MS = 10_000;

/** Between attempts while they are forbidden, in ms: somebody has to act first. */
const FORBIDDEN_MS = 60_000;

/** How often it is asked who speaks for all replicas while there is something to say, in ms: that changes without a word. */
const LOOK_MS = 1_000;

/**
 * - An Event that is there already, of another replica or of this one before it restarted, is not made again: it counts up, unless it was said of late.
 * - Requests are made one at a time, and none before the one before it was answered.
 */
export class EventWriter {
  readonly #options: EventWriterOptions;
  readonly #ledger: EventLedger;
  readonly #repeatMs: number;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(options: EventWriterOptions) {
    this.#options = options;
    this.#ledger = new EventLedger(options.limits);
    this.#repeatMs = options.limits?.repeatMs ?? 1_800_000;
    this.#backoff = new Backoff({ baseMs: 1_000, capMs: 60_000 }, options.chance);
  }

  /** All that one reporter has to say now, in the place of what it said before. Cheap, and may be called before `start`. */
  report(reporter: string, events: readonly ObjectEvent[], audience: Audience): void {
    const leftOut = this.#ledger.report(reporter, events, audience, this.#options.clock.now());
    if (leftOut > 0) this.#options.observer.counted("left-out", leftOut);
    this.#wake?.();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when no request is open. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopped"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const due = this.#ledger.next(this.#options.speaks(), this.#options.clock.now());
      const waitMs = due.kind === "say" ? await this.#attempt(due) : this.#untilThen(due);
      if (waitMs > 0) await this.#sleep(waitMs, due.kind !== "say");
    }
  }

  #untilThen(due: Exclude<Due, { kind: "say" }>): number {
    return due.kind === "wait" ? Math.max(1, Math.min(due.atMs - this.#options.clock.now(), LOOK_MS)) : LOOK_MS;
  }

  /** `wakeable`: a report ends it. */
  async #sleep(ms: number, wakeable: boolean): Promise<void> {
    const woken = new AbortController();
    if (wakeable) this.#wake = () => woken.abort(new Error("woken"));
    try {
      await this.#options.clock.sleep(ms, AbortSignal.any([this.#stopping.signal, woken.signal]));
    } catch {
      // stopped, or woken
    } finally {
      this.#wake = undefined;
    }
  }

  /** Gives how long to wait before the next. */
  async #attempt({ name, event, said }: Extract<Due, { kind: "say" }>): Promise<number> {
    const { observer, clock } = this.#options;
    try {
      if (said === 0) await this.#create(name, event);
      else await this.#repeat(name, event, said);
      this.#backoff.reset();
      return 0;
    } catch (error) {
      if (this.#stopping.signal.aborted) return 0;
      if (!(error instanceof ApiError)) throw error;
      const { failure } = error;
      observer.counted("failed", 1);
      // Its namespace is gone, or the API server does not take it: others may be better off.
      const own = failure.code === "absent" || failure.code === "refused";
      const waitMs = failure.code === "forbidden" ? FORBIDDEN_MS : own ? 0 : this.#backoff.next();
      if (own) this.#ledger.postpone(name, clock.now() + this.#repeatMs);
      observer.failed(failure, waitMs);
      return Math.max(waitMs, failure.retryAfterMs ?? 0);
    }
  }

  async #create(name: string, event: ObjectEvent): Promise<void> {
    const { client, instance, wallClock, observer, clock } = this.#options;
    const body = eventObject(event, instance, wallClock());
    try {
      await client.change({ method: "POST", path: pathOf(resourceOf(event)), body }, this.#asking("create", event));
      this.#ledger.said(name, 1, 0, clock.now());
      observer.counted("created", 1);
    } catch (error) {
      if (!(error instanceof ApiError) || error.failure.code !== "conflict") throw error;
      await this.#join(name, event);
    }
  }

  /** Somebody said it before us. An empty change tells how often and when, and needs no right to read. */
  async #join(name: string, event: ObjectEvent): Promise<void> {
    const { clock, wallClock } = this.#options;
    const { count, lastMs } = saidSoFar(await this.#patch(event, {}));
    const agoMs = Math.max(1, wallClock() - lastMs);
    if (agoMs < this.#repeatMs) this.#ledger.said(name, count, agoMs, clock.now());
    else await this.#repeat(name, event, count);
  }

  async #repeat(name: string, event: ObjectEvent, said: number): Promise<void> {
    const { wallClock, observer, clock } = this.#options;
    try {
      await this.#patch(event, repetition(said + 1, wallClock()));
      this.#ledger.said(name, said + 1, 0, clock.now());
      observer.counted("repeated", 1);
    } catch (error) {
      if (!(error instanceof ApiError) || error.failure.code !== "absent") throw error;
      this.#ledger.forgotten(name); // expired meanwhile: the next attempt makes it anew
    }
  }

  async #patch(event: ObjectEvent, body: object): Promise<unknown> {
    const path = `${pathOf(resourceOf(event))}/${eventName(event)}`;
    return await this.#options.client.change({ method: "PATCH", path, body }, this.#asking("patch", event));
  }

  #asking(verb: Asked["verb"], event: ObjectEvent) {
    const { plural, group, namespace } = resourceOf(event);
    return { asked: { verb, plural, group, namespace }, signal: this.#stopping.signal, answerMs: ANSWER_MS };
  }
}

const resourceOf = (event: ObjectEvent) => ({
  ...{ group: "events.k8s.io", version: "v1", plural: "events" },
  namespace: namespaceOf(event),
});
