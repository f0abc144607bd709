/** Which failed request breaks which promise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenBy, type FailureClass, failuresOf } from "./judgement.ts";
import type { Failure, Outcome } from "./load/outcome.ts";

const outcome = (id: number, safe: boolean, failure?: Omit<Failure, "text">): Outcome => ({
  id,
  at: 0,
  tookMs: 1,
  hostname: "app-1.lab.test",
  kind: safe ? "GET" : "POST",
  safe,
  proxy: "envoy-1",
  ...(failure === undefined ? {} : { failure: { ...failure, text: "" } }),
});

const NOT_BEGUN = { as: "answer", begun: false } as const;
const OUTCOMES: readonly Outcome[] = [
  outcome(1, true),
  outcome(2, true, NOT_BEGUN),
  outcome(3, false, NOT_BEGUN),
  outcome(4, true, { as: "cut", begun: true }),
  outcome(5, true, NOT_BEGUN),
  outcome(6, true, NOT_BEGUN),
  outcome(7, true, { as: "foreign", begun: true }),
];
const failures = failuresOf(OUTCOMES, { killed: new Set([5]), stopping: new Set([6]) });

test("whose answer it was counts first, then what the host said, then whether the answer had begun, then the method", () => {
  const classes = failures.map((failure): readonly [number, FailureClass] => [failure.outcome.id, failure.class]);
  assert.deepEqual(classes, [
    [2, "safe"],
    [3, "unsafe"],
    [4, "begun"],
    [5, "killed"],
    [6, "stopping"],
    [7, "foreign"],
  ]);
});

for (const [promised, broken] of [
  ["nothing", [2, 3, 4, 7]],
  ["safe", [2, 7]],
  ["measured", [7]],
] as const)
  test(`"${promised}" is broken by ${broken.length} of them`, () => {
    assert.deepEqual(
      brokenBy(promised, failures).map((failure) => failure.outcome.id),
      broken,
    );
  });
