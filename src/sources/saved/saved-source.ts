/**
 * A source that outlives its own: keeps the last complete state of another source on disk. A restarted Signalbox is told that first, as what was, so that it
 * doubts what it would have doubted had it not ended (rule 9); and it serves that where the other source cannot say what there is, while the API server is
 * away.
 */
import { setImmediate } from "node:timers/promises";
import { recordKey } from "../../placement/records.ts";
import type { Batch, ObjectChange, ObjectRecord, ObjectSource, ProblemReport, Sink } from "../source.ts";
import { LatelyLost } from "./lately-lost.ts";
import { recollect } from "./recollection.ts";
import type { SavedState } from "./saved-text.ts";
import type { SavedFault } from "./state-file.ts";

/** Where states are kept, and how closely. */
export interface SavedOptions {
  /** Puts a state in the place of the last. */
  readonly write: (state: SavedState) => Promise<SavedFault | undefined>;
  /** Has the last state be that of this time too, in ms since the epoch. Whether that could be done. */
  readonly confirm: (atMs: number) => Promise<boolean>;
  /** The last state; undefined if there never was one. */
  readonly read: () => Promise<SavedState | SavedFault | undefined>;
  /** How long the source has to give its first complete state before the saved one is served, in ms. */
  readonly afterMs: number;
  /** Least time between two writes, in ms. */
  readonly everyMs: number;
  /** How long a loss may matter to whoever is given it, in ms: asked at each write. */
  readonly lostMs: () => number;
  /** Ms since the epoch. */
  readonly now: () => number;
  readonly observer: SavedObserver;
}

/** What there is to tell. */
interface SavedObserver {
  written(): void;
  /** Nothing was written, or what is there cannot be used. */
  failed(fault: SavedFault): void;
  /** The saved state is served now, `ageMs` old. */
  restored(objects: number, ageMs: number): void;
}

/**
 * - `reading`: the saved state is being read, and given as what was. What the other source gives is kept back from now on: half of it over an old state would
 *   be a mixture that never was. Left when all is given (to `waiting`), or there is nothing to give (to `draining`).
 * - `waiting`: the other source has not given its first complete state. Left by that (to `draining`), and by the clock, `afterMs` after the start (to `restored`).
 * - `restored`: the saved state counts, complete and stale. Left when the other source is complete and current (to `draining`).
 * - `draining`: what the other source has and what differs by it is being given. Left when all is (to `live`).
 * - `live`: everything passes. What differs from the saved state is saved, at most every `everyMs`, and not while it is stale.
 * - `stopped`: final, entered by `stop`.
 */
type State = "reading" | "waiting" | "restored" | "draining" | "live" | "stopped";

/** Changes in one batch at most: a batch is worked through in one go by whoever gets it. */
const BATCH_CHANGES = 500;

/**
 * Time between two confirmations of a saved state that is still what there is, in ms. What differs after a restart is taken to have happened when the state was
 * last confirmed: a hold may end so much too early, but never too late.
 */
const CONFIRM_MS = 5_000;

