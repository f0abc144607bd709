/** What the files of a folder say, what was told of it, and what is not believed yet. */
import { isDeepStrictEqual } from "node:util";
import type { FileChange } from "../files/folder-reader.ts";
import type { Problem } from "../placement/problem.ts";
import { type FileObject, fileObjects } from "./file-objects.ts";
import { changeBetween, ObjectIndex } from "./object-index.ts";
import type { ObjectChange, ProblemReport } from "./source.ts";

/** How long what looks like half a file is doubted. */
export interface FileLedgerOptions {
  /** In ms since the file changed last; 0 believes at once. */
  readonly doubtMs: number;
  /** Monotonic clock in ms. */
  readonly now: () => number;
}

/** A file as it was read. */
interface Reading {
  /** undefined where it has to be left as it was. */
  readonly objects: readonly FileObject[] | undefined;
  readonly blame: readonly Problem[];
  /** Lines of its text; undefined where that says nothing. */
  readonly lines: number | undefined;
  /** As far as its text tells, it may be the beginning of another: its last object and what it lacks are in doubt. */
  readonly cut: boolean;
  /** Nothing in it is in doubt. */
  readonly certain: boolean;
}

/** What is not believed of a file. */
interface Doubt {
  readonly dueAt: number;
  readonly keys: ReadonlySet<string>;
  readonly blame: readonly Problem[];
  readonly lines: number | undefined;
}

/**
 * Reads files that may be in the middle of being written in place, where nothing tells when the writer is done:
 * - An object is told at once, unless it is the last one of a text that may be cut short: YAML without a newline at its end, or of fewer lines than before.
 * - An object that went, or lost what its kind cannot do without, is told when that lasts: it may follow in the rest of the text, or in another file.
 * - A file that cannot be parsed keeps the objects it had, and is blamed when that lasts. One that never had any gives those that can be read.
 * All in pieces: what follows a change is done when its iterator ends. Work on one file must not overlap; on several it may.
 */
export class FileLedger {
  readonly #options: FileLedgerOptions;
  readonly #index = new ObjectIndex();
  /** Objects that counted when they were last told, by key. */
  readonly #told = new Map<string, FileObject>();
  /** What each file itself is blamed for, duplicates apart. */
  readonly #blame = new Map<string, readonly Problem[]>();
  /** Reports that are not empty, by `about`, as last told. */
  readonly #reported = new Map<string, readonly Problem[]>();
  /** What was given last under the keys told since. */
  #givenObjects = new Map<string, FileObject | undefined>();
  #givenReports = new Map<string, readonly Problem[]>();
  /** By file. */
  readonly #doubts = new Map<string, Doubt>();
  readonly #lines = new Map<string, number>();

  constructor(options: FileLedgerOptions) {
    this.#options = options;
  }

  /** Changes and reports that wait to be given. */
  get waiting(): number {
    return this.#givenObjects.size + this.#givenReports.size;
  }

  /** What is to be given, each object and report once. */
  take(): { readonly changes: readonly ObjectChange[]; readonly problems: readonly ProblemReport[] } {
    const changes = [...this.#givenObjects].flatMap(([key, given]) => changeBetween(given, this.#told.get(key)) ?? []);
    const problems = [...this.#givenReports].flatMap(([about, given]): readonly ProblemReport[] => {
      const reported = this.#reported.get(about) ?? [];
      return isDeepStrictEqual(given, reported) ? [] : [{ about, problems: reported }];
    });
    this.#givenObjects = new Map();
    this.#givenReports = new Map();
    return { changes, problems };
  }

