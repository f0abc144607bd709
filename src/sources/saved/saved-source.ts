/**
 * A source that outlives its own: keeps the last complete state of another source on disk, and gives that when the other cannot say what there is. So a
 * restarted Signalbox serves Envoys that restart too, while the API server is away.
 */
import { setImmediate } from "node:timers/promises";
import { recordKey } from "../../placement/records.ts";
import type { Batch, ObjectChange, ObjectRecord, ObjectSource, ProblemReport, Sink } from "../source.ts";
import type { SavedState } from "./saved-text.ts";
import type { SavedFault } from "./state-file.ts";

/** Where states are kept, and how closely. */
export interface SavedOptions {
  /** Puts a state in the place of the last. */
  readonly write: (state: SavedState) => Promise<SavedFault | undefined>;
  /** The last state; undefined if there never was one. */
  readonly read: () => Promise<SavedState | SavedFault | undefined>;
  /** How long the source has to give its first complete state before the saved one is given, in ms. */
  readonly afterMs: number;
  /** Least time between two writes, in ms. */
  readonly everyMs: number;
  /** Ms since the epoch. */
  readonly now: () => number;
  readonly observer: SavedObserver;
}

/** What there is to tell. */
interface SavedObserver {
  written(): void;
  /** Nothing was written, or what is there cannot be used. */
  failed(fault: SavedFault): void;
  /** The saved state is given now, `ageMs` old. */
  restored(objects: number, ageMs: number): void;
}

/**
 * - `waiting`: the other source has not given its first complete state. What it gives passes. Left by its first complete state (to `live`), and by the
 *   clock, `afterMs` after the start, if there is a saved state (to `restoring`).
 * - `restoring`: the saved state is being given, but for what the other source had given before. What that gives from now on is kept back: half of it
 *   would be a mixture that never was. Left when all is given, as complete and stale (to `restored`).
 * - `restored`: the saved state counts. Left when the other source is complete and current (to `draining`).
 * - `draining`: what differs from the saved state is being given. Left when all is (to `live`).
 * - `live`: everything passes. What differs from the saved state is saved, at most every `everyMs`, and not while it is stale.
 * - `stopped`: final, entered by `stop`.
 */
type State = "waiting" | "restoring" | "restored" | "draining" | "live" | "stopped";

/** Changes in one batch at most: a batch is worked through in one go by whoever gets it. */
const BATCH_CHANGES = 500;

