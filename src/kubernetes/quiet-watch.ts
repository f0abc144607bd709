/** A watch that says nothing: whether there is nothing to say, or nobody there to say it. */
import { ApiError, type FailureCode } from "./failure.ts";
import { openWatch, type WatchSource } from "./watch.ts";

export interface QuietWatchOptions {
  /** What is doubted; `signal` ends the doubts too. */
  readonly source: WatchSource;
  /** A watch is doubted when it has said nothing for so long, and then again after as long, in ms. */
  readonly quietMs: number;
  /** The newest position it told. */
  position(): string;
  /** Called at most once, when the API server has what this watch did not tell. */
  dead(failure: ApiError): void;
}

/** What comes on another connection may come here a moment later, in ms. */
const GRACE_MS = 1_000;

/** How long the answer to a doubt may take, in ms: on a connection that was used before, which may be dead too, and then on a new one. */
const ANSWER_MS = { used: 1_000, fresh: 3_000 };

/** What a dead connection looks like. Whatever else a doubt meets is an answer. */
const DEAD: ReadonlySet<FailureCode> = new Set(["silent", "cut", "unreachable"]);

/**
 * Compares a quiet watch with a second one, which begins where the first one stands and lasts for a second: an event there that the first does not tell within
 * another says that it is dead. Keep-alive of TCP cannot find that out where a balancer in between lives on, nor where an API server hangs; waiting for its
 * next bookmark takes more than a minute, while replicas move. A second watch that is refused, or fails, proves nothing: watches that are open go on working while an
 * API server throttles.
 */
export class QuietWatch {
  readonly #options: QuietWatchOptions;
  #timer: NodeJS.Timeout;
  #stopped = false;

  constructor(options: QuietWatchOptions) {
    this.#options = options;
    this.#timer = this.#doubtSoon();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #doubtSoon(): NodeJS.Timeout {
    const before = this.#options.position();
    return setTimeout(() => {
      if (this.#options.position() === before) void this.#doubt(before);
      else this.#timer = this.#doubtSoon();
    }, this.#options.quietMs);
  }

  async #doubt(position: string): Promise<void> {
    const missed = await this.#missed(position, "used");
    if (this.#stopped) return;
    if (!missed) {
      this.#timer = this.#doubtSoon();
      return;
    }
    this.#timer = setTimeout(() => {
      if (this.#options.position() === position) this.#options.dead(deadOf(this.#options.source));
      else this.#timer = this.#doubtSoon();
    }, GRACE_MS);
  }

  /** Whether the API server has an event after this position. */
  async #missed(position: string, connection: "used" | "fresh"): Promise<boolean> {
    const fresh = connection === "fresh";
    const source = {
      ...this.#options.source,
      answerMs: ANSWER_MS[connection],
      idleMs: ANSWER_MS.fresh,
      timeoutSeconds: 1,
      fresh,
    };
    try {
      for await (const events of await openWatch(source, position))
        if (events.some(({ type }) => type !== "bookmark")) return true;
    } catch (error) {
      // Else an old position, or a busy server: the watch itself will tell.
      const dead = error instanceof ApiError && DEAD.has(error.failure.code);
      if (dead && !fresh && !this.#stopped) return await this.#missed(position, "fresh");
    }
    return false;
  }
}

function deadOf({ client, resource }: WatchSource): ApiError {
  return new ApiError({
    code: "silent",
    cause: `the watch of ${resource.plural} at ${client.server} does not tell what the API server tells another one`,
    remedy: "Look at the API server and at what stands between: the connection is half open. Signalbox connects anew",
  });
}
