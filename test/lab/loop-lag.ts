/** Whether a process of the laboratory got the core when it needed it: what it had to wait may be why a request failed. */

const EVERY_MS = 20;
/** Less is an ordinary day on two cores. */
const TOLD_MS = 100;

/** Tells each time that the event loop came late by more than `toldMs`. Gives a function that tells the longest delay since it was last asked. */
export function tellLag(tell: (text: string) => void, toldMs = TOLD_MS): () => number {
  let longest = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const late = now - last - EVERY_MS;
    last = now;
    longest = Math.max(longest, late);
    if (late > toldMs) tell(`event loop ${Math.round(late)} ms late`);
  }, EVERY_MS).unref();
  return () => {
    const longestUntilNow = longest;
    longest = 0;
    return Math.round(longestUntilNow);
  };
}