/** The source and the saved state behind it; keeps Source's promises. */
export class SavedSource implements ObjectSource {
  readonly #source: ObjectSource;
  readonly #options: SavedOptions;
  #state: State = "waiting";
  #sink: Sink<ObjectChange> | undefined;
  /** What was given and not taken back. */
  readonly #given = new Map<string, ObjectRecord>();
  /** From `restoring` to `draining`: what the other source has, and what is to be given of it. */
  readonly #there = new Set<string>();
  readonly #keptBack = new Map<string, ObjectChange>();
  /** What the other source last said of itself. */
  #said: Pick<Batch<ObjectChange>, "synced" | "stale"> = { synced: false, stale: undefined };
  #because = "";
  #afterTimer: NodeJS.Timeout | undefined;
  #unsaved = false;
  #writeTimer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(source: ObjectSource, options: SavedOptions) {
    this.#source = source;
    this.#options = options;
  }

  async start(sink: Sink<ObjectChange>): Promise<void> {
    this.#sink = sink;
    await this.#source.start((batch) => this.#take(batch));
    if (this.#state === "waiting") this.#afterTimer = setTimeout(() => void this.#restore(), this.#options.afterMs);
  }

  /** Saves what is not saved yet. */
  async stop(): Promise<void> {
    const worthSaving = this.#state === "live" && this.#unsaved && this.#said.stale === undefined;
    this.#state = "stopped";
    this.#sink = undefined;
    clearTimeout(this.#afterTimer);
    clearTimeout(this.#writeTimer);
    await this.#source.stop();
    await this.#writing;
    if (worthSaving) await this.#write();
  }

  #take(batch: Batch<ObjectChange>): void {
    this.#said = { synced: batch.synced, stale: batch.stale };
    if (this.#state === "waiting" && batch.synced) {
      this.#state = "live";
      clearTimeout(this.#afterTimer);
    }
    if (this.#state === "waiting" || this.#state === "live") {
      if (batch.changes.length > 0) this.#unsaved = true;
      this.#note(batch.changes);
      this.#sink?.(batch);
      this.#arm();
      return;
    }
    for (const change of batch.changes) this.#keepBack(change);
    if (batch.problems.length > 0) this.#give([], batch.problems);
    void this.#drain();
  }

  async #restore(): Promise<void> {
    const { read, observer, now } = this.#options;
    const saved = await read();
    if (this.#state !== "waiting" || saved === undefined) return;
    if ("cause" in saved) return observer.failed(saved);
    this.#state = "restoring";
    for (const key of this.#given.keys()) this.#there.add(key);
    const puts = saved.records.filter((record) => !this.#there.has(recordKey(record))).map((put) => ({ put }));
    observer.restored(puts.length, now() - saved.savedAtMs);
    for (let from = 0; from < puts.length; from += BATCH_CHANGES) {
      this.#give(puts.slice(from, from + BATCH_CHANGES), []);
      await setImmediate();
      if (this.#state !== "restoring") return;
    }
    this.#state = "restored";
    const at = new Date(saved.savedAtMs).toISOString();
    this.#because = `the source has not been read since the start; what counts is the state saved at ${at}`;
    this.#give([], []);
    void this.#drain();
  }

  #keepBack(change: ObjectChange): void {
    const key = recordKey("put" in change ? change.put : change.remove);
    if ("put" in change) this.#there.add(key);
    else this.#there.delete(key);
    if ("put" in change || this.#given.has(key)) this.#keptBack.set(key, change);
    else this.#keptBack.delete(key);
  }

  /** Once the other source is complete and current: gives what differs from the saved state, and goes live behind it. */
  async #drain(): Promise<void> {
    if (this.#state !== "restored" || !this.#said.synced || this.#said.stale !== undefined) return;
    this.#state = "draining";
    for (const [key, { kind, namespace, name }] of this.#given)
      if (!this.#there.has(key)) this.#keptBack.set(key, { remove: { kind, namespace, name } });
    while (this.#keptBack.size > 0) {
      const some = this.#keptBack.entries().take(BATCH_CHANGES).toArray();
      for (const [key] of some) this.#keptBack.delete(key);
      this.#give(
        some.map(([, change]) => change),
        [],
      );
      await setImmediate();
      if (this.#state !== "draining") return;
    }
    this.#state = "live";
    this.#there.clear();
    this.#unsaved = true;
    this.#sink?.({ changes: [], problems: [], ...this.#said });
    this.#arm();
  }

  /** Gives while the other source does not speak for itself. */
  #give(changes: readonly ObjectChange[], problems: readonly ProblemReport[]): void {
    this.#note(changes);
    const restored = this.#state !== "restoring";
    this.#sink?.({ changes, problems, synced: restored, stale: restored ? this.#because : this.#said.stale });
  }

  #note(changes: readonly ObjectChange[]): void {
    for (const change of changes)
      if ("put" in change) this.#given.set(recordKey(change.put), change.put);
      else this.#given.delete(recordKey(change.remove));
  }

  /** Writes `everyMs` from now; what changes until then goes along. */
  #arm(): void {
    const pending = this.#writeTimer !== undefined || this.#writing !== undefined;
    if (this.#state !== "live" || !this.#unsaved || this.#said.stale !== undefined || pending) return;
    this.#writeTimer = setTimeout(() => {
      this.#writeTimer = undefined;
      if (this.#said.stale !== undefined) return; // the batch that ends it comes by here again
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        this.#arm();
      });
    }, this.#options.everyMs);
  }

  /** Records are never changed, only replaced: those that are there now may be written over many turns of the event loop. */
  async #write(): Promise<void> {
    const { write, now, observer } = this.#options;
    this.#unsaved = false;
    const fault = await write({ savedAtMs: now(), records: [...this.#given.values()] });
    if (fault === undefined) return observer.written();
    this.#unsaved = true;
    observer.failed(fault);
  }
}
