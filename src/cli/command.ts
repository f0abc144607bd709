/**
 * Room `cli`: what people type. A command is a description (from which its help is made) and a function; the rooms it calls do the work.
 * Given: arguments and a Terminal. Gives: text on the terminal and an exit code. Must not import: src/main.ts.
 */
import { parseArgs } from "node:util";
import { didYouMean } from "./did-you-mean.ts";
import { Refusal } from "./refusal.ts";
import type { Terminal } from "./terminal.ts";

/** 0: done. 1: it was understood and failed, or what was checked is wrong. 2: it was not understood. */
export type ExitCode = 0 | 1 | 2;

/** One option, `--name`. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  /** One letter, `-x`. */
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: true;
  readonly default?: string;
  /** What stands for the value in help, as in `file`. */
  readonly value?: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
  readonly summary: string;
}

type Options = Readonly<Record<string, OptionSpec>>;

type ValueOf<Spec extends OptionSpec> = Spec extends { readonly multiple: true }
  ? readonly string[]
  : Spec extends { readonly type: "boolean" }
    ? boolean
    : Spec extends { readonly default: string }
      ? string
      : string | undefined;

/** What was typed after the command's name: options without a value have their default, lists are empty, switches false. */
interface Arguments<O extends Options> {
  readonly options: { readonly [Name in keyof O]: ValueOf<O[Name]> };
  readonly operands: readonly string[];
}

/** A command as its author writes it. */
export interface CommandSpec<O extends Options> {
  readonly name: string;
  /** Operands as help shows them, as in `<file or folder> ...`; "" for none. */
  readonly operands: string;
  /** How many operands it takes. */
  readonly arity: { readonly min: number; readonly max: number };
  readonly options: O;
  /** Each line works as printed in the project's folder. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Told at the end of its help: what one cannot guess. */
  readonly notes?: string;
  readonly run: (given: Arguments<O>, terminal: Terminal) => Promise<ExitCode>;
}

/** A row of the table of commands. Its module is loaded when it is run or asked for help, so that `--version` does not wait for rooms it has no use for. */
export interface CommandEntry {
  readonly name: string;
  /** One line, beginning with a verb in the third person, without a full stop. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** A command that reads its own arguments. */
export interface Command {
  readonly name: string;
  readonly spec: CommandSpec<Options>;
  /** @throws Refusal with exit code 2 for arguments it does not understand. */
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<ExitCode>;
}

/** Makes a command of its description. */
export function command<const O extends Options>(spec: CommandSpec<O>): Command {
  return {
    name: spec.name,
    // Only its texts are read through this type; `run` below is what calls it, with arguments of its own types.
    spec: spec as unknown as CommandSpec<Options>,
    run: (args, terminal) => spec.run(argumentsOf(spec, args), terminal),
  };
}

/** @throws Refusal naming the option or operand at fault. */
function argumentsOf<O extends Options>(spec: CommandSpec<O>, args: readonly string[]): Arguments<O> {
  const see = `See signalbox ${spec.name} --help`;
  const refuse = (cause: string, remedy = see): Refusal => new Refusal(cause, remedy, { exitCode: 2 });
  const options = Object.fromEntries(
    Object.entries(spec.options).map(([name, { type, short, multiple }]) => [
      name,
      { type, multiple: multiple ?? false, ...(short === undefined ? {} : { short }) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== "option" || token.name in spec.options) continue;
    const known = Object.keys(spec.options).map((name) => `--${name}`);
    throw refuse(`${spec.name} has no option ${token.rawName}`, didYouMean(token.rawName, known) ?? see);
  }
  const parsed = strictly(() => parseArgs({ args: [...args], options, allowPositionals: true }), refuse);
  const { min, max } = spec.arity;
  if (parsed.positionals.length < min) throw refuse(`${spec.name} needs ${spec.operands}`);
  const excess = parsed.positionals[max];
  if (excess !== undefined) throw refuse(`${spec.name} does not know what to do with ${JSON.stringify(excess)}`);
  const given = parsed.values as Readonly<Record<string, string | boolean | string[] | undefined>>;
  for (const [name, { choices }] of Object.entries(spec.options)) {
    const wrong = [given[name] ?? []].flat().find((value) => choices?.includes(String(value)) === false);
    if (wrong === undefined) continue;
    const list = choices?.join(", ");
    throw refuse(
      `--${name} cannot be ${JSON.stringify(wrong)}`,
      didYouMean(String(wrong), choices ?? []) ?? `Give one of ${list}`,
    );
  }
  const filled = Object.entries(spec.options).map(([name, option]) => {
    const otherwise = option.multiple ? [] : option.type === "boolean" ? false : option.default;
    return [name, given[name] ?? otherwise] as const;
  });
  return { options: Object.fromEntries(filled) as Arguments<O>["options"], operands: parsed.positionals };
}

function strictly<T>(parse: () => T, refuse: (cause: string, remedy?: string) => Refusal): T {
  try {
    return parse();
  } catch (error) {
    // "Option '-t' argument is ambiguous.": node does not know whether what follows is another option or the value, and tells the way out two lines on.
    const [, option] = /argument is ambiguous.*'(--[\w-]+)=-XYZ'/s.exec((error as Error).message) ?? [];
    if (option !== undefined)
      throw refuse(`${option} has no value, but what follows begins with a dash`, `Write ${option}=<value>`);
    // "Option '--fleet <value>' argument missing": node's own words are good, only their end is ours.
    throw refuse((error as Error).message.split("\n")[0]?.replace(/\.$/, "") ?? String(error));
  }
}
