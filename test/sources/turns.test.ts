import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "../../src/sources/turns.ts";

/** Work of so many pieces that writes down each. */
function* pieces(name: string, count: number, story: string[]): Generator<undefined, void> {
  for (let i = 1; i <= count; i++) {
    story.push(`${name}${i}`);
    yield;
  }
}

/** Ends a turn after each piece. */
const single = () => true;

test("who is put while a long work goes on waits for one turn of that at most", () => {
  const turns = new Turns();
  const story: string[] = [];
  turns.put("long", pieces("long", 3, story));
  turns.work(single);
  turns.put("a", pieces("a", 1, story));
  turns.put("b", pieces("b", 1, story));
  while (!turns.idle) turns.work(single);
  assert.deepEqual(story, ["long1", "long2", "a1", "b1", "long3"]);
});

test("newer work of a name replaces what has not begun, and follows what has", () => {
  const turns = new Turns();
  const story: string[] = [];
  turns.put("a", pieces("old", 2, story));
  turns.put("a", pieces("newer", 2, story));
  turns.work(single);
  turns.put("a", pieces("dropped", 2, story));
  turns.put("a", pieces("newest", 2, story));
  while (!turns.idle) turns.work(single);
  assert.deepEqual(story, ["newer1", "newer2", "newest1", "newest2"]);
});

test("a turn goes on from work to work until it is over", () => {
  const turns = new Turns();
  const story: string[] = [];
  turns.put("a", pieces("a", 2, story));
  turns.put("b", pieces("b", 2, story));
  turns.work(() => story.length === 3);
  assert.deepEqual([story, turns.has("a"), turns.has("b")], [["a1", "a2", "b1"], false, true]);
  turns.work(() => false);
  assert.deepEqual([story, turns.idle], [["a1", "a2", "b1", "b2"], true]);
});
