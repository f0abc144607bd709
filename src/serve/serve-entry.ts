/** The row of `serve` in the table of commands. It stands here because the room `cli` must not know this one. */
import type { CommandEntry } from "../cli/command.ts";

export const SERVE_ENTRY: CommandEntry = {
  name: "serve",
  summary: "Serves a fleet's configuration to Envoys until it is stopped",
  load: async () => (await import("./serve-command.ts")).serveCommand,
};
