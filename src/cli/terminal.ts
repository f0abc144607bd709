/** Where a command reads its surroundings and writes its text: the process, or a test. */
import { styleText } from "node:util";

/** The surroundings of one command. */
export interface Terminal {
  /** What was asked for. A line break is added. */
  readonly out: (text: string) => void;
  /** Errors, warnings and progress. A line break is added. */
  readonly err: (text: string) => void;
  /** Emphasis for `out`, where people read it: nothing in a pipe or under NO_COLOR. */
  readonly strong: (text: string) => string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Aborted by Ctrl-C or SIGTERM: commands that run until then put things in order and return. */
  readonly stop: AbortSignal;
}

/**
 * The terminal of this process. The first SIGINT or SIGTERM asks to stop, a second one ends the process at once.
 * Output into a pipe that was closed (`signalbox translate | head`) ends the process silently, as users of pipes expect.
 */
export function processTerminal(): Terminal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => (stop.signal.aborted ? process.exit(1) : stop.abort()));
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    strong: (text) => styleText("bold", text, { stream: process.stdout }), // knows NO_COLOR, FORCE_COLOR and pipes
    env: process.env,
    cwd: process.cwd(),
    stop: stop.signal,
  };
}
