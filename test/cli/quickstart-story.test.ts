import assert from "node:assert/strict";
import { test } from "node:test";
import { QuickstartStory } from "../../src/cli/quickstart-story.ts";

function storyOf() {
  const said: string[] = [];
  const names = new Map([
    ["127.0.0.1:9191", "amber"],
    ["[::1]:9192", "birch"],
  ]);
  const story = new QuickstartStory(
    (line) => said.push(line),
    (address) => names.get(address) ?? address,
  );
  return { story, said, take: (line: object) => story.take(JSON.stringify(line)) };
}

const moved = {
  level: 30,
  msg: "route changed",
  hostname: "a.test",
  endpoints: "127.0.0.1:9191 -> [::1]:9192 (weight 2), 10.0.0.1:80",
};

test("a move is told once it is acknowledged, with names instead of addresses that have one", () => {
  const { story, said, take } = storyOf();
  story.begin();
  take(moved);
  assert.deepEqual(said, []);
  take({ level: 30, msg: "change acknowledged", ms: 7 });
  assert.deepEqual(said, ["a.test: amber → birch (weight 2), 10.0.0.1:80 (Envoy acknowledged it after 7 ms)"]);
});

test("a move that nobody acknowledges is told after a while", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { story, said, take } = storyOf();
  story.begin();
  take(moved);
  t.mock.timers.tick(3_000);
  assert.match(said[0] ?? "", /not acknowledged yet/);
});

test("what happens at the start is no move, but a problem is a problem", () => {
  const { said, take } = storyOf();
  take(moved);
  take({ level: 30, msg: "change acknowledged", ms: 7 });
  take({
    level: 40,
    msg: "it is taken",
    problem: "hostname-taken",
    object: "Workload rival/x",
    remedy: "Use another name",
  });
  assert.deepEqual(said, ["Workload rival/x: it is taken. Use another name"]);
});

test("solved problems, warnings and words that are no log line are passed on; the rest is not", () => {
  const { story, said, take } = storyOf();
  take({ level: 30, msg: "problem solved", problem: "hostname-taken", object: "Workload rival/x" });
  take({ level: 50, msg: "proxy rejected a resource", resource: "a.test", detail: "no such field" });
  take({ level: 30, msg: "proxy connected" });
  story.take("Segmentation fault");
  assert.deepEqual(said, [
    "Workload rival/x: solved (hostname-taken)",
    "proxy rejected a resource: a.test: no such field",
    "Segmentation fault",
  ]);
});

test("why the source is stale is told, and that it is current again", () => {
  const { said, take } = storyOf();
  take({ level: 40, msg: "source is stale", because: "the folder /x cannot be read. Restore it" });
  take({ level: 30, msg: "source is current again" });
  assert.deepEqual(said, ["source is stale: the folder /x cannot be read. Restore it", "source is current again"]);
});

test("a host that ends is told, and nothing once everything is being stopped", () => {
  const { story, said, take } = storyOf();
  story.hostEnded("host amber", "signal SIGKILL");
  story.begin();
  take(moved);
  story.end();
  story.hostEnded("host birch", "exit code 0");
  take({ level: 40, msg: "proxy is gone" });
  assert.deepEqual(said, ["host amber ended with signal SIGKILL; its requests are retried on other hosts"]);
});
