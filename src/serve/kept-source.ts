/** The source with its last complete state kept on disk, where the settings name a file. */
import type { Logger } from "pino";
import type { Metrics } from "../admin/metrics.ts";
import type { SavedSettings } from "../config/settings.ts";
import { SavedSource } from "../sources/saved/saved-source.ts";
import { confirmState, readState, writeState } from "../sources/saved/state-file.ts";
import type { ObjectSource } from "../sources/source.ts";

interface KeptParts {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** How long a loss may matter to placement, in ms, by the settings of the moment. */
  readonly lostMs: () => number;
}

/** The source itself where nothing is kept. What goes wrong is told once, not at every attempt. */
export function keptSource(
  source: ObjectSource,
  { file, afterMs, everyMs }: SavedSettings,
  { log, metrics, lostMs }: KeptParts,
): ObjectSource {
  if (file === undefined) return source;
  let failing: string | undefined;
  return new SavedSource(source, {
    write: (state) => writeState(file, state),
    confirm: (atMs) => confirmState(file, atMs),
    read: () => readState(file),
    afterMs,
    everyMs,
    lostMs,
    now: Date.now,
    observer: {
      written: () => {
        metrics.savedState("written");
        log[failing === undefined ? "debug" : "info"]({ file }, "state saved");
        failing = undefined;
      },
      failed: ({ cause, remedy }) => {
        metrics.savedState("failed");
        if (cause !== failing) log.error({ remedy }, cause);
        failing = cause;
      },
      restored: (objects, ageMs) => {
        metrics.savedState("restored");
        const ageSeconds = Math.round(ageMs / 1_000);
        log.warn(
          { file, objects, ageSeconds },
          "the source cannot be read: the state saved on disk is served until it can",
        );
      },
    },
  });
}
