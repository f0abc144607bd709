import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { lastWords, startChild } from "../../src/cli/child.ts";

const shell = (script: string) => ({ name: "shell", command: "/bin/sh", args: ["-c", script] });

test("a child's last lines and the reason of its end are told", async () => {
  const child = await startChild(shell("echo one; echo two >&2; exit 3"));
  assert.equal(await child.exited, "exit code 3");
  assert.deepEqual([...child.lastLines()].sort(), ["one", "two"]);
  assert.equal(child.running, false);
});

test("what cannot be executed is an error, not a child", async () => {
  await assert.rejects(startChild({ name: "x", command: "/nowhere/x", args: [] }), { code: "ENOENT" });
});

test("a child that ignores SIGTERM is killed after the grace", async () => {
  const child = await startChild(shell("trap '' TERM; echo armed; while :; do sleep 0.1; done"));
  while (child.lastLines().length === 0) await sleep(10);
  await child.stop(100);
  assert.equal(await child.exited, "signal SIGKILL");
  await child.stop(); // again: nothing to do
});

test("a child ends when the process that started it is killed outright", async () => {
  const module = new URL("../../src/cli/child.ts", import.meta.url).href;
  const parent = await startChild({
    name: "parent",
    command: process.execPath,
    args: [
      "--input-type=module",
      "-e",
      `import { startChild } from ${JSON.stringify(module)};
       const child = await startChild({ name: "sleeper", command: "sleep", args: ["600"] });
       console.log(child.pid); setInterval(() => {}, 1000);`,
    ],
  });
  while (parent.lastLines().length === 0) await sleep(10);
  const pid = Number(parent.lastLines()[0]);
  assert.doesNotThrow(() => process.kill(pid, 0), "the child runs before its parent is killed");
  process.kill(parent.pid, "SIGKILL");
  await parent.exited;
  while (isRunning(pid)) await sleep(10);
});

/** A zombie whose parent is gone is reaped by init in its own time, so it counts as ended. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("last words: what is for people first, and three lines of a log", () => {
  const log = [1, 2, 3, 4, 5].map((time) => JSON.stringify({ level: 30, time }));
  const lastLines = () => [...log.slice(0, 3), "signalbox: it broke", ...log.slice(3)];
  assert.equal(lastWords({ lastLines }), `It said last:\nsignalbox: it broke\n${log.slice(2).join("\n")}`);
  assert.equal(lastWords({ lastLines: () => [] }), "It said nothing.");
});
