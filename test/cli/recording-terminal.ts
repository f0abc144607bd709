/** A terminal that remembers what was written. */
import type { Terminal } from "../../src/cli/terminal.ts";

export interface RecordingTerminal extends Terminal {
  readonly written: { out: string; err: string };
}

/** Plain text, no emphasis, the environment of a fresh shell; `stop` is never aborted unless given. */
export function recordingTerminal(given: Partial<Pick<Terminal, "env" | "cwd" | "stop">> = {}): RecordingTerminal {
  const written = { out: "", err: "" };
  return {
    out: (text) => {
      written.out += `${text}\n`;
    },
    err: (text) => {
      written.err += `${text}\n`;
    },
    strong: (text) => text,
    env: {},
    cwd: process.cwd(),
    stop: new AbortController().signal,
    ...given,
    written,
  };
}
