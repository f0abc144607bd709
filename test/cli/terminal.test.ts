/** The terminal of a real process, in the pipes and settings that shells give it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const module = JSON.stringify(new URL("../../src/cli/terminal.ts", import.meta.url).href);

/** Runs a script that has the terminal as `terminal`, its output going through `pipe`. */
async function script(text: string, pipe = "cat", env: NodeJS.ProcessEnv = {}) {
  const source = `import { processTerminal } from ${module}; const terminal = processTerminal(); ${text}`;
  const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = process.env;
  return run("/bin/sh", ["-c", `"$NODE" --input-type=module -e "$SOURCE" | ${pipe}`], {
    env: { ...rest, ...env, NODE: process.execPath, SOURCE: source },
  });
}

test("output into a closed pipe ends the process without a word", async () => {
  const { stdout, stderr } = await script("for (let i = 0; i < 100_000; i++) terminal.out(String(i));", "head -1");
  assert.deepEqual([stdout, stderr], ["0\n", ""]);
});

test("emphasis is for terminals: none in a pipe, none under NO_COLOR, some where it is forced", async () => {
  const emphasised = async (env: NodeJS.ProcessEnv) =>
    (await script("terminal.out(terminal.strong('x'))", "cat", env)).stdout;
  assert.equal(await emphasised({}), "x\n");
  assert.equal(await emphasised({ NO_COLOR: "1" }), "x\n");
  assert.equal(await emphasised({ FORCE_COLOR: "1" }), "\u001b[1mx\u001b[22m\n");
});

test("the first signal asks to stop, the second one ends the process", async () => {
  const told = "terminal.stop.addEventListener('abort', () => terminal.out('asked'));";
  const { stdout } = await script(`${told} setInterval(() => process.kill(process.pid, "SIGINT"), 20);`);
  assert.equal(stdout, "asked\n");
});
