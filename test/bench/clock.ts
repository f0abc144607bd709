/** One clock for all processes of a run. */

/** Ms of the machine's monotonic clock (CLOCK_MONOTONIC), so that a time taken in one process may be subtracted from one taken in another. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
