import assert from "node:assert/strict";
import { test } from "node:test";
import { command } from "../../src/cli/command.ts";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { Refusal } from "../../src/cli/refusal.ts";
import { packageVersion } from "../../src/cli/version.ts";
import { recordingTerminal } from "./recording-terminal.ts";

/** Prints what it was given; refuses and breaks on request. */
const show = command({
  name: "show",
  operands: "<thing> ...",
  arity: { min: 1, max: 2 },
  options: {
    fleet: { type: "string", value: "name", default: "default", summary: "the fleet" },
    output: { type: "string", choices: ["yaml", "json"], default: "yaml", summary: "how it is written" },
    type: { type: "string", multiple: true, summary: "only these" },
    quiet: { type: "boolean", short: "q", summary: "says less" },
  },
  examples: [["signalbox show a", "shows a"]],
  notes: "It has no effect.",
  run: async ({ options, operands }, terminal) => {
    if (operands[0] === "refuse") throw new Refusal("It is not there", "Put it there");
    if (operands[0] === "break") throw new TypeError("of our own");
    terminal.out(JSON.stringify({ options, operands }));
    return 0;
  },
});

const entry = { name: "show", summary: "Shows what it was given", load: async () => show };

async function run(...args: string[]) {
  const terminal = recordingTerminal();
  const code = await runCommandLine([entry], args, terminal);
  return { code, out: terminal.written.out, err: terminal.written.err };
}

const rows: readonly (readonly [why: string, args: readonly string[], code: number, out: RegExp, err: RegExp])[] = [
  ["defaults are filled in", ["show", "a"], 0, /"fleet":"default","output":"yaml","type":\[\],"quiet":false/, /^$/],
  [
    "options are read wherever they stand",
    ["show", "-q", "a", "--type=x", "--type", "y", "b"],
    0,
    /"type":\["x","y"\],"quiet":true},"operands":\["a","b"\]/,
    /^$/,
  ],
  ["what follows -- is an operand", ["show", "--", "--help"], 0, /"operands":\["--help"\]/, /^$/],
  ["no command prints the overview as an error", [], 2, /^$/, /Commands:\n {2}show {2}Shows what it was given/],
  ["--help prints the overview", ["--help"], 0, /Usage: signalbox <command>/, /^$/],
  ["the overview tells how a running one is asked", ["--help"], 0, /curl '.*\/debug\/explain\?hostname=/, /^$/],
  ["help of a command names options and defaults", ["show", "--help"], 0, /--fleet <name> .*\(default default\)/, /^$/],
  ["help comes before any check", ["show", "--nonsense", "-h"], 0, /--output <yaml\|json>/, /^$/],
  ["help <command>", ["help", "show"], 0, /Examples:\n {2}# shows a\n {2}signalbox show a\n\nIt has no effect/, /^$/],
  ["--version", ["--version"], 0, new RegExp(`^${packageVersion()}\\n$`), /^$/],
  ["a mistyped command", ["shwo"], 2, /^$/, /There is no command "shwo". Did you mean show\?/],
  ["an unknown command", ["frobnicate"], 2, /^$/, /There is no command "frobnicate". See signalbox --help/],
  ["a mistyped option", ["show", "a", "--flet", "x"], 2, /^$/, /show has no option --flet. Did you mean --fleet\?/],
  ["an unknown option", ["show", "a", "-z"], 2, /^$/, /show has no option -z. See signalbox show --help/],
  [
    "an option without its value",
    ["show", "a", "--fleet"],
    2,
    /^$/,
    /--fleet <value>' argument missing. See signalbox/,
  ],
  ["a switch with a value", ["show", "a", "--quiet=yes"], 2, /^$/, /--quiet' does not take an argument. See/],
  [
    "a value that is no choice",
    ["show", "a", "--output", "jsn"],
    2,
    /^$/,
    /--output cannot be "jsn". Did you mean json\?/,
  ],
  ["a value far from any choice", ["show", "a", "--output", "xml"], 2, /^$/, /cannot be "xml". Give one of yaml, json/],
  ["too few operands", ["show"], 2, /^$/, /show needs <thing> \.\.\.. See signalbox show --help/],
  ["too many operands", ["show", "a", "b", "c"], 2, /^$/, /show does not know what to do with "c"/],
  ["what a command refuses has one line", ["show", "refuse"], 1, /^$/, /^signalbox: It is not there. Put it there\n$/],
  ["what breaks shows its stack", ["show", "break"], 1, /^$/, /bug in Signalbox: TypeError: of our own\n {4}at /],
];
for (const [why, args, code, out, err] of rows)
  test(`signalbox ${args.join(" ")}: ${why}`, async () => {
    const ran = await run(...args);
    assert.match(ran.out, out);
    assert.match(ran.err, err);
    assert.equal(ran.code, code);
  });

test("every command of the table has that name, an example that begins with it, and a summary of one line", async () => {
  for (const { name, summary, load } of COMMANDS) {
    const loaded = await load();
    assert.equal(loaded.name, name);
    assert.match(summary, /^[A-Z][^.\n]*[^.]$/);
    assert.ok(loaded.spec.examples.length > 0);
    for (const [line] of loaded.spec.examples) assert.match(line, new RegExp(`^signalbox ${name}\\b`));
  }
});
