/** Tells when something in a folder may have changed, and which names that concerns. */
import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";

/** When to look. */
export interface WatchOptions {
  /** Least time between two looks, in ms; the first event after a quiet time leads to a look at once. Grows to ten times as much where looking takes as long. Default 10. */
  readonly debounceMs?: number;
  /** Looking at everything without any event, in ms: network file systems and some containers give none. Grows where looking takes long. Default 2,000. */
  readonly pollMs?: number;
}

/** The names in the folder that events were about; everything where that is not known, or a poll is due. */
export type Seen = ReadonlySet<string> | "everything";

/** A watch that goes on until it is closed. */
export interface FolderWatch {
  /** Has `look` called for everything after `delayMs`, unless it is called so before. */
  lookAfter(delayMs: number): void;
  /** Names of events since the last look began, which no look is called for then: so that a long look can attend to them first. */
  take(): ReadonlySet<string>;
  /** Ends it, and resolves when a look that has begun is over. */
  close(): Promise<void>;
}

/** However long looks take, there is another in this many times the debounce. */
const LONGEST_DEBOUNCES = 10;
/** Share of the time that polls may take: one in this many. */
const POLL_SHARE = 20;
/** More names than that at once: the kernel's queue (16,384 events by default) may have run over, of which Node.js says nothing. */
const MAX_NAMES = 2_000;

/**
 * Calls `look` at the first event in the folder, soon after others, and now and then without; one call at a time, never overlapping. `look` must find out by
 * itself what changed, and must not throw. The folder is watched, not its files: a watch on a file misses the second swap of a Kubernetes ConfigMap and
 * editors that rename (measured). A folder that vanishes is watched again when it is back.
 */
export function watchFolder(
  folder: string,
  look: (seen: Seen) => Promise<void>,
  { debounceMs = 10, pollMs = 2_000 }: WatchOptions = {},
): FolderWatch {
  return new Watch(folder, look, debounceMs, pollMs);
}

class Watch implements FolderWatch {
  readonly #folder: string;
  readonly #look: (seen: Seen) => Promise<void>;
  readonly #debounceMs: number;
  readonly #pollMs: number;
  #watcher: FSWatcher | undefined;
  /** Names that events were about since the last look began. */
  #names = new Set<string>();
  /** Whether there were events since the last look at everything: such a watcher is alive. */
  #alive = true;
  /** When everything is looked at, whatever happens. */
  #everythingAt: number;
  /** No look before that. */
  #notBefore = 0;
  /** Calls `run`; undefined while a look is under way. */
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(folder: string, look: (seen: Seen) => Promise<void>, debounceMs: number, pollMs: number) {
    this.#folder = folder;
    this.#look = look;
    this.#debounceMs = debounceMs;
    this.#pollMs = pollMs;
    this.#everythingAt = performance.now() + pollMs;
    this.#rewatch();
    this.#schedule();
  }

  lookAfter(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (at >= this.#everythingAt) return;
    this.#everythingAt = at;
    this.#schedule();
  }

  take(): ReadonlySet<string> {
    const names = this.#names;
    this.#names = new Set();
    return names;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#drop();
    await this.#running;
  }

  #event(name: string | null): void {
    this.#alive = true;
    // What happens to the folder itself is told under its own name, and then nothing is told ever again.
    if (name === null || name === basename(this.#folder) || this.#names.size >= MAX_NAMES) this.#everythingAt = 0;
    else this.#names.add(name);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed || this.#running !== undefined) return; // who is looking schedules afterwards
    const now = performance.now();
    const wantedAt = this.#names.size > 0 ? now : this.#everythingAt;
    const delayMs = Math.max(wantedAt, this.#notBefore) - now;
    this.#cancel?.();
    const run = () => this.#run();
    if (delayMs > 0) {
      const timer = setTimeout(run, Math.ceil(delayMs)); // a timer rounds down, and would fire before its time
      this.#cancel = () => clearTimeout(timer);
    } else {
      const immediate = setImmediate(run); // after all events of this turn
      this.#cancel = () => clearImmediate(immediate);
    }
  }

  #run(): void {
    const begunAt = performance.now();
    const everything = begunAt >= this.#everythingAt;
    const seen = this.take();
    if (everything) {
      // Deleting the folder, or another one in its place, may leave a watcher that is told nothing: begin anew where there were no events.
      if (!this.#alive) this.#drop();
      this.#alive = false;
      this.#everythingAt = Number.POSITIVE_INFINITY;
    }
    this.#rewatch(); // before looking, so that what happens meanwhile is an event
    this.#running = this.#look(everything ? "everything" : seen).finally(() => {
      const now = performance.now();
      const tookMs = now - begunAt;
      this.#notBefore = now + Math.min(Math.max(tookMs, this.#debounceMs), LONGEST_DEBOUNCES * this.#debounceMs);
      if (everything)
        this.#everythingAt = Math.min(this.#everythingAt, now + Math.max(this.#pollMs, POLL_SHARE * tookMs));
      this.#running = undefined;
      this.#schedule();
    });
  }

  #rewatch(): void {
    if (this.#watcher !== undefined || this.#closed) return;
    try {
      this.#watcher = watch(this.#folder, (_, name) => this.#event(name));
      this.#watcher.on("error", () => this.#drop());
    } catch {
      // Not there, or no watches left (ENOSPC): polling goes on, and this is tried again with it.
    }
  }

  #drop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
