/** Follows the configuration file while the process runs. */
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { FolderReader } from "../files/folder-reader.ts";
import { type WatchOptions, watchFolder } from "../files/watch-folder.ts";
import type { Problem } from "../placement/problem.ts";
import { type Loaded, loadSettings } from "./load.ts";
import { restartNeeded } from "./restart.ts";
import type { Settings } from "./settings.ts";

/** What an edit came to. */
export type Reload =
  | {
      readonly kind: "accepted";
      readonly settings: Settings;
      /** Options whose change takes effect at the next start only, by name. */
      readonly restart: readonly string[];
    }
  | { /** The last good settings stay in force. */ readonly kind: "rejected"; readonly problems: readonly Problem[] };

/** Reads the file once. A file that cannot be read is a problem like any other. */
export async function readSettings(file: string): Promise<Loaded> {
  try {
    return loadSettings(await readFile(file, "utf8"), file);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return {
      problems: [unreadable(file, cause, missing ? WRITE_IT : "Make it readable, or name another with --config")],
    };
  }
}

/** A watch that goes on until it is closed. */
export interface SettingsWatch {
  close(): Promise<void>;
}

/**
 * Tells what each edit comes to; `started` is what the process was started with.
 * - An edit that says the same in other words is none, unless it puts right one that was rejected.
 * - A bad edit, and a file that is gone, are told once each; the last good settings stay in force.
 * - A file replaced by renaming, or through a ConfigMap's links, is seen; one that is missing while it is being replaced is not gone.
 */
export function watchSettings(
  file: string,
  started: Settings,
  tell: (reload: Reload) => void,
  options: WatchOptions & { readonly vanishMs?: number } = {},
): SettingsWatch {
  const name = basename(file);
  const { vanishMs = 1_000 } = options;
  const reader = new FolderReader(dirname(file), {
    accepts: (candidate) => candidate === name,
    vanishMs,
    now: () => performance.now(),
  });
  let inForce = started;
  let rejected: readonly Problem[] = [];
  /** What the file said when it was last read, while its folder cannot be. */
  let away: Loaded | undefined;
  let last: Loaded = { settings: started };
  /** Since when a file is missed that was there when the process was started, and gone before the first look; "seen" once it was not. */
  let missed: number | "seen" | undefined;
  const isMissed = (changed: boolean): boolean => {
    if (missed === "seen" || changed) missed = "seen";
    else if (missed === undefined) {
      missed = performance.now();
      watch.lookAfter(vanishMs);
    } else return performance.now() - missed >= vanishMs;
    return false;
  };

  const consider = (loaded: Loaded) => {
    if ("problems" in loaded) {
      if (isDeepStrictEqual(loaded.problems, rejected)) return;
      rejected = loaded.problems;
      tell({ kind: "rejected", problems: rejected });
    } else if (rejected.length > 0 || !isDeepStrictEqual(loaded.settings, inForce)) {
      rejected = [];
      inForce = loaded.settings;
      tell({ kind: "accepted", settings: inForce, restart: restartNeeded(started, inForce) });
    }
  };
  const watch = watchFolder(
    dirname(file),
    async () => {
      await setTimeout(SETTLE_MS);
      const { changes, againMs, fault } = await reader.look();
      if (againMs !== undefined) watch.lookAfter(againMs);
      if (fault !== undefined) {
        away ??= last;
        return consider({ problems: [unreadable(file, fault)] });
      }
      if (away !== undefined && changes.length === 0) consider(away); // back as it was: no change, but right again
      away = undefined;
      if (isMissed(changes.length > 0)) consider({ problems: [unreadable(file, GONE)] });
      for (const change of changes) {
        if ("text" in change) {
          last = loadSettings(change.text, file);
          consider(last);
        } else
          consider({
            problems: [unreadable(file, "gone" in change ? GONE : change.unreadable)],
          });
      }
    },
    options,
  );
  watch.lookAfter(0);
  return watch;
}

/** From an event to reading, in ms: editors write in several steps, half a file would be rejected, and nobody waits for a setting. */
const SETTLE_MS = 50;

const WRITE_IT = "Write it (docs/configuration.md has every option), or name another with --config";

const GONE = "it does not exist any more";

function unreadable(file: string, cause: string, remedy = "Restore it, or name another with --config"): Problem {
  const subject = { kind: "File", namespace: "", name: file };
  return {
    code: "file-invalid",
    subject,
    cause: `it cannot be read: ${cause}`,
    remedy,
  };
}
