/**
 * Room `kubernetes`: a complete and current picture of one kind of object, kept up through everything an API server and a network can do.
 * Given: an API server, a resource, a projection. Gives: batches of what changed, and whether the picture is complete and current.
 * Must not know: wasmCloud, placement, Envoy. Imports no other room.
 * This file is the loop; what it may do next stands in reflector-state.ts, what one request can give in list.ts and watch.ts.
 */
import { Breath } from "./breath.ts";
import { silence } from "./client.ts";
import { ApiError, ourFault } from "./failure.ts";
import { type Draft, Inventory } from "./inventory.ts";
import { listPages } from "./list.ts";
import { QuietWatch } from "./quiet-watch.ts";
import { Recovery, type Staleness } from "./recovery.ts";
import { type Batch, type ReflectorOptions, type ReflectorTuning, tuningOf } from "./reflector-options.ts";
import { NEXT, type ReflectorEvent, type ReflectorState } from "./reflector-state.ts";
import { identityOf, type Resource } from "./resource.ts";
import { lookForRewound } from "./rewound.ts";
import { Wait } from "./wait.ts";
import { openWatch, type WatchEvent, type WatchSource } from "./watch.ts";

/** Upserts of one batch: what a receiver can work off within a few ms. */
const BATCH_OBJECTS = 500;

/** A watch that ends sooner was not ended by its timeout; asking again at once would be a storm (client-node: 8,733 watches in 3 s, measured). */
const HASTY_MS = 1_000;

/** A watch that the API server ends sooner than this before its timeout was ended for another reason. */
const EARLY_MS = 5_000;

/** A watch proves that its position is good by an event, or by living for so long: a server that forgot it answers 200, then tells 410 as the first event. */
const PROOF_MS = 1_000;

