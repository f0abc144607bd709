/** The word that somebody meant, as a remedy. */
import { nearest } from "../placement/nearest.ts";

/** `Did you mean --fleet?`, or undefined if nothing known is near. */
export function didYouMean(typed: string, known: readonly string[]): string | undefined {
  const near = nearest(typed, known);
  return near === undefined ? undefined : `Did you mean ${near}?`;
}
