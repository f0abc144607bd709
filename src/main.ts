#!/usr/bin/env node
/** The executable: the table of commands, and the process they run in. */
import { runCommandLine } from "./cli/command-line.ts";
import { COMMANDS } from "./cli/commands.ts";
import { processTerminal } from "./cli/terminal.ts";
import { SERVE_ENTRY } from "./serve/serve-entry.ts";

process.exitCode = await runCommandLine([SERVE_ENTRY, ...COMMANDS], process.argv.slice(2), processTerminal());
