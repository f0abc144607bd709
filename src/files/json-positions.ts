/** Where things stand in a JSON text, found without parsing it a second time. */
import type { TextPosition } from "./yaml-documents.ts";

interface Child {
  readonly keyAt: number;
  readonly valueAt: number;
}

/**
 * Gives the position of the value (or key) at a path, or of as much of the path as there is. The text must be valid JSON. What is looked into is remembered
 * and read only as far as it was asked for, so that asking for the items of a long list one after the other reads it once, bit by bit.
 */
export function jsonPositions(
  text: string,
): (path: readonly (string | number)[], of?: "key" | "value") => TextPosition {
  const seen = new Map<number, Children>();
  let lines: readonly number[] | undefined;
  return (path, of = "value") => {
    let at = skipSpace(text, 0);
    for (const [i, step] of path.entries()) {
      const children = seen.get(at) ?? new Children(text, at);
      seen.set(at, children);
      const child = children.find(String(step));
      if (child === undefined) break;
      at = of === "key" && i === path.length - 1 ? child.keyAt : child.valueAt;
    }
    lines ??= lineStarts(text);
    const line = lineOf(lines, at);
    return { line: line + 1, column: at - (lines[line] ?? 0) + 1 };
  };
}

/** The entries of the object or list at an offset, read as far as somebody asked; none for anything else. Of equal keys the first is found. */
class Children {
  readonly #found = new Map<string, Child>();
  readonly #rest: Iterator<readonly [string, Child]>;

  constructor(text: string, at: number) {
    this.#rest = childrenOf(text, at);
  }

  find(key: string): Child | undefined {
    for (let child = this.#found.get(key); ; child = this.#found.get(key)) {
      if (child !== undefined) return child;
      const { done, value } = this.#rest.next();
      if (done) return undefined;
      if (!this.#found.has(value[0])) this.#found.set(value[0], value[1]);
    }
  }
}

function* childrenOf(text: string, at: number): Generator<readonly [key: string, child: Child], undefined> {
  const open = text[at];
  if (open !== "{" && open !== "[") return;
  let next = skipSpace(text, at + 1);
  for (let position = 0; text[next] !== "}" && text[next] !== "]"; position++) {
    const keyAt = next;
    let key = String(position);
    if (open === "{") {
      const end = skipText(text, next);
      key = String(JSON.parse(text.slice(next, end)));
      next = skipSpace(text, skipSpace(text, end) + 1); // past the colon
    }
    yield [key, { keyAt, valueAt: next }];
    next = skipSpace(text, skipValue(text, next));
    if (text[next] === ",") next = skipSpace(text, next + 1);
    else if (text[next] === undefined) throw new Error("jsonPositions needs valid JSON");
  }
}

/** The offset after the value at an offset. */
function skipValue(text: string, at: number): number {
  const structure = /["{}[\]]/g; // jumps over numbers, words and space in one go
  let depth = 0;
  let next = at;
  do {
    const c = text[next];
    if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") depth--;
    structure.lastIndex = c === '"' ? skipText(text, next) : next + 1;
    if (depth === 0) return c === '"' || c === "}" || c === "]" ? structure.lastIndex : skipWord(text, next);
    next = structure.exec(text)?.index ?? text.length;
  } while (next < text.length);
  return next;
}

function skipWord(text: string, at: number): number {
  let next = at;
  while (next < text.length && !" \n\t\r,}]".includes(text[next] ?? "")) next++;
  return next;
}

/** The offset after the text in quotes at an offset. */
function skipText(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return text.length;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (text[next] === " " || text[next] === "\n" || text[next] === "\t" || text[next] === "\r") next++;
  return next;
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The last line that starts at or before an offset, counted from 0. */
function lineOf(starts: readonly number[], at: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
