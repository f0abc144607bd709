/** The quickstart as a newcomer meets it: run, read what it prints, do what it says, leave. Nothing is pretended but the wasm hosts. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { access } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Child, startChild } from "../../src/cli/child.ts";
import { PATIENCE_MS } from "../patience.ts";

const run = promisify(execFile);
const main = join(import.meta.dirname, "../../src/main.ts");

/** Starts it, and waits for the greeting to be complete. Fetching Envoy may take minutes once. */
async function started(t: TestContext): Promise<Child> {
  const child = await startChild({ name: "quickstart", command: process.execPath, args: [main, "quickstart"] });
  t.after(async () => {
    const { passed } = t as { readonly passed?: boolean }; // Node 24 has it, its types do not know it yet
    if (passed === false) t.diagnostic(`it said:\n${child.lastLines().join("\n")}`);
    await child.stop(20_000);
  });
  await printed(child, /^What happens:$/, 600_000);
  return child;
}

/** The first line that matches, once there is one. */
async function printed(child: Child, pattern: RegExp, boundMs = PATIENCE_MS): Promise<string> {
  const until = performance.now() + boundMs;
  while (performance.now() < until && child.running) {
    const line = child.lastLines().find((candidate) => pattern.test(candidate));
    if (line !== undefined) return line;
    await sleep(20);
  }
  throw new Error(`no line like ${pattern}, but:\n${child.lastLines().join("\n")}`);
}

/** A printed line, run by a shell as if it had been copied. */
async function shell(line: string): Promise<string> {
  const { stdout } = await run("/bin/sh", ["-c", line], { timeout: PATIENCE_MS });
  return stdout;
}

const curlLines = (child: Child): readonly string[] => child.lastLines().filter((line) => /^ +curl /.test(line));

function processesBelow(pid: number): readonly number[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number) as [number, number]);
  const own = pairs.filter(([, parent]) => parent === pid).map(([child]) => child);
  return own.concat(own.flatMap((child) => processesBelow(child)));
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((fulfil) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => fulfil(true)).once("error", () => fulfil(false));
    socket.once("connect", () => socket.destroy());
  });

test("what is printed works as printed, an edit moves a route without a failure, and nothing is left", async (t) => {
  const child = await started(t);
  const text = child.lastLines().join("\n");

  const curls = curlLines(child);
  assert.equal(curls.length, 2, text);
  for (const line of curls) {
    const hostname = /'Host: ([^']+)'/.exec(line)?.[1] ?? "";
    assert.match(
      (await shell(`${line.replace("curl ", "curl -sS ")}`)).toLowerCase(),
      new RegExp(`^${hostname} is served by `),
    );
  }

  const shop = curls.find((line) => line.includes("shop.example.com"))?.replace("curl ", "curl -sS ") ?? "";
  const edit = child.lastLines().find((line) => /^ +sed /.test(line)) ?? "";
  const answers: string[] = [];
  let asking = true;
  const asked = (async () => {
    while (asking) answers.push(await shell(shop.replace("-sS ", "-sS --include ")).catch(String));
  })();
  await shell(edit);
  const move = await printed(
    child,
    /^shop\.example\.com: amber, birch → amber, cedar \(Envoy acknowledged it after \d+ ms\)$/,
  );
  assert.ok(move !== undefined);
  const answersAfter = answers.length;
  while (!answers.slice(answersAfter).some((answer) => answer.includes("on host cedar"))) await sleep(50);
  asking = false;
  await asked;
  assert.deepEqual(
    answers.filter((answer) => !/^HTTP\/1\.1 200 OK\r\n.*is served by shop\/shop-1-[ab] on host/s.test(answer)),
    [],
  );
  assert.deepEqual(
    answers.slice(answersAfter + 1).filter((answer) => answer.includes("on host birch")),
    [],
  );

  const children = processesBelow(child.pid);
  const ports = [...text.matchAll(/127\.0\.0\.1(?::| port )(\d+)/g)].map((match) => Number(match[1]));
  assert.ok(children.length >= 5, "three hosts, Signalbox and Envoy run");
  assert.ok(new Set(ports).size >= 6, "Envoy, two admin interfaces and three hosts listen");
  const folder = /^ {2}(\/\S*objects)$/m.exec(text)?.[1] ?? "";
  await access(folder);
  process.kill(child.pid, "SIGINT");
  assert.equal(await child.exited, "exit code 0");
  await gone(children);
  for (const port of ports) assert.equal(await isListening(port), false, `port ${port} is free`);
  await assert.rejects(access(folder), { code: "ENOENT" });
});

