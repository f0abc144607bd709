/** Long lists in YAML, cut so that they need not be parsed in one go. */

/** A text that is a document of its own. */
export interface YamlPiece {
  readonly text: string;
  /** The line of the whole document, counted from 1, that a line of the piece is; columns are the same. */
  readonly lineOf: (line: number) => number;
}

/** Documents up to this length are parsed in 5 ms or so, and pieces are made so long. */
const PIECE_LENGTH = 8 * 1024;

/**
 * A document whose top-level `items` is a long block sequence comes in pieces, each the whole document but for its share of the items: what `kubectl get -o
 * yaml` writes, 0.4 s per MiB otherwise. Any other document is one piece: short ones, lists in flow style, and those with aliases, which may be
 * about other items.
 */
export function* yamlPieces(document: string, pieceLength = PIECE_LENGTH): Generator<YamlPiece> {
  const list = document.length > pieceLength ? listOf(document) : undefined;
  if (list === undefined || list.head.length + list.tail.length > pieceLength)
    return yield { text: document, lineOf: (line) => line };
  const { head, items, tail } = list;
  const headLines = linesIn(head);
  let skipped = 0;
  let left = linesIn(document) - headLines - linesIn(tail);
  for (let from = 0; from < items.length; ) {
    let share = items[from++] ?? "";
    for (let next = items[from]; next !== undefined && share.length + next.length <= pieceLength; next = items[from]) {
      share += next;
      from++;
    }
    const shareLines = linesIn(share);
    left -= shareLines;
    const [before, after] = [skipped, tail === "" ? skipped : skipped + left]; // a fault may stand at the end of the text
    const lineOf = (line: number) =>
      line <= headLines ? line : line + (line <= headLines + shareLines ? before : after);
    yield { text: head + share + tail, lineOf };
    skipped += shareLines;
  }
}

interface List {
  /** Up to and with the line `items:`. */
  readonly head: string;
  /** Each from its dash on. */
  readonly items: readonly string[];
  readonly tail: string;
}

/**
 * Sound because all of an item but its dash is indented deeper than the dash, whatever it is (YAML 1.2.2, 8.2.1): a line that begins with a dash at the
 * depth of the first one begins an item, and one with anything else in the first column ends the list. Aliases and tabs give up.
 */
function listOf(document: string): List | undefined {
  const start = /^items:[ ]*\r?\n(?=(?:[ ]*(?:#.*)?\r?\n)*([ ]*)-[ \r\n])/m.exec(document);
  if (start === null || /(?:^|[\s,[{])\*[^\s*]|^[ ]*\t/m.test(document)) return undefined;
  const from = start.index + start[0].length;
  const indent = start[1] ?? "";
  const end = indent === "" ? /^[^\s#-]|^-[^ \r\n]/gm : /^[^\s#]/gm;
  end.lastIndex = from;
  const to = end.exec(document)?.index ?? document.length;
  const region = document.slice(from, to);
  const dashes = Array.from(region.matchAll(new RegExp(`^${indent}-(?=[ \\r\\n])`, "gm")), ({ index }) => index);
  return {
    head: document.slice(0, from),
    items: dashes.map((at, i) => region.slice(i === 0 ? 0 : at, dashes[i + 1])),
    tail: document.slice(to),
  };
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
