/** One of several replicas at a time: a Lease (coordination.k8s.io/v1) that is acquired, renewed, given back, and taken over when its holder is silent. */
import type { ObjectClient } from "./client.ts";
import { ApiError, type Asked, type Failure } from "./failure.ts";
import { type LeaseRecord, leaseObject, leaseRecordOf } from "./lease-record.ts";
import { type LeaseEvent, type LeaseState, NEXT } from "./lease-state.ts";
import type { ReflectorClock } from "./reflector-options.ts";
import { pathOf } from "./resource.ts";

/** Told as it happens. Must not throw. */
interface LeaseObserver {
  acquired(): void;
  lost(): void;
  /** A request failed; it is made again after `waitMs`. */
  failed(failure: Failure, waitMs: number): void;
}

/** Those of client-go's leader election; a holder stops 5 s before others may begin, whatever the clocks of the machines say. */
export interface LeaseTiming {
  /** How long others wait after the last renewal they saw, in ms. Default 15,000. Whole seconds. */
  readonly durationMs?: number;
  /** How long a holder that cannot renew goes on, in ms from the last renewal it asked for with success. Default 10,000. Less than `durationMs`. */
  readonly renewDeadlineMs?: number;
  /** Between two requests of one candidate, in ms, give or take a fifth. Default 2,500. */
  readonly retryMs?: number;
  /** Between requests while they are forbidden, in ms: somebody has to act first. Default 60,000. */
  readonly forbiddenMs?: number;
}

export interface LeaseOptions {
  readonly client: ObjectClient;
  readonly namespace: string;
  readonly name: string;
  /** Of this process, and no other that ever was: one that restarts is another candidate. */
  readonly identity: string;
  /** Monotonic: all that is measured here is measured by it. */
  readonly clock: ReflectorClock;
  /** Ms since the epoch, for what is written into the object. Never compared with what others wrote. */
  wallClock(): number;
  /** 0 to below 1. */
  chance(): number;
  readonly observer: LeaseObserver;
  readonly timing?: LeaseTiming;
}

