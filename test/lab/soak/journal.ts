/** What a soak leaves behind, line by line while it runs, so that a crash loses nothing: the report is made of these lines alone. */
import { appendFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { FailureClass } from "../judgement.ts";
import type { TempoName } from "../operator/tempo.ts";
import type { Figures } from "./figures.ts";

/** Times are wall-clock ms. */
export type Entry =
  | ({ readonly entry: "plan"; readonly at: number } & SoakPlan)
  | ({ readonly entry: "sample"; readonly at: number } & Sample)
  | ({ readonly entry: "rest"; readonly at: number } & Rest)
  | {
      readonly entry: "event";
      readonly at: number;
      readonly name: string;
      readonly tookMs: number;
      readonly error?: string;
    }
  | ({ readonly entry: "failure"; readonly at: number } & FailedRequest)
  | { readonly entry: "end"; readonly at: number; readonly why: string };

export interface SoakPlan {
  readonly tempo: TempoName;
  readonly apps: number;
  readonly hosts: number;
  readonly perSecond: number;
  /** How long. */
  readonly ms: number;
  /** However long that takes. */
  readonly leastEvents: number;
  /** Nothing happens for so long before what is left is counted: removed clusters leave after a grace, connections that nobody uses any more are closed. */
  readonly calmMs: number;
  /** Between two samples, two beginnings of events, two rests. */
  readonly sampleMs: number;
  readonly eventMs: number;
  readonly restMs: number;
  readonly machine: string;
}

/** While things happen. */
export interface Sample {
  readonly signalbox: Figures;
  /** Resident bytes by the name of the Envoy; one that restarts has none. */
  readonly envoys: Readonly<Record<string, number>>;
  /** Requests that ended since the last sample. */
  readonly requests: number;
  /** Load average of the machine over the last minute. */
  readonly machineLoad: number;
}

/** All that was made is undone, nothing happens, and garbage has been collected: what is there now is what is kept. */
export interface Rest {
  readonly signalbox: Figures;
  /** Events so far. */
  readonly events: number;
}

export interface FailedRequest {
  readonly id: number;
  readonly request: string;
  readonly hostname: string;
  readonly proxy: string;
  readonly tookMs: number;
  readonly words: string;
  readonly class: FailureClass;
  /** What happened meanwhile. */
  readonly during: readonly string[];
  /** Against what was promised of that. */
  readonly broken: boolean;
  /** What was said around it, for those that broke a promise. */
  readonly around: readonly string[];
}

export class Journal {
  readonly #file: string;

  /** Adds to a file; makes it where there is none. */
  constructor(file: string) {
    this.#file = file;
  }

  /** On disk when this returns. */
  write(entry: Entry): void {
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}

/** The entries of a journal, oldest first. A last line that was cut off is left out. */
export async function readJournal(file: string): Promise<readonly Entry[]> {
  const lines = (await readFile(file, "utf8")).split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}
