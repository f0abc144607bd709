/** Reads fields of an object that may be anything: what is wrong becomes a problem of that field, and the reading goes on without it. */
import { nearest } from "../placement/nearest.ts";
import type { Problem, ProblemCode, Subject } from "../placement/problem.ts";
import { quoted } from "./hostname.ts";

/** A parsed object of which nothing is known. */
export type Parsed = Readonly<Record<string, unknown>>;

const NOTHING: Parsed = {};

/** The words that may stand in one place. */
export interface Vocabulary {
  readonly read: readonly string[];
  /** Those that are read, and those that are not but mean something to wasmCloud or Kubernetes. */
  readonly known: ReadonlySet<string>;
}

/** `others` mean something elsewhere, so they are no slips, however close they come to what is read. */
export function vocabulary(read: readonly string[], others: readonly string[] = []): Vocabulary {
  return { read, known: new Set([...read, ...others]) };
}

/** Slips between what is written and what is taken for meant. More, and what others put beside our fields would be blamed. */
const MOST_SLIPS = 2;

/**
 * Every reader takes the object, the key, and the path of the object (`at`), and gives an empty value for what is missing, null or wrong; only wrong is
 * reported. Hand-written rather than a compiled schema: half of what is checked is no matter of types, and a message can say what is there and what to write.
 */
export class Fields {
  readonly problems: Problem[] = [];
  readonly #subject: Subject;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** A text; "" without one. */
  text(object: Parsed, key: string, at: string): string {
    const value = object[key];
    if (typeof value === "string") return value;
    if (value !== undefined && value !== null) this.wrong(pathOf(at, key), value, "a text");
    return "";
  }

  /** A whole number; 0 without one. */
  integer(object: Parsed, key: string, at: string): number {
    const value = object[key];
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    if (value !== undefined && value !== null) this.wrong(pathOf(at, key), value, "a whole number");
    return 0;
  }

  /** An object; an empty one without. */
  object(object: Parsed, key: string, at: string): Parsed {
    const value = object[key];
    if (isObject(value)) return value;
    if (value !== undefined && value !== null) this.wrong(pathOf(at, key), value, "an object");
    return NOTHING;
  }

  /** A list; an empty one without. */
  list(object: Parsed, key: string, at: string): readonly unknown[] {
    const value = object[key];
    if (Array.isArray(value)) return value;
    if (value !== undefined && value !== null) this.wrong(pathOf(at, key), value, "a list");
    return [];
  }

  /** The objects of a list, each with its path. */
  *objects(object: Parsed, key: string, at: string): Generator<readonly [entry: Parsed, at: string]> {
    for (const [i, entry] of this.list(object, key, at).entries()) {
      const path = `${pathOf(at, key)}[${i}]`;
      if (isObject(entry)) yield [entry, path];
      else this.wrong(path, entry, "an object");
    }
  }

  /** Pairs of texts, without those in `dropped`. */
  texts(object: Parsed, key: string, at: string, dropped = ""): Readonly<Record<string, string>> {
    const pairs: [string, string][] = [];
    for (const [name, value] of Object.entries(this.object(object, key, at)))
      if (typeof value !== "string") this.wrong(pathOf(pathOf(at, key), name), value, "a text");
      else if (name !== dropped) pairs.push([name, value]);
    return Object.fromEntries(pairs);
  }

  /**
   * Reports keys that are likely slips of a field that is read (`hostInterface`). Other unknown keys are passed over: newer versions of wasmCloud
   * have fields that we do not know. For objects of a cluster that makes no difference: its API server drops what the CRD does not have.
   */
  keys(object: Parsed, at: string, words: Vocabulary): void {
    for (const key of Object.keys(object)) {
      const meant = slipOf(key, words);
      if (meant === undefined) continue;
      const cause = "nothing reads a field of this name";
      this.report("field-unknown", pathOf(at, key), cause, `Did you mean ${meant}?`);
    }
  }

  /** Reports a value that is a likely slip of one that means something. `consequence` completes `"htttp" …`. */
  word(value: string, path: string, words: Vocabulary, consequence: string): void {
    const meant = slipOf(value, words);
    if (meant === undefined) return;
    this.report("field-unknown", path, `${quoted(value)} ${consequence}`, `Did you mean ${meant}?`);
  }

  report(code: ProblemCode, field: string, cause: string, remedy: string): void {
    this.problems.push({ code, subject: field === "" ? this.#subject : { ...this.#subject, field }, cause, remedy });
  }

  /** Reports a value of a wrong type; `wanted` in words, as in "a list". */
  wrong(path: string, value: unknown, wanted: string): void {
    const remedy =
      wanted === "a text" && typeof value !== "object"
        ? `Put it in quotes: "${value}"`
        : `Write ${wanted}, or leave it out`;
    this.report("object-invalid", path, `${valueText(value)} is not ${wanted}`, remedy);
  }
}

/** What was meant by a word that means nothing; undefined if it means something, or is not close to what is read. */
function slipOf(word: string, { read, known }: Vocabulary): string | undefined {
  return known.has(word) ? undefined : nearest(word, read, MOST_SLIPS);
}

/** An object and no list; the shape of its fields is still unknown. */
export function isObject(value: unknown): value is Parsed {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as a message shows it: short, and in the words of its type. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (isObject(value)) return "an object";
  return typeof value === "string" ? quoted(value) : String(value);
}

/** The path of a field: `spec.hostId`, or `metadata.labels["a.b/c"]` where the key has characters of its own. */
export function pathOf(at: string, key: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return `${at}[${JSON.stringify(key)}]`;
  return at === "" ? key : `${at}.${key}`;
}

/** The steps of a path made by pathOf: keys and positions in lists. */
export function stepsOf(path: string): (string | number)[] {
  return Array.from(path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g), ([, position, key, plain]) => {
    if (position !== undefined) return Number(position);
    return key === undefined ? (plain ?? "") : String(JSON.parse(key));
  });
}
