/** Finding who is at fault, with honest words, with none, and with lies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Suspects } from "../../src/xds/delivery/suspects.ts";

type Words = (refused: readonly number[], bad: ReadonlySet<number>) => readonly number[];

/** Plays a proxy that refuses each response with a bad one in it. What each response held, and who was found. */
function search(all: readonly number[], bad: ReadonlySet<number>, words: Words) {
  const suspects = new Suspects<number>();
  const found: number[] = [];
  const accepted = new Set<number>();
  const responses: number[] = [];
  const answer = (batch: readonly number[]): void => {
    responses.push(batch.length);
    if (!batch.some((one) => bad.has(one))) {
      for (const one of batch) accepted.add(one);
      suspects.clear();
      return;
    }
    const culprit = suspects.refuse(batch, new Set(words(batch, bad)));
    if (culprit !== undefined) found.push(culprit);
  };
  answer(all);
  while (suspects.active && responses.length < 10_000) answer(suspects.current);
  return { found, accepted, responses };
}

const HONEST: Words = (refused, bad) => refused.filter((one) => bad.has(one));
const SILENT: Words = () => [];
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

test("honest words: all good ones are accepted in the second response, and each culprit takes one more", () => {
  const { found, responses } = search(numbers(5_000), new Set([7, 4_000]), HONEST);
  assert.deepEqual(
    [found, responses],
    [
      [7, 4_000],
      [5_000, 4_998, 1, 1],
    ],
  );
});

test("no words: by halves, about two responses for each halving", () => {
  const { found, responses } = search(numbers(5_000), new Set([7]), SILENT);
  assert.deepEqual(found, [7]);
  assert.ok(responses.length <= 2 + 2 * Math.ceil(Math.log2(5_000)), `${responses.length}`);
});

test("many named at once go by halves: if all is bad, two responses for each", () => {
  const all = numbers(64);
  const { found, responses } = search(all, new Set(all), HONEST);
  assert.deepEqual([found.length, responses.length <= 128], [64, true]);
});

const LIARS: Readonly<Record<string, Words>> = {
  "names only good ones": (refused, bad) => refused.filter((one) => !bad.has(one)).slice(0, 5),
  "names the first few, whoever they are": (refused) => refused.slice(0, 5),
  "names everybody": (refused) => refused,
  "names every second": (refused) => refused.filter((_, i) => i % 2 === 0),
};
for (const [kind, words] of Object.entries({ ...LIARS, "says nothing": SILENT, "is honest": HONEST }))
  test(`whatever a proxy says (it ${kind}), exactly those that it refuses alone are found, in bounded responses`, () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.uniqueArray(fc.nat(199), { maxLength: 8 }), (count, some) => {
        const all = numbers(count);
        const bad = new Set(some.filter((one) => one < count));
        const { found, accepted, responses } = search(all, bad, words);
        assert.deepEqual(new Set(found), bad);
        assert.deepEqual(accepted, new Set(all).difference(bad));
        assert.ok(responses.length <= 1 + 10 * bad.size * (2 + Math.ceil(Math.log2(count))), `${responses.length}`);
      }),
    ));
