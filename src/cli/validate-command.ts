/** The command `validate`: what is wrong with a configuration and objects, for people and for CI. */
import type { Settings } from "../config/settings.ts";
import type { Placement } from "../placement/placement.ts";
import { type Problem, problemText } from "../placement/problem.ts";
import { command } from "./command.ts";
import { CONFIG_OPTION, type Offline, readOffline, settingsFrom } from "./offline.ts";
import { resourcesOf } from "./resources.ts";
import type { Terminal } from "./terminal.ts";

export const validateCommand = command({
  name: "validate",
  operands: "[<file or folder> ...]",
  arity: { min: 0, max: Number.POSITIVE_INFINITY },
  options: {
    config: CONFIG_OPTION,
    output: {
      type: "string",
      short: "o",
      choices: ["text", "json"],
      default: "text",
      summary: "how problems are written",
    },
  },
  examples: [
    [
      "signalbox validate --config examples/quickstart/signalbox.yaml",
      "checks a configuration and the folder it names",
    ],
    ["signalbox validate examples/quickstart/objects --output json", "checks a folder, for a program to read"],
  ],
  notes:
    "Problems go to the standard output, one per line, each with file:line:column where it stands. Exit code 1: there is a problem.\nOf a configuration whose objects are in Kubernetes, and without paths, only the configuration is checked.",
  run: async ({ options: { config, output }, operands }, terminal) => {
    const settings = await settingsFrom(config);
    if ("unusable" in settings)
      return conclude(settings.unusable, output, "the configuration cannot be used", terminal);
    const elsewhere = config !== undefined && settings.source.kind === "kubernetes" && operands.length === 0;
    const offline = elsewhere
      ? undefined
      : await readOffline({ config, settings, paths: operands, stop: terminal.stop });
    const placement: Placement = offline?.placement ?? new Map();
    const problems = [
      ...(offline?.problems ?? []),
      ...settings.fleets.flatMap((fleet) => resourcesOf(placement, fleet, {}).problems),
    ];
    return conclude(problems, output, summaryOf(settings, offline), terminal);
  },
});

/** `offline` is undefined where only the configuration was checked. */
function summaryOf({ fleets }: Settings, offline: Offline | undefined): string {
  const configured = counted(fleets.length, "fleet");
  if (offline === undefined) return `${configured}; objects are in Kubernetes and were not read`;
  const { read, placement } = offline;
  const found = [counted(read.files, "file"), counted(read.objects, "object"), counted(placement.size, "hostname")];
  return [...found, configured].join(", ");
}

function conclude(problems: readonly Problem[], output: string, summary: string, terminal: Terminal): 0 | 1 {
  if (output === "json") terminal.out(JSON.stringify(problems, undefined, 2));
  else for (const problem of problems) terminal.out(problemText(problem));
  terminal.err(`${summary}: ${problems.length === 0 ? "nothing is wrong" : counted(problems.length, "problem")}`);
  return problems.length === 0 ? 0 : 1;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
