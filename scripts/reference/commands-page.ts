/** The reference of the command line, from the descriptions that help is made from. */
import type { Command, CommandEntry, OptionSpec } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { SERVE_ENTRY } from "../../src/serve/serve-entry.ts";
import { blockOf, originOf, tableOf } from "./markdown.ts";

const INTRODUCTION = `# Commands

${originOf("src/cli/commands.ts", "src/serve/serve-command.ts and the commands they name")}

\`signalbox <command> [options]\`. In a checkout, \`signalbox\` is \`node src/main.ts\`, and \`npm start\` is \`signalbox quickstart\`.
\`signalbox <command> --help\` tells of a command what stands here, \`signalbox --version\` tells the version.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | it was understood and failed, or what was checked is wrong |
| 2 | it was not understood: an unknown command or option, a value that cannot be |

What a command is asked for goes to the standard output, all else (problems of \`translate\`, notes, errors) to the standard error. An error names the
object and the remedy. Paths are relative to the working directory.
`;

/** docs/commands.md: a section for each command. */
export async function commandsPage(): Promise<string> {
  const entries = [SERVE_ENTRY, ...COMMANDS];
  const list = tableOf(
    ["command", "effect"],
    entries.map(({ name, summary }) => [`[${name}](#${name})`, `${summary}.`]),
  );
  const sections = await Promise.all(entries.map(async (entry) => sectionOf(entry, await entry.load())));
  return `${[INTRODUCTION, `${list}\n`, ...sections].join("\n")}`;
}

function sectionOf({ name, summary }: CommandEntry, { spec }: Command): string {
  const options = Object.entries(spec.options);
  const usage = ["signalbox", name, spec.operands, options.length > 0 ? "[options]" : ""].filter((part) => part !== "");
  const parts = [`## ${name}`, `${summary}.`, blockOf("sh", usage.join(" "))];
  if (options.length > 0)
    parts.push(
      tableOf(
        ["option", "default", "effect"],
        options.map(([option, of]) => rowOf(option, of)),
      ),
    );
  const examples = spec.examples.map(([line, what]) => `# ${what}\n${line}`);
  if (examples.length > 0) parts.push(blockOf("sh", examples.join("\n")));
  if (spec.notes !== undefined) parts.push(spec.notes);
  return `${parts.join("\n\n")}\n`;
}

/** Some defaults are only told in the summary, since they depend on something else. */
const TOLD_DEFAULT = / \(default:? (.*)\)$/;

function rowOf(name: string, option: OptionSpec): readonly string[] {
  const { type, short, value = "value", choices, multiple, summary } = option;
  const letter = short === undefined ? "" : `\`-${short}\`, `;
  const told = TOLD_DEFAULT.exec(summary)?.[1];
  const effect = [summary.replace(TOLD_DEFAULT, "")];
  if (choices !== undefined) effect.push(`one of ${choices.map((choice) => `\`${choice}\``).join(", ")}`);
  if (multiple) effect.push("may be given several times");
  return [
    `${letter}\`--${name}${type === "boolean" ? "" : ` <${value}>`}\``,
    option.default === undefined ? (told ?? (type === "boolean" ? "off" : "none")) : `\`${option.default}\``,
    effect.join("; "),
  ];
}
