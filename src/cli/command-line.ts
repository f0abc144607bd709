/** From the words typed to the command that was meant, and from what it throws to an exit code. */
import type { CommandEntry, ExitCode } from "./command.ts";
import { didYouMean } from "./did-you-mean.ts";
import { helpOf, overview } from "./help.ts";
import { Refusal } from "./refusal.ts";
import type { Terminal } from "./terminal.ts";
import { packageVersion } from "./version.ts";

/**
 * Runs what was typed. Never throws: a Refusal is printed as one message to `err`, anything else with its stack (it is our fault).
 * `help`, `--help` and `-h` (before or after a command) and `--version` are understood here.
 */
export async function runCommandLine(
  commands: readonly CommandEntry[],
  args: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  try {
    return await dispatch(commands, args, terminal);
  } catch (error) {
    if (error instanceof Refusal) {
      terminal.err(`signalbox: ${error.message}`);
      return error.exitCode;
    }
    terminal.err(`signalbox: this is a bug in Signalbox: ${error instanceof Error ? error.stack : String(error)}`);
    return 1;
  }
}

const asksForHelp = (arg: string): boolean => arg === "--help" || arg === "-h";

async function dispatch(
  commands: readonly CommandEntry[],
  args: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const [first, ...rest] = args;
  if (first === "--version" || first === "-v") {
    terminal.out(packageVersion());
    return 0;
  }
  const options = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : rest.length);
  const wantsHelp = first === undefined || first === "help" || asksForHelp(first) || options.some(asksForHelp);
  const name = first === "help" || (first !== undefined && asksForHelp(first)) ? rest[0] : first;
  if (name === undefined) {
    // Nobody types a bare name to be served an error; but in a script it is one.
    (first === undefined ? terminal.err : terminal.out)(overview(commands, terminal.strong));
    return first === undefined ? 2 : 0;
  }
  const entry = commands.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    const names = commands.map((candidate) => candidate.name);
    const remedy = didYouMean(name, names) ?? "See signalbox --help";
    throw new Refusal(`There is no command ${JSON.stringify(name)}`, remedy, { exitCode: 2 });
  }
  const command = await entry.load();
  if (wantsHelp) {
    terminal.out(helpOf(entry, command, terminal.strong));
    return 0;
  }
  return command.run(rest, terminal);
}