/**
 * A candidate for one Lease.
 * - At most one candidate is `leading` at any time, if clocks run at the same speed within a third: a holder counts from before it asked for the
 *   renewal, the others from when they saw it.
 * - How long a holder has been silent is measured here, from when its last renewal was seen: the times in the object are those of another machine.
 * - Of two that write at once the API server takes the first.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #timing: Required<LeaseTiming>;
  readonly #path: string;
  readonly #stopping = new AbortController();
  #state: LeaseState = "idle";
  /** The newest that was read or written; undefined until then, and when there is none. */
  #record: LeaseRecord | undefined;
  /** When what `#record` says last changed, on the clock given. */
  #seenAt = 0;
  /** When the last renewal of ours that succeeded was asked for. Valid while leading. */
  #renewedAt = 0;
  #running: Promise<void> | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#timing = {
      durationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryMs: 2_500,
      forbiddenMs: 60_000,
      ...options.timing,
    };
    this.#path = pathOf({ group: GROUP, version: "v1", plural: PLURAL, namespace: options.namespace });
  }

  /** Whether this process is the one. Ask at each use: it ends by time alone when the API server is away. */
  get leading(): boolean {
    return this.#state === "leading" && !this.#overdue;
  }

  start(): void {
    this.#move("start");
    this.#running = this.#run();
  }

  /** Gives the Lease back if it is held, so that another need not wait. Resolves when no request is open. */
  async stop(): Promise<void> {
    const held = this.leading;
    this.#move("stop");
    this.#stopping.abort(new Error("stopped"));
    await this.#running;
    if (held && this.#record !== undefined) await this.#release(this.#record);
  }

  get #overdue(): boolean {
    return this.#options.clock.now() - this.#renewedAt >= this.#timing.renewDeadlineMs;
  }

  async #run(): Promise<void> {
    const { clock, chance } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const waitMs = await this.#round();
      try {
        await clock.sleep(waitMs * (0.8 + 0.4 * chance()), signal);
      } catch {
        return; // stopped
      }
      if (this.#state === "leading" && this.#overdue) this.#move("expired");
    }
  }

  /** One attempt to get or keep it. Gives how long to wait for the next. */
  async #round(): Promise<number> {
    try {
      this.#move(await this.#attempt());
      return this.#timing.retryMs;
    } catch (error) {
      if (!(error instanceof ApiError)) {
        if (this.#stopping.signal.aborted) return 0;
        throw error;
      }
      const { failure } = error;
      const waitMs = failure.code === "forbidden" ? this.#timing.forbiddenMs : this.#timing.retryMs;
      this.#move(this.#state === "leading" && this.#overdue ? "expired" : "failed");
      this.#options.observer.failed(failure, waitMs);
      return Math.max(waitMs, failure.retryAfterMs ?? 0);
    }
  }

  async #attempt(): Promise<"won" | "lost"> {
    // A holder need not look: if anybody else wrote, the version it names is not the newest, and it is told so.
    if (this.#state !== "leading") this.#note(await this.#read());
    for (let tries = 1; !this.#isHeldByOther(); tries++) {
      const askedAt = this.#options.clock.now();
      try {
        this.#note(leaseRecordOf(await this.#write(this.#options.identity)));
        this.#renewedAt = askedAt;
        return "won";
      } catch (error) {
        // Another was first, or our own write before this one arrived though its answer did not; or somebody deleted it.
        if (!(error instanceof ApiError) || !STALE.has(error.failure.code) || tries === 2) throw error;
        this.#note(await this.#read());
      }
    }
    return "lost";
  }

  #note(record: LeaseRecord | undefined): void {
    if (this.#record === undefined || record === undefined || !saysTheSame(this.#record, record))
      this.#seenAt = this.#options.clock.now();
    this.#record = record;
  }

  #isHeldByOther(): boolean {
    const record = this.#record;
    if (record === undefined || record.holder === "" || record.holder === this.#options.identity) return false;
    return this.#options.clock.now() - this.#seenAt < (record.durationMs ?? this.#timing.durationMs);
  }

  async #read(): Promise<LeaseRecord | undefined> {
    const { client, name } = this.#options;
    try {
      return leaseRecordOf(await client.read(`${this.#path}/${name}`, this.#asking("get")));
    } catch (error) {
      if (error instanceof ApiError && error.failure.code === "absent") return undefined;
      throw error;
    }
  }

  async #write(holder: string): Promise<unknown> {
    const { client, namespace, name, wallClock } = this.#options;
    const wish = { namespace, name, holder, durationMs: this.#timing.durationMs, atMs: wallClock() };
    const body = leaseObject(wish, this.#record);
    if (this.#record === undefined)
      return await client.change({ method: "POST", path: this.#path, body }, this.#asking("create"));
    return await client.change({ method: "PUT", path: `${this.#path}/${name}`, body }, this.#asking("update"));
  }

  #asking(verb: Asked["verb"], signal = this.#stopping.signal) {
    const { namespace, name } = this.#options;
    const one = verb === "create" ? {} : { name };
    return {
      asked: { verb, plural: PLURAL, group: GROUP, namespace, ...one },
      signal,
      answerMs: this.#timing.retryMs * 2,
    };
  }

  /** As good as it goes: what is not given back is taken over a little later. */
  async #release(record: LeaseRecord): Promise<void> {
    const { client, namespace, name, wallClock } = this.#options;
    const body = leaseObject({ namespace, name, holder: "", durationMs: 1_000, atMs: wallClock() }, record);
    const asking = this.#asking("update", new AbortController().signal);
    try {
      await client.change({ method: "PUT", path: `${this.#path}/${name}`, body }, { ...asking, answerMs: RELEASE_MS });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  #move(event: LeaseEvent): void {
    const before = this.#state;
    const after = NEXT[before][event];
    if (after === "bug") throw new Error(`a lease that is ${before} cannot take ${event}`);
    this.#state = after;
    if (before !== "leading" && after === "leading") this.#options.observer.acquired();
    if (before === "leading" && after !== "leading") this.#options.observer.lost();
  }
}

const GROUP = "coordination.k8s.io";
const PLURAL = "leases";

/** What was read is not what is there. */
const STALE: ReadonlySet<string> = new Set(["conflict", "absent"]);

/** How long a process that ends waits to give it back, in ms. */
const RELEASE_MS = 1_000;

/** Whether nobody renewed or took it between two looks. Not by resourceVersion: a label that somebody sets is no sign of life. */
function saysTheSame(a: LeaseRecord, b: LeaseRecord): boolean {
  return a.holder === b.holder && a.renewTime === b.renewTime && a.transitions === b.transitions;
}
