/** What somebody in the laboratory did or saw, at a time. */
import { wallMs } from "./wall-clock.ts";

export interface Event {
  readonly at: number;
  readonly text: string;
}

/** An event of now, as the line that a process of the laboratory writes. */
export const eventLine = (text: string): string => JSON.stringify({ at: wallMs(), text } satisfies Event);

/** Reads such a line; whatever else a process writes is an event of the time it is read. */
export function eventOf(line: string): Event {
  try {
    const { at, text } = JSON.parse(line) as Partial<Event>;
    if (typeof at === "number" && typeof text === "string") return { at, text };
  } catch {
    // not ours
  }
  return { at: wallMs(), text: line };
}
