/** Work that is done in steps, for whoever must not hold the event loop. */
import { setImmediate as breath } from "node:timers/promises";

/** Steps between two returns to the event loop, in ms. */
const SLICE_MS = 8;

/** Takes all steps at once: for few. */
export function atOnce<Result>(work: Generator<undefined, Result>): Result {
  for (let step = work.next(); ; step = work.next()) if (step.done) return step.value;
}

/** The same work in longer steps: each is a slice, after which the event loop is to be given up. */
export function* slicesOf<Result>(work: Generator<undefined, Result>): Generator<undefined, Result> {
  for (let until = performance.now() + SLICE_MS; ; ) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() < until) continue;
    yield;
    until = performance.now() + SLICE_MS;
  }
}

/** Takes the steps in slices; the event loop runs between them. */
export async function inSlices<Result>(work: Generator<undefined, Result>): Promise<Result> {
  const slices = slicesOf(work);
  for (let slice = slices.next(); ; slice = slices.next()) {
    if (slice.done) return slice.value;
    await breath();
  }
}