/** The source and the saved state behind it; keeps Source's promises. */
export class SavedSource implements ObjectSource {
  readonly #source: ObjectSource;
  readonly #options: SavedOptions;
  #state: State = "reading";
  #sink: Sink<ObjectChange> | undefined;
  /** What was given and not taken back. */
  readonly #given = new Map<string, ObjectRecord>();
  readonly #lost = new LatelyLost();
  /** Until `live`: what the other source has, and what is to be given of it. */
  readonly #there = new Set<string>();
  readonly #keptBack = new Map<string, ObjectChange>();
  readonly #problems = new Map<string, ProblemReport>();
  /** What the other source last said of itself, and what was said of it. */
  #said: Saying = { synced: false, stale: undefined };
  #told: Saying = { synced: false, stale: undefined };
  /** When what is given now was so, in ms since the epoch; undefined: now. */
  #asOfMs: number | undefined;
  #because = "";
  /** `afterMs` have passed. */
  #late = false;
  #afterTimer: NodeJS.Timeout | undefined;
  #unsaved = false;
  #writeTimer: NodeJS.Timeout | undefined;
  #confirmTimer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(source: ObjectSource, options: SavedOptions) {
    this.#source = source;
    this.#options = options;
  }

  async start(sink: Sink<ObjectChange>): Promise<void> {
    this.#sink = sink;
    void this.#recall();
    await this.#source.start((batch) => this.#take(batch));
    if (this.#sink === undefined || this.#said.synced) return;
    this.#afterTimer = setTimeout(() => {
      this.#late = true;
      if (this.#state === "waiting") this.#restore();
    }, this.#options.afterMs);
  }

  /** Saves what is not saved yet. */
  async stop(): Promise<void> {
    const worthSaving = this.#state === "live" && this.#said.synced && this.#said.stale === undefined;
    this.#state = "stopped";
    this.#sink = undefined;
    clearTimeout(this.#afterTimer);
    clearTimeout(this.#writeTimer);
    clearInterval(this.#confirmTimer);
    await this.#source.stop();
    await this.#writing;
    if (worthSaving && this.#unsaved) await this.#write();
    else if (worthSaving) await this.#options.confirm(this.#options.now());
  }

  #take(batch: Batch<ObjectChange>): void {
    this.#said = { synced: batch.synced, stale: batch.stale };
    if (batch.synced) clearTimeout(this.#afterTimer);
    if (this.#state === "live") {
      if (batch.changes.length > 0) this.#unsaved = true;
      this.#give(batch.changes, batch.problems);
      this.#arm();
      return;
    }
    for (const change of batch.changes) this.#keepBack(change);
    for (const report of batch.problems)
      if (report.problems.length > 0) this.#problems.set(report.about, report);
      else this.#problems.delete(report.about);
    if (this.#state === "waiting" && batch.synced) return void this.#drain();
    if (this.#state === "restored" && batch.synced && batch.stale === undefined) return void this.#drain();
    this.#give([], []);
  }

  /** Gives the saved state as what was. */
  async #recall(): Promise<void> {
    const saved = await this.#options.read();
    if (this.#state !== "reading") return;
    if (saved === undefined || "cause" in saved) {
      if (saved !== undefined) this.#options.observer.failed(saved);
      return await this.#drain();
    }
    for (const { atMs, changes } of recollect(saved)) {
      this.#asOfMs = this.#past(atMs);
      for (let from = 0; from < changes.length; from += BATCH_CHANGES) {
        this.#give(changes.slice(from, from + BATCH_CHANGES), []);
        await setImmediate();
        if (this.#state !== "reading") return;
      }
    }
    this.#asOfMs = this.#past(saved.savedAtMs);
    this.#state = "waiting";
    if (this.#said.synced) await this.#drain();
    else if (this.#late) this.#restore();
  }

  /** Has the saved state count, as complete and stale. */
  #restore(): void {
    const { observer, now } = this.#options;
    const at = this.#asOfMs ?? 0;
    this.#state = "restored";
    observer.restored(this.#given.size, now() - at);
    this.#because = `the source has not been read since the start; what counts is the state saved at ${new Date(at).toISOString()}`;
    this.#asOfMs = undefined; // it is served from now on, and what differs one day is lost then
    this.#give([], []);
  }

  #keepBack(change: ObjectChange): void {
    const key = recordKey("put" in change ? change.put : change.remove);
    if ("put" in change) this.#there.add(key);
    else this.#there.delete(key);
    if ("put" in change || this.#given.has(key)) this.#keptBack.set(key, change);
    else this.#keptBack.delete(key);
  }

  /** Gives what the other source has, takes back what it has not, and goes live behind it. */
  async #drain(): Promise<void> {
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
    this.#asOfMs = undefined;
    this.#there.clear();
    this.#unsaved = true;
    const problems = [...this.#problems.values()];
    this.#problems.clear();
    this.#give([], problems);
    this.#arm();
    this.#confirmTimer = setInterval(() => void this.#confirm(), CONFIRM_MS);
  }

  /** Gives this, and what counts in this state; nothing where that is nothing new. */
  #give(changes: readonly ObjectChange[], problems: readonly ProblemReport[]): void {
    const told = this.#saying();
    const news = told.synced !== this.#told.synced || told.stale !== this.#told.stale;
    this.#note(changes);
    this.#told = told;
    if (changes.length === 0 && problems.length === 0 && !news) return;
    this.#sink?.({ changes, problems, ...told, ...(this.#asOfMs === undefined ? {} : { asOfMs: this.#asOfMs }) });
  }

  #saying(): Saying {
    if (this.#state === "live") return this.#said;
    return this.#because === "" ? { synced: false, stale: this.#said.stale } : { synced: true, stale: this.#because };
  }

  /** A time that lies in the future tells nothing, and is taken for long ago: a clock that was put back prolongs no hold. */
  #past(atMs: number): number {
    return atMs > this.#options.now() ? 0 : atMs;
  }

  #note(changes: readonly ObjectChange[]): void {
    const atMs = this.#asOfMs ?? this.#options.now();
    for (const change of changes) {
      const key = recordKey("put" in change ? change.put : change.remove);
      const after = "put" in change ? change.put : undefined;
      this.#lost.note(this.#given.get(key), after, atMs);
      if (after === undefined) this.#given.delete(key);
      else this.#given.set(key, after);
    }
  }

  /** Writes `everyMs` from now; what changes until then goes along. */
  #arm(): void {
    const pending = this.#writeTimer !== undefined || this.#writing !== undefined;
    if (this.#state !== "live" || !this.#current || !this.#unsaved || pending) return;
    this.#writeTimer = setTimeout(() => {
      this.#writeTimer = undefined;
      if (!this.#current) return; // the batch that ends it comes by here again
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        this.#arm();
      });
    }, this.#options.everyMs);
  }

  get #current(): boolean {
    return this.#said.synced && this.#said.stale === undefined;
  }

  async #confirm(): Promise<void> {
    const { confirm, lostMs, now } = this.#options;
    this.#lost.forget(now() - lostMs()); // here too: while one kind cannot be read nothing is written, for days maybe, and the others go on
    if (!this.#current || this.#unsaved || this.#writing !== undefined) return;
    if (await confirm(now())) return;
    this.#unsaved = true;
    this.#arm();
  }

  /** Records are never changed, only replaced: those that are there now may be written over many turns of the event loop. */
  async #write(): Promise<void> {
    const { write, now, lostMs, observer } = this.#options;
    this.#unsaved = false;
    const savedAtMs = now();
    const lost = this.#lost.since(savedAtMs - lostMs());
    const fault = await write({ savedAtMs, records: [...this.#given.values()], lost });
    if (fault === undefined) return observer.written();
    this.#unsaved = true;
    observer.failed(fault);
  }
}

/** What a source says of itself. */
type Saying = Pick<Batch<ObjectChange>, "synced" | "stale">;
