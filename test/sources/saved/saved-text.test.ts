import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Lost } from "../../../src/sources/saved/lately-lost.ts";
import { type SavedState, SavedTextReader, savedText } from "../../../src/sources/saved/saved-text.ts";
import type { ObjectRecord } from "../../../src/sources/source.ts";
import { record } from "../../placement/arbitrary-records.ts";

const linesOf = (state: SavedState): string[] => [...savedText(state)].join("").split("\n").slice(0, -1);

function read(lines: readonly string[]): ReturnType<SavedTextReader["end"]> {
  const reader = new SavedTextReader();
  for (const line of lines) reader.line(line);
  return reader.end();
}

const unusable = (lines: readonly string[]): string => {
  const state = read(lines);
  return "unusable" in state ? state.unusable : assert.fail("it was taken");
};

const lost = fc.array(
  fc
    .tuple(record, fc.option(record, { nil: undefined }), fc.nat())
    .map(([before, after, atMs]) => ({ atMs, before, after }) as unknown as Lost),
  { maxLength: 300 },
);

test("what was written is read", () =>
  fc.assert(
    fc.property(fc.array(record, { maxLength: 500 }), lost, (records, lost) => {
      const state = { savedAtMs: 1_800_000_000_000, records: records as readonly ObjectRecord[], lost };
      assert.deepEqual(read(linesOf(state)), state);
    }),
    { numRuns: 20 },
  ));

const HOST = {
  kind: "Host",
  namespace: "wasmcloud",
  name: "h1",
  age: { at: 0, order: "" },
  hostId: "h1",
  hostGroup: "",
  environment: "",
  ready: "True",
  deleting: false,
  advertisedHostname: "10.0.0.1",
  advertisedPort: 80,
} as const satisfies ObjectRecord;
const GOOD = linesOf({ savedAtMs: 1, records: [HOST, { ...HOST, name: "h2" }], lost: [] });

const rows: readonly (readonly [what: string, lines: readonly string[], why: string])[] = [
  ["an empty file", [], "was cut off"],
  ["a head alone", GOOD.slice(0, 1), "was cut off"],
  ["all but the tail", GOOD.slice(0, -1), "was cut off"],
  ["half a line", [...GOOD.slice(0, 1), GOOD[1]?.slice(0, 20) ?? ""], "is not what Signalbox wrote"],
  ["a line too few", GOOD.toSpliced(1, 1), "was changed or damaged after it was written"],
  [
    "another value",
    GOOD.map((line) => line.replace("10.0.0.1", "10.0.0.9")),
    "was changed or damaged after it was written",
  ],
  ["another kind", GOOD.map((line) => line.replace('"Host"', '"Pod"')), "was changed or damaged after it was written"],
  ["two states", [...GOOD, ...GOOD], "goes on behind its end"],
  ["another file", ["hello"], "is not what Signalbox wrote"],
  ["another JSON", ["{}"], "is not what Signalbox wrote"],
  [
    "another format",
    GOOD.map((line) => line.replace('"format":2', '"format":1')),
    "was written by another release, in another format",
  ],
];
for (const [what, lines, why] of rows) test(`${what}: ${why}`, () => assert.equal(unusable(lines), why));