test("a host that dies costs no request; when Envoy dies the quickstart says so and ends", async (t) => {
  const child = await started(t);
  const text = child.lastLines().join("\n");
  const shop =
    curlLines(child)
      .find((line) => line.includes("shop.example.com"))
      ?.replace("curl ", "curl -sS ") ?? "";
  const amber = Number(/host amber on .* is process (\d+)$/m.exec(text)?.[1]);
  process.kill(amber, "SIGKILL");
  await printed(child, /^host amber ended with signal SIGKILL; its requests are retried on other hosts$/);
  for (let i = 0; i < 20; i++) assert.match(await shell(shop), /shop\/shop-1-b on host birch/);

  const children = processesBelow(child.pid);
  const envoy = execFileSync("ps", ["-o", "pid=,args=", "-p", children.join(",")], { encoding: "utf8" });
  process.kill(Number(/^ *(\d+) .*--config-path/m.exec(envoy)?.[1]), "SIGKILL");
  assert.equal(await child.exited, "exit code 1");
  const said = child.lastLines().join("\n");
  assert.match(said, /signalbox: Envoy \S+ ended with signal SIGKILL\. Start the quickstart again\. It said /);
  assert.doesNotMatch(said, /ended with exit code 0/, "what we stopped ourselves is no news");
  await gone(children);
});

test("without an Envoy that runs it says what to do, and leaves nothing", async () => {
  const env = { ...process.env, SIGNALBOX_ENVOY: "/nowhere/envoy" };
  const child = await startChild({ name: "quickstart", command: process.execPath, args: [main, "quickstart"], env });
  assert.equal(await child.exited, "exit code 1");
  assert.deepEqual(child.lastLines(), [
    "signalbox: /nowhere/envoy is no Envoy that runs on this machine: there is no such file. Point SIGNALBOX_ENVOY to an Envoy binary for this system, or unset it to have one fetched",
  ]);
});

test("Ctrl-C while it is starting ends what has been started", async () => {
  const child = await startChild({ name: "quickstart", command: process.execPath, args: [main, "quickstart"] });
  let children: readonly number[] = [];
  while (children.length < 2) children = processesBelow(child.pid);
  process.kill(child.pid, "SIGINT");
  assert.equal(await child.exited, "exit code 0");
  assert.match(child.lastLines().join("\n"), /^Everything is stopped; its folder is removed\.$/m);
  await gone(children);
});

test("killed outright, its children end as well", async (t) => {
  const child = await started(t);
  const children = processesBelow(child.pid);
  assert.ok(children.length >= 5);
  process.kill(child.pid, "SIGKILL");
  await child.exited;
  await gone(children);
  const folder =
    child
      .lastLines()
      .find((line) => /objects$/.test(line))
      ?.trim() ?? "";
  await shell(`rm -r ${join(folder, "..")}`); // the copy is all that is left: nobody was there to remove it
});

/** Waits until none of them is left. The last to go are those that watch over the others, and they are not waited for by anybody else. */
async function gone(pids: readonly number[]): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (pids.some(isRunning)) {
    assert.ok(performance.now() < until, `of ${pids} there is still ${pids.filter(isRunning)}`);
    await sleep(20);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