  /** Takes in what became of a file; `trusting` believes all of it at once. */
  *follow(change: FileChange, trusting: boolean): Generator<undefined, void> {
    const { name } = change;
    const { objects, blame, lines, cut, certain } = yield* this.#read(change);
    const touched = new Set([name]);
    const former = this.#doubts.get(name)?.keys ?? [];
    const keys = new Set(objects === undefined ? [] : yield* this.#index.replacing(name, objects, touched));
    for (const key of former) keys.add(key);
    const believing = trusting || certain || this.#options.doubtMs === 0;
    const last = cut ? objects?.at(-1)?.key : undefined;
    const doubted = new Set<string>();
    for (const key of keys) {
      if (believing || !(objects === undefined || this.#lost(key) || (key === last && this.#differs(key))))
        this.#tell(key);
      else doubted.add(key);
      yield;
    }
    const unblamed = !believing && blame.length > 0 && (cut || objects === undefined);
    if (!unblamed) this.#blame.set(name, blame);
    if (doubted.size > 0 || unblamed)
      this.#doubts.set(name, { dueAt: this.#options.now() + this.#options.doubtMs, keys: doubted, blame, lines });
    else this.#settle(name, lines);
    for (const file of touched) {
      if (!unblamed || file !== name) this.#tellOf(file);
      yield;
    }
  }

  /** When the next doubt is to be believed; undefined without any. */
  get nextDueAt(): number | undefined {
    const dues = Array.from(this.#doubts.values(), ({ dueAt }) => dueAt);
    return dues.length === 0 ? undefined : dues.reduce((a, b) => Math.min(a, b));
  }

  /** Files with doubts that are due. */
  get due(): readonly string[] {
    const now = this.#options.now();
    return [...this.#doubts].flatMap(([file, { dueAt }]) => (dueAt <= now ? [file] : []));
  }

  /** Believes what was in doubt of a file. */
  *believe(file: string): Generator<undefined, void> {
    const doubt = this.#doubts.get(file);
    if (doubt === undefined) return;
    for (const key of doubt.keys) {
      this.#tell(key);
      yield;
    }
    this.#blame.set(file, doubt.blame);
    this.#settle(file, doubt.lines);
    this.#tellOf(file);
  }

  *#read(change: FileChange): Generator<undefined, Reading> {
    const { name } = change;
    if ("gone" in change) return { objects: [], blame: [], lines: undefined, cut: false, certain: true };
    if ("unreadable" in change) {
      const problem: Problem = {
        code: "file-invalid",
        subject: { kind: "File", namespace: "", name },
        cause: `it cannot be read: ${change.unreadable}`,
        remedy: `${change.remedy}; until then its last good version counts`,
      };
      return { objects: undefined, blame: [problem], lines: undefined, cut: false, certain: false };
    }
    const { text } = change;
    const lines = name.endsWith(".json") ? undefined : linesIn(text); // JSON that can be parsed is complete
    const objects: FileObject[] = [];
    const blame: Problem[] = [];
    let faulty = false;
    for (const found of fileObjects(name, text)) {
      if ("record" in found) objects.push(found);
      else blame.push("fault" in found ? found.fault : found.remark);
      faulty ||= "fault" in found;
      yield;
    }
    const cut = lines !== undefined && (!text.endsWith("\n") || lines < (this.#lines.get(name) ?? 0));
    const kept = faulty && this.#index.objectsOf(name).length > 0;
    // The reader has waited already where a text without anything in it came from a file that had something.
    return { objects: kept ? undefined : objects, blame, lines, cut: cut || faulty, certain: text.trim() === "" };
  }

  #settle(file: string, lines: number | undefined): void {
    this.#doubts.delete(file);
    if (lines === undefined) this.#lines.delete(file);
    else this.#lines.set(file, lines);
  }

  /** Whether there was a record under a key and is none any more. */
  #lost(key: string): boolean {
    return this.#told.get(key)?.record !== undefined && this.#index.winner(key)?.record === undefined;
  }

  #differs(key: string): boolean {
    const told = this.#told.get(key);
    const winner = this.#index.winner(key);
    return !isDeepStrictEqual([told?.record, told?.problems], [winner?.record, winner?.problems]);
  }

  #tell(key: string): void {
    const told = this.#told.get(key);
    const winner = this.#index.winner(key);
    if (winner === undefined) this.#told.delete(key);
    else this.#told.set(key, winner);
    if (!this.#givenObjects.has(key) && changeBetween(told, winner) !== undefined) this.#givenObjects.set(key, told);
    this.#report(key, winner?.problems ?? []);
  }

  #tellOf(file: string): void {
    this.#report(`File//${file}`, [...(this.#blame.get(file) ?? []), ...this.#index.duplicatesIn(file)]);
  }

  #report(about: string, problems: readonly Problem[]): void {
    const reported = this.#reported.get(about) ?? [];
    if (reported.length === 0 && problems.length === 0) return; // almost all
    if (isDeepStrictEqual(reported, problems)) return;
    if (problems.length === 0) this.#reported.delete(about);
    else this.#reported.set(about, problems);
    if (!this.#givenReports.has(about)) this.#givenReports.set(about, reported);
  }
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
