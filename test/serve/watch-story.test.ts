/** The log of watches that fail and recover together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import type { Failure, FailureCode } from "../../src/kubernetes/failure.ts";
import { WatchStories } from "../../src/serve/watch-story.ts";

const failure = (code: FailureCode): Failure => ({ code, cause: `${code} it is`, remedy: "Mend it" });

/** Stories with a clock to set, and the lines of the log above debug. */
function told() {
  const lines: string[] = [];
  const write = (line: string) => {
    const { level, kind, msg } = JSON.parse(line);
    if (level >= 30) lines.push(`${level === 40 ? "warn" : "info"} ${kind}: ${msg}`);
  };
  const clock = { now: 0 };
  const stories = new WatchStories(pino({ level: "debug" }, { write }), () => clock.now);
  return { clock, lines, host: stories.of("Host", undefined), workload: stories.of("Workload", undefined) };
}

test("an API server that is away is told once, however many kinds miss it and however often", () => {
  const { clock, lines, host, workload } = told();
  for (const [watch, at] of [
    [host, 0],
    [workload, 40],
    [host, 900],
    [workload, 9_000],
    [host, 60_000],
  ] as const) {
    clock.now = at;
    watch.failed(failure("unreachable"), 100);
  }
  assert.deepEqual(lines, ["warn Host: unreachable it is"]);
  host.recovered(60_000);
  workload.recovered(60_000);
  assert.deepEqual(lines.slice(1), ["info Host: watch is current again"]);
});

test("another failure, a later one, and one after a recovery are told", () => {
  const { clock, lines, host, workload } = told();
  host.failed(failure("unreachable"), 100);
  workload.failed(failure("untrusted"), 100);
  clock.now = 5_000;
  workload.failed(failure("unreachable"), 100);
  workload.recovered(10);
  clock.now = 5_001;
  workload.failed(failure("unreachable"), 100);
  assert.deepEqual(lines, [
    "warn Host: unreachable it is",
    "warn Workload: untrusted it is",
    "warn Workload: unreachable it is",
    "info Workload: watch is current again",
    "warn Workload: unreachable it is",
  ]);
});

test("what is forbidden or not installed is told for each kind: each has its own remedy", () => {
  const { lines, host, workload } = told();
  for (const watch of [host, workload]) watch.failed(failure("forbidden"), 100);
  assert.deepEqual(lines, ["warn Host: forbidden it is", "warn Workload: forbidden it is"]);
});
