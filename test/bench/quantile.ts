/** Order statistics of measurements. */

/** The nearest-rank quantile, `q` from 0 to 1: always a value that was measured. NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
