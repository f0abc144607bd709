/** One clock for all processes of the laboratory, which is also that of logs. */

/** Wall-clock ms with a fraction, so that what one process saw can be laid beside what another did; within 1 ms of each other on one machine. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
