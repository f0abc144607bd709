#!/usr/bin/env node
/** The executable: the table of commands, and the process they run in. */
import { runCommandLine } from "./cli/command-line.ts";
import { COMMANDS } from "./cli/commands.ts";
import { processTerminal } from "./cli/terminal.ts";

const serve = {
  name: "serve",
  summary: "Serves a fleet's configuration to Envoys until it is stopped",
  load: async () => (await import("./serve/serve-command.ts")).serveCommand,
};

process.exitCode = await runCommandLine([serve, ...COMMANDS], process.argv.slice(2), processTerminal());
