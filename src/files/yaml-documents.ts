/**
 * Room `files`: text files, watched and parsed, whatever is in them.
 * Given: folders and texts. Gives: what a folder holds, word when it changes, YAML values with their line and column.
 * Knows nothing of wasmCloud, of our configuration, or of any other room.
 */
import { isAlias, isMap, isNode, LineCounter, parseDocument } from "yaml";
import { jsonPositions } from "./json-positions.ts";
import { withOwnStrings } from "./own-strings.ts";
import { yamlPieces } from "./yaml-pieces.ts";

/** A place in a text, both counted from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** One document of a YAML text. */
export interface YamlDocument {
  readonly value: unknown;
  /** Where the value at a path stands, or as much of the path as there is; for a key, where the key stands. */
  positionOf(path: readonly (string | number)[], of?: "key" | "value"): TextPosition;
}

/** A document that cannot be read. */
export interface YamlFault extends TextPosition {
  /** What is wrong, in the parser's words, on one line, without a full stop. */
  readonly fault: string;
}

/** A larger document is refused: it is parsed in one go, 0.35 to 0.5 ms per KiB, and nothing else happens meanwhile. Long lists are cut, so no object needs as much. */
const MAX_DOCUMENT_LENGTH = 512 * 1024;

/**
 * The documents of a text, one at a time, so that the caller may pause between them: parsing costs about 0.4 ms per KiB (measured with yaml 2.9.1), and a
 * single document is parsed in one go. A long list comes as several documents, each the same but for its items (see yamlPieces). Empty documents (comments
 * only) are left out. JSON is YAML. Merge keys (`<<`) work as in kubectl.
 */
export function* yamlDocuments(text: string): Generator<YamlDocument | YamlFault> {
  for (const [part, linesBefore] of partsOf(text)) {
    for (const { text: piece, lineOf } of yamlPieces(part)) {
      const lineInText = (line: number) => lineOf(line) + linesBefore;
      const document = parsed(piece, lineInText);
      if ("fault" in document || document.value !== null) yield document;
      if ("fault" in document) break; // the next pieces may well have the same fault
    }
  }
}

/** The one document of a JSON text: as yamlDocument, a hundred times faster. */
export function jsonDocument(text: string): YamlDocument | YamlFault {
  try {
    return { value: JSON.parse(text) as unknown, positionOf: jsonPositions(text) };
  } catch (error) {
    const fault = oneLine(error instanceof Error ? error.message : String(error));
    return { ...faultPosition(text, fault), fault };
  }
}

/** V8 tells where JSON breaks by an offset, or not at all where the text ends too early. */
function faultPosition(text: string, message: string): TextPosition {
  const before = text.slice(0, Number(/at position (\d+)/.exec(message)?.[1] ?? text.length)).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** A text that is one document; null where it is empty. `linesBefore` is what the text follows. */
export function yamlDocument(text: string, linesBefore = 0): YamlDocument | YamlFault {
  return parsed(text, (line) => line + linesBefore);
}

function parsed(text: string, lineOf: (line: number) => number): YamlDocument | YamlFault {
  if (text.length > MAX_DOCUMENT_LENGTH) {
    const fault = `it has a document of ${text.length} characters, and at most ${MAX_DOCUMENT_LENGTH} are read; write one object per document`;
    return { line: lineOf(1), column: 1, fault };
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, merge: true, prettyErrors: false });
  const positionAt = (offset: number): TextPosition => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: lineOf(line), column: Math.max(col, 1) };
  };
  const error = document.errors[0];
  if (error !== undefined) return { ...positionAt(error.pos[0]), fault: oneLine(error.message) };
  const positionOf: YamlDocument["positionOf"] = (path, of = "value") => {
    let node: unknown = document.contents;
    let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    for (const [i, step] of path.entries()) {
      const next = childOf(isAlias(node) ? node.resolve(document) : node, step);
      if (next === undefined) break;
      const found = of === "key" && i === path.length - 1 ? next.key : (next.value ?? next.key);
      offset = isNode(found) ? (found.range?.[0] ?? offset) : offset;
      node = next.value;
    }
    return positionAt(offset);
  };
  try {
    return { value: withOwnStrings(document.toJS()), positionOf };
  } catch (error) {
    // Aliases that multiply beyond measure, or that name no anchor, are found only now.
    return { ...positionAt(0), fault: oneLine(error instanceof Error ? error.message : String(error)) };
  }
}

function childOf(node: unknown, step: string | number): { readonly key: unknown; readonly value: unknown } | undefined {
  if (isMap(node))
    return node.items.find((pair) => String(isNode(pair.key) ? pair.key.toJSON() : pair.key) === String(step));
  if (!isNode(node) || !("items" in node) || typeof step !== "number") return undefined;
  const value: unknown = Array.isArray(node.items) ? node.items[step] : undefined;
  return value === undefined ? undefined : { key: value, value };
}

/**
 * The text cut at document markers, each part with the lines before it. Sound because YAML allows `---` and `...` at the start of a line as markers only,
 * even inside block and quoted texts. A part of directives and comments alone belongs to the next.
 */
function* partsOf(text: string): Generator<readonly [part: string, linesBefore: number]> {
  const clean = text.startsWith("\uFEFF") ? text.slice(1) : text;
  let start = 0;
  let lines = 0;
  for (const marker of clean.matchAll(/^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm)) {
    const part = clean.slice(start, marker.index);
    if (/^%/m.test(part) && !/^[^%#\r\n]/m.test(part)) continue;
    if (part.trim() !== "") yield [part, lines];
    lines += part.split("\n").length - 1;
    start = marker.index;
    if (marker[0] === "...") start += 3;
  }
  yield [clean.slice(start), lines];
}

function oneLine(message: string): string {
  return message.replace(/\s+/g, " ").trim().replace(/\.$/, "");
}
