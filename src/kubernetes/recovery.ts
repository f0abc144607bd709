/** What a series of failures means: how long to wait, whether the position is still good, and since when the picture may be out of date. */
import { Backoff } from "./backoff.ts";
import { type Failure, type FailureCode, HELPLESS } from "./failure.ts";
import type { ReflectorTuning } from "./reflector-options.ts";

/** Why the picture may be out of date. */
export interface Staleness {
  /** On the reflector's clock, in ms. */
  readonly sinceMs: number;
  /** The newest failure. */
  readonly failure: Failure;
}

/** What follows a failure. */
export interface Verdict {
  readonly waitMs: number;
  /** How much of that stays though the API server is known to answer others: what it asked for itself, and all where somebody has to act first. */
  readonly leastMs: number;
  /** The position is lost: list anew. */
  readonly lost: boolean;
}

/** A position that was refused this often in a row is given up: after a restored etcd it may lie in the future ("Too large resource version"). */
const POSITION_TRIES = 3;

/** So many 403 and 404 in a row, and nothing else, are an API server that starts; one more is taken for what somebody has to act on. */
const HELPLESS_TRIES = 5;

/** Refusals that may be about the position. Not every 5xx: an API server that starts answers 503 many times (seen on 1.36.3), and the position is good. */
const ABOUT_POSITION: ReadonlySet<FailureCode> = new Set(["timeout", "refused"]);

/** After these the position says nothing any more. */
const LOST: ReadonlySet<FailureCode> = new Set(["expired", "undecodable", "absent"]);

/**
 * The memory of one reflector's failures.
 * - Waits grow over a series of failures, which ends when a watch has lived for `settledMs`, not when one was opened: a server that accepts
 *   and closes at once is asked ever more seldom.
 * - The first failure of a series costs no wait: a watch that worked is opened again at once, since replicas move meanwhile.
 * - What somebody has to put right first (403, 404) is tried at a slow, even pace, but not at once: an API server that starts answers so too,
 *   before it has read its roles and CustomResourceDefinitions (seen on 1.36.3). Nor does it matter how often it could not be reached before that: a
 *   single such answer at the end of an outage would blind us for half a minute.
 * - A server that says how long to stay away is believed.
 */
export class Recovery {
  readonly #backoff: Backoff;
  readonly #helplessMs: number;
  readonly #chance: () => number;
  /** Answers in a row that somebody has to act on. */
  #helpless = 0;
  /** It has worked for long since the last failure. */
  #worked = false;
  #refusals = 0;
  /** Lost positions since it last settled. */
  #expirations = 0;
  #staleness: Staleness | undefined;

  constructor(tuning: Required<ReflectorTuning>, chance: () => number) {
    this.#backoff = new Backoff(tuning, chance);
    this.#helplessMs = tuning.helplessMs;
    this.#chance = chance;
  }

  get backoff(): Backoff {
    return this.#backoff;
  }

  get staleness(): Staleness | undefined {
    return this.#staleness;
  }

  failed(failure: Failure, now: number): Verdict {
    this.#helpless = HELPLESS.has(failure.code) ? this.#helpless + 1 : 0;
    const waitMs = this.#waitAfter(failure);
    const leastMs = this.#helpless > HELPLESS_TRIES ? waitMs : Math.min(waitMs, failure.retryAfterMs ?? 0);
    this.#worked = false;
    if (ABOUT_POSITION.has(failure.code)) this.#refusals++;
    this.#staleness = { sinceMs: this.#staleness?.sinceMs ?? now, failure };
    return { waitMs, leastMs, lost: LOST.has(failure.code) || this.#refusals >= POSITION_TRIES };
  }

  /** A list or watch works. Gives how long none did, in ms; undefined if none had failed. */
  current(now: number): number | undefined {
    const since = this.#staleness?.sinceMs;
    this.#refusals = 0;
    this.#helpless = 0;
    this.#staleness = undefined;
    return since === undefined ? undefined : now - since;
  }

  /** It has worked for long enough to forget the failures before. */
  settled(): void {
    this.#backoff.reset();
    this.#worked = true;
    this.#expirations = 0;
  }

  #waitAfter({ code, retryAfterMs = 0 }: Failure): number {
    if (this.#helpless > HELPLESS_TRIES) return this.#helplessMs * (0.75 + this.#chance() * 0.5);
    // A position grown old is nobody's fault: list at once, also after an outage, which often ends so. But not for ever.
    if (code === "expired" && this.#expirations++ === 0) return 0;
    return Math.max(this.#worked ? 0 : this.#backoff.next(), retryAfterMs);
  }
}
