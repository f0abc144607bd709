/** Child processes that never outlive us, and whose last words are at hand when they die. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** What to run. */
export interface ChildSpec {
  /** Names it in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Called for every line of its output; the last lines are kept in any case. */
  readonly onLine?: (line: string, from: "stdout" | "stderr") => void;
}

/** A running child. It ends by itself, by `stop`, or with this process, even if that one is killed outright. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Fulfilled with the reason, in words, when it has ended for whatever reason; never rejected. */
  readonly exited: Promise<string>;
  readonly running: boolean;
  /** Its last output, at most 400 lines, oldest first. */
  lastLines(): readonly string[];
  /** SIGTERM, and SIGKILL where it has not ended after `graceMs` (default 3,000). Fulfilled when it is gone; may be called again. */
  stop(graceMs?: number): Promise<void>;
}

const KEPT_LINES = 400;

/** Starts a child. @throws the error of the operating system if it cannot be executed. */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const kept: string[] = [];
  // Detached: Ctrl-C in a terminal goes to the whole foreground group, and our children end in our order, not all at once.
  const child = spawn(spec.command, [...spec.args], {
    env: spec.env ?? process.env,
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const follow = (stream: Readable, from: "stdout" | "stderr"): void => {
    createInterface({ input: stream }).on("line", (line) => {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      spec.onLine?.(line, from);
    });
  };
  follow(child.stdout, "stdout");
  follow(child.stderr, "stderr");
  const exited = new Promise<string>((fulfil) => {
    child.once("close", (code, signal) => fulfil(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const pid = await new Promise<number>((fulfil, reject) => {
    child.once("spawn", () => fulfil(child.pid ?? 0));
    child.once("error", reject);
  });
  const guard = guardOf(pid);
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  void exited.then(() => {
    process.removeListener("exit", onExit);
    guard.kill("SIGKILL");
  });
  return {
    name: spec.name,
    pid,
    exited,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    lastLines: () => kept,
    stop: async (graceMs = 3_000) => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Lines of a log that somebody who reads an error looks at. */
const LOG_LINES = 3;

/** What a child said last, to end an error with: what it wrote for people first, then some lines of its log. */
export function lastWords(child: Pick<Child, "lastLines">): string {
  const lines = child.lastLines().slice(-15);
  const log = lines.filter((line) => line.startsWith("{"));
  const words = [...lines.filter((line) => !line.startsWith("{")), ...log.slice(-LOG_LINES)];
  return words.length === 0 ? "It said nothing." : `It said last:\n${words.join("\n")}`;
}

/**
 * Kills `pid` when this process is gone: a shell that reads a pipe of which we hold the other end. Exit handlers see to
 * every other death; SIGKILL (a test runner's timeout, the kernel out of memory) runs none. Itself killed when `pid` ends.
 */
function guardOf(pid: number): ChildProcess {
  const script = `read -r _; kill -KILL ${pid}`;
  const guard = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  guard.once("error", () => {}); // without a shell the exit handler alone has to do
  guard.stdin?.once("error", () => {});
  guard.unref();
  (guard.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return guard;
}
