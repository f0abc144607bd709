/** The program of docs/xds-server.md, as its reader would run it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startChild } from "../../src/cli/child.ts";

/** What stands on the page. */
export async function xdsProgram(): Promise<string> {
  const page = await readFile(join(import.meta.dirname, "../../docs/xds-server.md"), "utf8");
  const [program = ""] = page.match(/(?<=```ts\n)[\s\S]*?(?=```)/) ?? [];
  return program;
}

/** Runs it until the test ends; gives the port it serves on. */
export async function startXdsProgram(file: string, test: TestContext): Promise<number> {
  const port = Promise.withResolvers<string>();
  const child = await startChild({
    name: "the program of docs/xds-server.md",
    command: process.execPath,
    args: [file, "127.0.0.1:0"],
    onLine: (line) => {
      const [, found] = /^serving xDS on port (\d+)$/.exec(line) ?? [];
      if (found !== undefined) port.resolve(found);
    },
  });
  test.after(() => child.stop());
  void child.exited.then((why) => port.reject(new Error(`${why}:\n${child.lastLines().join("\n")}`))); // too late to matter once it serves
  return Number(await port.promise);
}
