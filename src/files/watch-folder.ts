/** Tells when something in a folder may have changed. */
import { type FSWatcher, watch } from "node:fs";

/** When to look. */
export interface WatchOptions {
  /** Quiet time after the last event before looking, in ms: editors and `kubectl` write in several steps. Default 50. */
  readonly debounceMs?: number;
  /** Looking without any event, in ms: network file systems and some containers give none. Default 2,000. */
  readonly pollMs?: number;
}

/** A watch that goes on until it is closed. */
export interface FolderWatch {
  /** Has `look` called after `delayMs`, unless it is called before. */
  lookAfter(delayMs: number): void;
  /** Ends it, and resolves when a look that has begun is over. */
  close(): Promise<void>;
}

/** However many events come, look once in this many times the debounce. */
const LONGEST_DEBOUNCES = 10;

/**
 * Calls `look` soon after events in the folder and now and then without; one call at a time, never overlapping. `look` must find out by itself what changed,
 * and must not throw. The folder is watched, not its files: a watch on a file misses the second swap of a Kubernetes ConfigMap and editors that rename
 * (measured). A folder that vanishes is watched again when it is back.
 */
export function watchFolder(
  folder: string,
  look: () => Promise<void>,
  { debounceMs = 50, pollMs = 2_000 }: WatchOptions = {},
): FolderWatch {
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let firstEventAt: number | undefined;
  let running: Promise<void> | undefined;
  let closed = false;

  const schedule = (delayMs: number) => {
    if (closed) return;
    clearTimeout(timer);
    dueAt = performance.now() + delayMs;
    timer = setTimeout(run, delayMs);
  };
  const event = () => {
    const now = performance.now();
    firstEventAt ??= now;
    schedule(Math.max(0, Math.min(debounceMs, firstEventAt + LONGEST_DEBOUNCES * debounceMs - now)));
  };
  const rewatch = () => {
    if (watcher !== undefined || closed) return;
    try {
      watcher = watch(folder, event);
      watcher.on("error", drop);
      // Deleting the folder itself gives "rename" with its own name, and then nothing ever again: begin anew at every poll that finds no events.
    } catch {
      // Not there, or no watches left (ENOSPC): polling goes on, and this is tried again with it.
    }
  };
  const drop = () => {
    watcher?.close();
    watcher = undefined;
  };
  const run = () => {
    dueAt = Number.POSITIVE_INFINITY;
    if (running !== undefined) return schedule(debounceMs);
    if (firstEventAt === undefined) drop();
    firstEventAt = undefined;
    rewatch(); // before looking, so that what happens meanwhile is an event
    running = look().finally(() => {
      running = undefined;
      if (dueAt === Number.POSITIVE_INFINITY) schedule(pollMs);
    });
  };

  rewatch();
  schedule(pollMs);
  return {
    lookAfter(delayMs) {
      if (performance.now() + delayMs < dueAt) schedule(delayMs);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      drop();
      await running;
    },
  };
}
