/** Processes of the laboratory that tell events, and the port they listen on. */
import { join } from "node:path";
import { type Child, startChild } from "../../src/cli/child.ts";
import { eventOf } from "./event.ts";
import type { Timeline } from "./timeline.ts";

/** Starts a file of this folder with its options. Fulfilled when it has said where it listens. @throws with its last words when it ends before. */
export async function startListening(
  name: string,
  file: string,
  options: object,
  timeline: Timeline,
): Promise<{ readonly child: Child; readonly port: number }> {
  const listening = Promise.withResolvers<number>();
  const child = await startChild({
    name,
    command: process.execPath,
    args: [join(import.meta.dirname, file), JSON.stringify(options)],
    onLine: (line) => {
      const event = eventOf(line);
      timeline.add(name, event);
      const port = /^listens on .*:(\d+)$/.exec(event.text)?.[1];
      if (port !== undefined) listening.resolve(Number(port));
    },
  });
  void child.exited.then((why) =>
    listening.reject(new Error(`${name} ended: ${why}\n${child.lastLines().join("\n")}`)),
  );
  return { child, port: await listening.promise };
}
