/** The table says what was counted. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pageOf } from "./page.ts";
import { addResult, type Result, readResults } from "./result.ts";

const NONE = { foreign: 0, killed: 0, stopping: 0, safe: 0, begun: 0, unsafe: 0 };

const own: Result = {
  scenario: "host-killed",
  gateway: "signalbox",
  tempo: "fast",
  requests: 3_669,
  absent: 0,
  failed: { ...NONE, begun: 4, unsafe: 2, killed: 1, stopping: 1 },
  broken: 0,
};

test("results of several runs of one scenario are added up; those of another gateway or tempo stand beside them", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-results-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "results.json");
  for (const result of [own, { ...own, gateway: "follows-ready" } as const, own]) await addResult(file, result);
  const results = await readResults(file);
  assert.deepEqual(
    results.map(({ gateway, requests, failed }) => [gateway, requests, failed.begun]),
    [
      ["follows-ready", 3_669, 4],
      ["signalbox", 7_338, 8],
    ],
  );
});

test("a row has the failed of all requests, what stops did apart, the comparison where there is one, and the cause", () => {
  const other: Result = { ...own, gateway: "follows-ready", requests: 1_000, failed: { ...NONE, safe: 1_200 } };
  const rows = pageOf([own, other], "2 cores")
    .split("\n")
    .filter((line) => line.startsWith("| one of the hosts dies"));
  assert.equal(rows.length, 1);
  const cells = rows[0]?.split(" | ").slice(1);
  assert.deepEqual(cells, [
    "no safe request fails whose answer had not begun",
    "6 of 3,669 (2 unsafe, 4 begun)",
    "2",
    "1,200 of 1,000 (1,200 safe)",
    "0",
    "what the host was working on is lost with it, and only a safe method may be repeated |",
  ]);
  assert.match(pageOf([own], "2 cores"), /\(2 unsafe, 4 begun\) \| 2 \| {2}\| {2}\| what/);
});

test("promises are summed up before the tables, and a group without a result has no heading", () => {
  const kept: Result = { ...own, scenario: "rollout-all", requests: 1_000, failed: NONE };
  const page = pageOf([own, kept, { ...kept, scenario: "scale", broken: 2 }], "2 cores");
  assert.match(page, /^- \*nothing fails\* is promised in 2 of 3 scenarios: 2 of 2,000 requests broke it\.$/m);
  assert.match(page, /^- \*no safe request .*\* is promised in 1 of 3 scenarios: 0 of 3,669 requests broke it\.$/m);
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  assert.deepEqual(headings, [
    "Replicas come and go",
    "Rollouts",
    "Hosts die, hang, come back, and are believed dead",
    "How to read it",
  ]);
});

test("what was measured at the real operator's pace has a table and sums of its own", () => {
  const real: Result = { ...own, tempo: "realistic", requests: 9_000, failed: { ...NONE, begun: 1 } };
  const page = pageOf([real, own], "2 cores");
  const [fast = "", realistic = ""] = page.split("## At the pace of the real operator");
  assert.match(fast, /of 3,669 requests broke it/);
  assert.match(fast, /\| 6 of 3,669 \(2 unsafe, 4 begun\) \|/);
  assert.doesNotMatch(fast, /9,000/);
  assert.match(fast, /Tempo: fast\. 2 cores/);
  assert.match(realistic, /promised in 1 of 1 scenarios: 0 of 9,000 requests broke it/);
  assert.match(realistic, /\| 1 of 9,000 \(1 begun\) \|/);
});
