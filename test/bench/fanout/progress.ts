/** What a long run tells of itself on standard error while it lasts, so that one that hangs is told from one that works. */
import { monotonicMs } from "../clock.ts";

const startedAt = monotonicMs();

/** One line, with the seconds since the run began. */
export function progress(line: string): void {
  console.error(`${((monotonicMs() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${line}`);
}
