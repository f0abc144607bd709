/** Help, made from the descriptions of commands, so that it cannot tell of an option that is not there. */
import type { Command, CommandEntry, OptionSpec } from "./command.ts";

type Style = (text: string) => string;

/** What `signalbox --help` prints. */
export function overview(commands: readonly CommandEntry[], strong: Style): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return [
    "signalbox: an Envoy xDS control plane for wasmCloud",
    "",
    `${strong("Usage:")} signalbox <command> [options]`,
    "",
    strong("Commands:"),
    ...columns(rows),
    "",
    "signalbox <command> --help tells more of one; signalbox --version tells the version.",
    "A running one is asked over HTTP, why a hostname is (not) served for instance: curl 'http://127.0.0.1:19100/debug/explain?hostname=shop.example.com'",
    "Exit code 0: done. 1: it failed, or what was checked is wrong. 2: it was not understood.",
  ].join("\n");
}

/** What `signalbox <command> --help` prints. */
export function helpOf({ name, summary }: CommandEntry, { spec }: Command, strong: Style): string {
  const options = Object.entries(spec.options);
  const usage = ["signalbox", name, spec.operands, options.length > 0 ? "[options]" : ""].filter((part) => part !== "");
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ["", strong(`${title}:`), ...lines];
  return [
    `signalbox ${name}: ${summary.charAt(0).toLowerCase()}${summary.slice(1)}`,
    "",
    `${strong("Usage:")} ${usage.join(" ")}`,
    ...section("Options", columns(options.map(([option, of]) => [titleOf(option, of), textOf(of)]))),
    ...section(
      "Examples",
      spec.examples.flatMap(([line, what]) => [`  # ${what}`, `  ${line}`]),
    ),
    ...(spec.notes === undefined ? [] : ["", spec.notes]),
  ].join("\n");
}

function titleOf(name: string, { type, short, value, choices }: OptionSpec): string {
  const letter = short === undefined ? "" : `-${short}, `;
  return `${letter}--${name}${type === "boolean" ? "" : ` <${choices?.join("|") ?? value ?? "value"}>`}`;
}

function textOf({ summary, multiple, default: otherwise }: OptionSpec): string {
  return `${summary}${multiple ? "; may be given several times" : ""}${otherwise === undefined ? "" : ` (default ${otherwise})`}`;
}

/** Left entries wider than this have what they mean on a line of its own. */
const WIDEST = 32;

function columns(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length).filter((length) => length <= WIDEST));
  return rows.flatMap(([left, right]) =>
    left.length > width ? [`  ${left}`, `  ${"".padEnd(width)}  ${right}`] : [`  ${left.padEnd(width)}  ${right}`],
  );
}