/**
 * Lists one resource, then watches it for ever.
 * - What was delivered adds up to the objects there are; after any failure, to those of the last complete list and the events since.
 * - A failed list changes nothing: the last complete one stays.
 * - Nothing is delivered after `stop` was called.
 * - A projection or receiver that throws is reported and hurts one object, or one batch.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #tuning: Required<ReflectorTuning>;
  readonly #recovery: Recovery;
  readonly #inventory: Inventory<T>;
  readonly #stopping = new AbortController();
  #state: ReflectorState = "idle";
  #running: Promise<void> = Promise.resolve();
  #synced = false;
  /** Whether to ask for a streamed list: `not-now` after one broke off, `never` once it was refused. */
  #streaming: "yes" | "not-now" | "never" = "yes";
  /** The last known position, and where the resource was when it was listed. Valid in `watching` and `watch-due`. */
  #position = "";
  #resource: Resource | undefined;
  /** The open watch: in `watching`, and in `listing` while a list is streamed. */
  #stream: Stream | undefined;
  /** Where the last watch stood that was found to be silent, and how many in a row stood there. */
  #silenced = { at: "", times: 0 };
  /** Whether no object was known at some time since the watch began. Valid in `watching`. */
  #emptied = false;
  /** What the next `elapsed` waits for. Valid in `list-due` and `watch-due`. */
  readonly #wait: Wait;
  /** Ends what the present state does, for `relist`. */
  #turn = new AbortController();
  /** Whether `relist` was called and no list requested since. */
  #relistAsked = false;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#tuning = tuningOf(options.tuning ?? {});
    this.#recovery = new Recovery(this.#tuning, options.chance);
    this.#inventory = new Inventory(options.same);
    this.#wait = new Wait(options.clock.sleep);
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** A first complete list was delivered. Stays true. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Set from a failure until a list or watch works again. */
  get staleness(): Staleness | undefined {
    return this.#recovery.staleness;
  }

  /** Objects known. */
  get size(): number {
    return this.#inventory.size;
  }

  /** The projection of an object by its key (see ObjectIdentity); undefined if it is not there. */
  get(key: string): T | undefined {
    return this.#inventory.get(key);
  }

  start(): void {
    this.#move("start");
    this.#running = this.#run();
  }

  /** Resolves when no request is open and nothing more will be delivered. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopped"));
    this.#move("stop");
    await this.#running;
  }

  /** Lists anew, by a request made after this call: for whoever needs to know what is not there any more. */
  relist(): void {
    this.#relistAsked = true;
    if (this.#state !== "watching" && this.#state !== "watch-due") return; // a list comes anyway, or follows the one under way
    this.#turn.abort(new Error("relist"));
    this.#stream?.closing.abort(new Error("relist"));
  }

  /** The API server answers others. Each waits apart from them, and a picture of several is as old as the last: 6 s after three restarts in ten (seen on 1.36.3). */
  hurry(): void {
    this.#wait.hurry();
  }

  #move(event: ReflectorEvent): void {
    const next = NEXT[this.#state][event];
    if (next === "bug") throw new Error(`reflector: ${event} in state ${this.#state}`);
    this.#state = next;
  }

  async #run(): Promise<void> {
    while (this.#state !== "stopped") {
      this.#turn = new AbortController();
      const event = await this.#happens();
      if (event !== "listed") this.#dropStream();
      this.#move(this.#stopping.signal.aborted ? "stop" : event);
    }
    this.#dropStream();
  }

  async #happens(): Promise<ReflectorEvent> {
    if (this.#relistAsked && (this.#state === "watching" || this.#state === "watch-due")) return "relist";
    const signal = AbortSignal.any([this.#stopping.signal, this.#turn.signal]);
    try {
      if (this.#state === "listing") return await this.#list(signal);
      if (this.#state === "watching") return await this.#watch(signal);
      await this.#wait.over(signal);
      return "elapsed";
    } catch (error) {
      if (this.#stopping.signal.aborted) return "stop";
      return this.#turn.signal.aborted ? "relist" : this.#failed(error);
    }
  }

  async #list(signal: AbortSignal): Promise<ReflectorEvent> {
    const { clock, observer } = this.#options;
    const began = clock.now();
    const resource = await this.#options.locate(signal);
    this.#relistAsked = false;
    const requested = this.#options.order();
    const draft = this.#inventory.draft();
    if (this.#streaming !== "yes") await this.#listByPages(resource, draft, signal);
    else if (!(await this.#listByStream(resource, draft, signal))) return "relist";
    if (this.#streaming === "not-now") this.#streaming = "yes";
    this.#resource = resource;
    await this.#deliverList(draft, requested, signal);
    observer.listed(this.#inventory.size, clock.now() - began);
    this.#current();
    return "listed";
  }

  async #listByPages(resource: Resource, draft: Draft<T>, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const { backoff } = this.#recovery;
    const breath = new Breath(clock.now);
    const source = { client, resource, signal, answerMs: this.#tuning.answerMs, backoff, sleep: clock.sleep };
    for await (const page of listPages(source)) {
      this.#position = page.resourceVersion;
      for (const item of page.items) {
        const identity = identityOf(item);
        if (identity !== undefined) draft.put(identity.key, this.#projected(item));
        if (breath.due) await breath.take();
      }
    }
  }

  /** Leaves its stream open for the watch. False: the API server cannot stream lists, ask for pages. */
  async #listByStream(resource: Resource, draft: Draft<T>, signal: AbortSignal): Promise<boolean> {
    try {
      const stream = await this.#open(resource, undefined, signal);
      const { answerMs } = this.#tuning;
      const late = setTimeout(() => stream.closing.abort(silence(this.#options.client.server, answerMs)), answerMs);
      await this.#draftFrom(stream, resource, draft, () => late.refresh()).finally(() => clearTimeout(late));
    } catch (error) {
      const code = error instanceof ApiError ? error.failure.code : undefined;
      if (code === "cut" || code === "silent") this.#streaming = "not-now";
      if (code !== "refused") throw error;
      this.#streaming = "never";
      return false;
    }
    return true;
  }

  async #draftFrom(stream: Stream, resource: Resource, draft: Draft<T>, heard: () => void): Promise<void> {
    const breath = new Breath(this.#options.clock.now);
    for (;;) {
      const { done, value } = await stream.events.next();
      heard();
      if (done === true) throw unended(resource, "cut", "the stream ended before its list did");
      for (const [i, event] of value.entries()) {
        if (event.type === "bookmark") {
          if (!event.initialEnd) throw unended(resource, "refused", "a bookmark came before the end of the list");
          this.#position = event.resourceVersion;
          stream.left = value.slice(i + 1);
          return;
        }
        if (event.type === "put") draft.put(event.identity.key, this.#projected(event.object));
        else draft.remove(event.identity.key);
      }
      if (breath.due) await breath.take();
    }
  }

  async #deliverList(draft: Draft<T>, requested: number, signal: AbortSignal): Promise<void> {
    const { upserts, removals } = await this.#inventory.commit(draft, this.#options.clock.now);
    const breath = new Breath(this.#options.clock.now);
    let from = 0;
    for (; upserts.length - from > BATCH_OBJECTS; from += BATCH_OBJECTS) {
      signal.throwIfAborted();
      this.#deliver({ upserts: upserts.slice(from, from + BATCH_OBJECTS), removals: [], listed: undefined });
      if (breath.due) await breath.take();
    }
    signal.throwIfAborted();
    this.#synced = true; // before the batch that completes the list, whose receiver may ask
    this.#deliver({ upserts: upserts.slice(from), removals, listed: requested });
  }

  async #watch(signal: AbortSignal): Promise<ReflectorEvent> {
    const { clock } = this.#options;
    if (this.#resource === undefined) throw new Error("reflector: watching what was never listed");
    const { events, openedAt, timeoutMs, left, source, closing } =
      this.#stream ?? (await this.#reopen(this.#resource, signal));
    this.#emptied = this.#inventory.size === 0;
    const proof = setTimeout(() => this.#current(), PROOF_MS);
    const quiet = new QuietWatch({
      source,
      quietMs: this.#quietMs,
      position: () => this.#position,
      dead: (failure) => {
        const { at, times } = this.#silenced;
        this.#silenced = { at: this.#position, times: at === this.#position ? times + 1 : 1 };
        closing.abort(failure);
      },
    });
    const breath = new Breath(clock.now);
    try {
      this.#take(left);
      for (;;) {
        const { done, value } = await events.next();
        if (done === true) break;
        this.#take(value);
        if (value.length > 0) this.#current();
        if (breath.due) await breath.take();
      }
    } finally {
      clearTimeout(proof);
      quiet.stop();
      if (clock.now() - openedAt >= this.#tuning.settledMs) this.#recovery.settled();
    }
    const livedMs = clock.now() - openedAt;
    this.#wait.set(livedMs >= HASTY_MS ? 0 : this.#recovery.backoff.next());
    // A CustomResourceDefinition that is deleted takes every object with it, and a second later its watches end. Installed anew in between, what was made
    // meanwhile may be missing from such a watch and from the one that goes on from it (seen once in 500 times on 1.36.3). So list: there is little.
    return this.#emptied && livedMs < timeoutMs - EARLY_MS ? "expired" : "ended";
  }

  /** Twice as long with each watch that got no further: where something in between keeps back what is told, it would else be ended before that comes. */
  get #quietMs(): number {
    const { quietMs, idleMs } = this.#tuning;
    const { at, times } = this.#silenced;
    return at === this.#position && times > 1 ? Math.min(idleMs, quietMs * 2 ** (times - 1)) : quietMs;
  }

  async #reopen(resource: Resource, signal: AbortSignal): Promise<Stream> {
    const position = this.#position;
    const stream = await this.#open(resource, position, signal);
    void lookForRewound(stream.source, position, (failure) => stream.closing.abort(failure));
    return stream;
  }

  async #open(resource: Resource, position: string | undefined, signal: AbortSignal): Promise<Stream> {
    const { answerMs, idleMs, maxLineBytes } = this.#tuning;
    // Five to ten minutes, so that the watches of many replicas do not end together; what client-go asks for.
    const timeoutSeconds = Math.round(300 + this.#options.chance() * 300);
    const closing = new AbortController();
    const ended = AbortSignal.any([this.#stopping.signal, closing.signal]);
    signal.throwIfAborted();
    const abandoned = () => closing.abort(signal.reason);
    signal.addEventListener("abort", abandoned, { once: true });
    const source = {
      client: this.#options.client,
      resource,
      signal: ended,
      answerMs,
      idleMs,
      timeoutSeconds,
      maxLineBytes,
    };
    const events = await openWatch(source, position);
    signal.removeEventListener("abort", abandoned);
    const openedAt = this.#options.clock.now();
    this.#stream = { events, source, closing, openedAt, timeoutMs: timeoutSeconds * 1_000, left: [] };
    return this.#stream;
  }

  /** Works off the events of one chunk as one batch: of several events of one object the last counts. */
  #take(events: readonly WatchEvent[]): void {
    if (events.length === 0) return;
    this.#options.observer.events(events.length);
    const changes = new Map<string, { readonly upsert: T } | { readonly removal: T }>();
    for (const event of events) {
      if (event.type === "bookmark") this.#position = event.resourceVersion;
      else {
        const { key, resourceVersion } = event.identity;
        if (resourceVersion !== "") this.#position = resourceVersion;
        const change =
          event.type === "put" ? this.#inventory.put(key, this.#projected(event.object)) : this.#inventory.remove(key);
        if (change !== undefined) changes.set(key, change);
        if (this.#inventory.size === 0) this.#emptied = true;
      }
    }
    if (changes.size === 0) return;
    const upserts = [...changes.values()].flatMap((change) => ("upsert" in change ? [change.upsert] : []));
    const removals = [...changes.values()].flatMap((change) => ("removal" in change ? [change.removal] : []));
    this.#deliver({ upserts, removals, listed: undefined });
  }

  #projected(object: unknown): T | undefined {
    try {
      return this.#options.project(object);
    } catch (error) {
      this.#options.observer.threw("project", error);
      return undefined;
    }
  }

  #deliver(batch: Batch<T>): void {
    if (this.#stopping.signal.aborted) return;
    try {
      this.#options.deliver(batch);
    } catch (error) {
      this.#options.observer.threw("deliver", error);
    }
  }

  #current(): void {
    const staleMs = this.#recovery.current(this.#options.clock.now());
    if (staleMs !== undefined) this.#options.observer.recovered(staleMs);
  }

  /** Reports a failure, sets the wait that follows it and says which way it goes on. */
  #failed(error: unknown): ReflectorEvent {
    if (!(error instanceof ApiError)) this.#options.observer.threw("reflector", error);
    const failure = error instanceof ApiError ? error.failure : ourFault(error);
    const { waitMs, leastMs, lost } = this.#recovery.failed(failure, this.#options.clock.now());
    this.#wait.set(waitMs, leastMs);
    this.#options.observer.failed(failure, waitMs);
    return lost ? "expired" : "failed";
  }

  /** Ends the open stream, if there is one, and with it its connection. */
  #dropStream(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined) return;
    stream.closing.abort(new Error("no longer wanted"));
    // It may be waiting for a chunk that never comes: the abort ends that wait, and what it says then is of no interest.
    stream.events.return(undefined).catch(() => undefined);
  }
}

interface Stream {
  readonly events: Awaited<ReturnType<typeof openWatch>>;
  readonly source: WatchSource;
  readonly closing: AbortController;
  /** On the reflector's clock, in ms. */
  readonly openedAt: number;
  /** When the API server was asked to end it, counted from there. */
  readonly timeoutMs: number;
  /** Events that came with the end of the list, to be worked off first. */
  left: readonly WatchEvent[];
}

/** `refused`: this is no streamed list, and will not be one the next time. `cut`: it was one. */
function unended(resource: Resource, code: "refused" | "cut", words: string): ApiError {
  const cause = `the streamed list of ${resource.plural} is incomplete: ${words}`;
  return new ApiError({ code, cause, remedy: "Wait: Signalbox lists page by page next" });
}
