/** Whether something grows. Pure. */

/** Time and value. */
export type Point = readonly [x: number, y: number];

/**
 * Slope by Theil and Sen: the median of the slopes between all pairs, which a third of wild points does not move. 0 for fewer than two points in time.
 * Cost grows with the square: thin out before.
 */
export function slopeOf(points: readonly Point[]): number {
  const slopes: number[] = [];
  for (const [i, [x1, y1]] of points.entries())
    for (const [x2, y2] of points.slice(i + 1)) if (x2 !== x1) slopes.push((y2 - y1) / (x2 - x1));
  return medianOf(slopes);
}

/** Of the points that fall into each of so many equal stretches of time, the lowest: memory between two collections goes up and down, its floor is what is kept. */
export const floorOf = (points: readonly Point[], stretches: number): readonly Point[] =>
  perStretch(points, stretches, (lowest, point) => (point[1] < lowest[1] ? point : lowest));

/** Likewise the highest: a plot keeps its peaks. */
export const peaksOf = (points: readonly Point[], stretches: number): readonly Point[] =>
  perStretch(points, stretches, (highest, point) => (point[1] > highest[1] ? point : highest));

function perStretch(
  points: readonly Point[],
  stretches: number,
  better: (best: Point, point: Point) => Point,
): readonly Point[] {
  const [first, last] = [points.at(0), points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const width = (last[0] - first[0]) / stretches || 1;
  const best = new Map<number, Point>();
  for (const point of points) {
    const stretch = Math.min(stretches - 1, Math.floor((point[0] - first[0]) / width));
    const known = best.get(stretch);
    best.set(stretch, known === undefined ? point : better(known, point));
  }
  return [...best.values()];
}

/** 0 for none. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return sorted.length === 0 ? 0 : (low + high) / 2;
}
