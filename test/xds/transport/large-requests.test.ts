/** Large requests of many calls, in time that the test moves. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type LargeReader, LargeRequests } from "../../../src/xds/transport/large-requests.ts";

function world(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let nowMs = 0;
  t.mock.method(performance, "now", () => nowMs);
  const told: string[] = [];
  const large = new LargeRequests({ mostBytes: 100, patienceMs: 1_000, slow: ({ peer }) => told.push(`slow ${peer}`) });
  const call = (peer: string): LargeReader => {
    const one: LargeReader = {
      client: { peer, names: undefined },
      admitted: () => told.push(`admitted ${peer}`),
      tooSlow: () => {
        told.push(`ended ${peer}`);
        large.end(one); // as a call does that is over
      },
    };
    return one;
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  return { large, call, told, pass };
}

test("as many are read as there is room for; the others wait, first come, first served", (t) => {
  const { large, call, told } = world(t);
  const [a, b, c, d] = ["a", "b", "c", "d"].map(call) as [LargeReader, LargeReader, LargeReader, LargeReader];
  assert.deepEqual(
    [large.begin(a, 60), large.begin(b, 40), large.begin(c, 90), large.begin(d, 10)],
    [true, true, false, false],
  );
  large.end(b);
  assert.deepEqual(told, [], "there is room for d, but c was first");
  large.end(a);
  assert.deepEqual(told, ["admitted c", "admitted d"]);
  assert.equal(large.waiting, 0);
});

test("more of a request that has room is no new one", (t) => {
  const { large, call } = world(t);
  const a = call("a");
  assert.deepEqual([large.begin(a, 80), large.begin(a, 80)], [true, true]);
});

test("one that is larger than all the room is read alone", (t) => {
  const { large, call, told } = world(t);
  const [a, b] = [call("a"), call("b")];
  assert.equal(large.begin(a, 10), true);
  assert.equal(large.begin(b, 500), false);
  large.end(a);
  assert.deepEqual(told, ["admitted b"]);
});

test("a call that is over while it waits leaves its place", (t) => {
  const { large, call, told } = world(t);
  const [a, b, c] = [call("a"), call("b"), call("c")];
  large.begin(a, 100);
  large.begin(b, 100);
  large.begin(c, 100);
  large.end(b);
  large.end(a);
  assert.deepEqual(told, ["admitted c"]);
});

test("who never finishes is ended once others have waited for long enough, and never while nobody waits", (t) => {
  const { large, call, told, pass } = world(t);
  const [a, b, c] = [call("a"), call("b"), call("c")];
  large.begin(a, 100);
  pass(10_000);
  assert.deepEqual(told, []);
  large.begin(b, 100);
  pass(1);
  assert.deepEqual(told, ["slow a", "ended a", "admitted b"]);
  large.begin(c, 100);
  pass(999);
  assert.equal(told.length, 3);
  pass(1);
  assert.deepEqual(told.slice(3), ["slow b", "ended b", "admitted c"]);
});
