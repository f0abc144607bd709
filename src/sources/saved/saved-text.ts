/**
 * What a saved state looks like as text: JSON lines, so that neither writing nor reading 100,000 objects holds up anything else. A head, one object per
 * line, and a tail that tells how many there are and their digest: what was cut off, or written into by somebody else, is seen.
 */
import { createHash, type Hash } from "node:crypto";
import { isRecordKind } from "../projection.ts";
import type { ObjectRecord } from "../source.ts";
import type { Lost } from "./lately-lost.ts";

/** Raised whenever a record gets, loses or redefines a field: a state in another format is not used. */
const FORMAT = 2;

/** A complete state of a source. */
export interface SavedState {
  /** When it was last known to be what there is, in ms since the epoch, by the clock of the machine that wrote it. */
  readonly savedAtMs: number;
  readonly records: readonly ObjectRecord[];
  /** What was lost lately and is therefore not among the records as it was, oldest first. */
  readonly lost: readonly Lost[];
}

/** The text of a state, some hundred lines at a time. */
export function* savedText({ savedAtMs, records, lost }: SavedState): Generator<string> {
  const digest = createHash("sha256");
  const counted = (text: string): string => {
    digest.update(text);
    return text;
  };
  yield counted(`${JSON.stringify({ signalbox: "saved state", format: FORMAT, savedAtMs })}\n`);
  for (const all of [records, lost])
    for (let from = 0; from < all.length; from += LINES_AT_ONCE) {
      const lines = all.slice(from, from + LINES_AT_ONCE).map(lineOf);
      yield counted(`${lines.join("\n")}\n`);
    }
  yield `${JSON.stringify({ records: records.length, sha256: digest.digest("hex") })}\n`;
}

/** About 1 ms of work. */
const LINES_AT_ONCE = 200;

/** Takes lines in the order written; `end` gives the state. Never throws: what cannot be used is told in words that complete "the saved state …". */
export class SavedTextReader {
  readonly #digest: Hash = createHash("sha256");
  readonly #records: ObjectRecord[] = [];
  readonly #lost: Lost[] = [];
  #savedAtMs: number | undefined;
  #complete = false;
  #unusable: string | undefined;

  line(text: string): void {
    if (this.#unusable === undefined) this.#unusable = this.#take(text);
  }

  end(): SavedState | { readonly unusable: string } {
    if (this.#unusable === undefined && !this.#complete) this.#unusable = "was cut off";
    if (this.#unusable !== undefined || this.#savedAtMs === undefined)
      return { unusable: this.#unusable ?? "was cut off" };
    return { savedAtMs: this.#savedAtMs, records: this.#records, lost: this.#lost };
  }

  /** What is wrong with this line. */
  #take(text: string): string | undefined {
    const value = parsed(text);
    if (value === undefined) return "is not what Signalbox wrote";
    if (this.#complete) return "goes on behind its end";
    if (this.#savedAtMs === undefined) {
      const { signalbox, format, savedAtMs } = value;
      if (signalbox !== "saved state" || typeof savedAtMs !== "number") return "is not what Signalbox wrote";
      if (format !== FORMAT) return "was written by another release, in another format";
      this.#savedAtMs = savedAtMs;
    } else if ("sha256" in value) {
      this.#complete = true;
      const whole = value["records"] === this.#records.length && value["sha256"] === this.#digest.digest("hex");
      return whole ? undefined : "was changed or damaged after it was written";
    } else if ("before" in value) this.#lost.push(withUndefined(value) as unknown as Lost);
    else if (typeof value["kind"] === "string" && isRecordKind(value["kind"]))
      this.#records.push(withUndefined(value) as unknown as ObjectRecord);
    else return "was changed or damaged after it was written";
    this.#digest.update(`${text}\n`);
    return undefined;
  }
}

/** Records have every field, some with undefined, for which JSON has no word; null they have none. */
const lineOf = (of: ObjectRecord | Lost): string =>
  JSON.stringify(of, (_, value: unknown) => (value === undefined ? null : value));

/** The same value with its nulls undefined again. */
function withUndefined(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const fields = Object.entries(value).map(([name, field]): [string, unknown] => {
    if (field === null) return [name, undefined];
    return [name, typeof field === "object" && !Array.isArray(field) ? withUndefined(field as typeof value) : field];
  });
  return Object.fromEntries(fields);
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
