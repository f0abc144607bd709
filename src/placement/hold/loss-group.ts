/** What one host group has lost lately, and whether that is believed. */
import type { HostRecord, WorkloadRecord } from "../records.ts";

/** An object lost and not come back. */
export interface Loss {
  /** `recordKey` of the object. */
  readonly key: string;
  /** The record as last seen: what comes back while the loss is doubted and the object is gone. */
  record: HostRecord | WorkloadRecord;
  /** When it was lost, in ms. */
  readonly lostAt: number;
  /** A Workload whose Ready went away while it was not being deleted: its host has not answered, or has let it go. */
  readonly silent: boolean;
}

/** How long losses are remembered, in ms. */
export interface LossTimes {
  readonly windowMs: number;
  readonly holdMs: number;
}

/**
 * A loss is
 * - `watched`: believed, and remembered for `windowMs`. Left by `hold` (the ledger, in a doubting group) and `end` (the object is back, restarted
 *   or placed elsewhere), or it expires (the clock).
 * - `held`: doubted, and given out as draining for `holdMs` from its loss. Left by `end`, or it expires.
 *
 * The group is
 * - `believing`: losses are watched. Left by `doubt` (the ledger, when too much is lost).
 * - `doubting`: losses are held, as soon as the ledger gets to it (a part at a time, so that no call takes long). Left by `believe` (the ledger, once too little of what is remembered is still lost); what is held then stays held.
 *
 * Losses are added and held in the order of their times, so the first of each kind expires first.
 */
export class LossGroup {
  readonly #watched = new Map<string, Loss>();
  readonly #held = new Map<string, Loss>();
  #doubting = false;
  /** Silent workloads by hostId, watched and held ones: never 0. */
  readonly #silent = new Map<string, number>();
  #hosts = 0;

  get doubting(): boolean {
    return this.#doubting;
  }

  /** Hosts lost and not back. */
  get lostHosts(): number {
    return this.#hosts;
  }

  /** hostIds with at least one silent workload. */
  get silentHostIds(): Iterable<string> {
    return this.#silent.keys();
  }

  get heldCount(): number {
    return this.#held.size;
  }

  /** Nothing is remembered, so the group may be dropped. */
  get empty(): boolean {
    return this.#watched.size === 0 && this.#held.size === 0;
  }

  isHeld(key: string): boolean {
    return this.#held.has(key);
  }

  /** Losses of workloads that were on a host. */
  *on(hostId: string): Iterable<Loss> {
    for (const losses of [this.#watched, this.#held]) {
      for (const loss of losses.values())
        if (loss.record.kind === "Workload" && loss.record.hostId === hostId) yield loss;
    }
  }

  add(loss: Loss): void {
    this.#watched.set(loss.key, loss);
    this.#count(loss, 1);
  }

  /** Forgets a loss; whether it was held. */
  end(loss: Loss): boolean {
    const held = this.#held.delete(loss.key);
    if (held || this.#watched.delete(loss.key)) this.#count(loss, -1);
    return held;
  }

  doubt(): void {
    this.#doubting = true;
  }

  /** Holds the oldest of what is watched, at most so many; gives what that is. Nothing while the group believes. */
  hold(atMost: number): readonly Loss[] {
    if (!this.#doubting) return [];
    const losses = [...this.#watched.values().take(atMost)];
    for (const loss of losses) {
      this.#watched.delete(loss.key);
      this.#held.set(loss.key, loss);
    }
    return losses;
  }

  believe(): void {
    this.#doubting = false;
  }

  /** Losses that are remembered no longer, at most so many of each kind. End each of them. */
  expired(nowMs: number, { windowMs, holdMs }: LossTimes, atMost: number): readonly Loss[] {
    const watched = until(this.#watched, nowMs - (this.#doubting ? holdMs : windowMs)).take(atMost);
    return [...watched, ...until(this.#held, nowMs - holdMs).take(atMost)];
  }

  /** When there is something to do next: at once while a doubting group has losses to hold, else when the next loss expires. */
  nextAt({ windowMs, holdMs }: LossTimes): number | undefined {
    const [watched] = this.#watched.values();
    const [held] = this.#held.values();
    if (watched === undefined) return held && held.lostAt + holdMs;
    const watchedAt = this.#doubting ? watched.lostAt : watched.lostAt + windowMs;
    return held === undefined ? watchedAt : Math.min(watchedAt, held.lostAt + holdMs);
  }

  #count({ record, silent }: Loss, by: 1 | -1): void {
    if (record.kind === "Host") this.#hosts += by;
    if (!silent) return;
    const count = (this.#silent.get(record.hostId) ?? 0) + by;
    if (count === 0) this.#silent.delete(record.hostId);
    else this.#silent.set(record.hostId, count);
  }
}

/** The losses up to a time. */
function* until(losses: ReadonlyMap<string, Loss>, lastMs: number): Generator<Loss, void> {
  for (const loss of losses.values()) {
    if (loss.lostAt > lastMs) return;
    yield loss;
  }
}
