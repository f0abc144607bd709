/** A server on go-control-plane (../go-control-plane), told of the same resources and changes through its standard input. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Resource } from "../../../src/codec/resource.ts";
import type { Content } from "./content.ts";
import { ASSIGNMENT, CLUSTER, LISTENER, SCOPED_ROUTE } from "./delta-proxy.ts";
import type { Subject } from "./subject.ts";

const SOURCE = join(import.meta.dirname, "../go-control-plane");

const KINDS: Readonly<Record<string, string>> = {
  [CLUSTER]: "c",
  [ASSIGNMENT]: "e",
  [LISTENER]: "l",
  [SCOPED_ROUTE]: "s",
};

/** Builds the server, which takes a minute the first time; gives the path of the executable. */
async function built(): Promise<string> {
  const binary = join(homedir(), ".cache/signalbox/bench-go-control-plane");
  await promisify(execFile)("go", ["build", "-o", binary, "."], { cwd: SOURCE, timeout: 900_000 });
  return binary;
}

export async function startGo(content: Content, placed: ReadonlyMap<string, number>): Promise<Subject> {
  const child = spawn(await built(), { stdio: ["pipe", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answered = async (word: string): Promise<number> => {
    const { value = "" } = await lines.next();
    const [said, number] = String(value).split(" ");
    if (said !== word) throw new Error(`the server on go-control-plane was to say ${word}, and said: ${value}`);
    return Number(number);
  };
  for (const resource of content.everything(placed)) child.stdin.write(recordOf(KINDS[resource.type], resource.bytes));
  child.stdin.write(recordOf("G", new Uint8Array()));
  const port = await answered("port");
  return {
    pid: child.pid ?? 0,
    port,
    change: async (change) => {
      for (const { bytes } of content.hostname(change).filter(isAssignment)) child.stdin.write(recordOf("E", bytes));
      return (await answered("at")) / 1e6;
    },
    blockMs: async () => undefined,
    stop: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

const isAssignment = ({ type }: Resource): boolean => type === ASSIGNMENT;

function recordOf(kind: string | undefined, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length);
  head.write(kind ?? "?", 4);
  return Buffer.concat([head, body]);
}
