/** The reference of the configuration, from the option table. */
import type { Option, SectionOption } from "../../src/config/option.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { originOf, tableOf } from "./markdown.ts";

const INTRODUCTION = `# Configuration

${originOf("src/config/options.ts")}

Signalbox reads one YAML file, \`signalbox.yaml\` unless \`--config\` names another. Everything but \`source\` has a default:

\`\`\`yaml
source:
  folder: ./objects
\`\`\`

The file is followed while Signalbox runs. An edit that is wrong is told with line, column and remedy, and the last good settings stay in force. Options of
\`source\`, \`xds\` and \`admin\`, and the DNS intervals, take effect at the next start; when they are edited, that is said by name. \`signalbox validate\` checks a
file without a server. Paths are relative to the file. An option without a value (\`xds:\` and nothing after it) has its default.
`;

/** docs/configuration.md: a section for each top-level option, and for each fleet's. */
export function configurationPage(): string {
  const sections = Object.entries(OPTIONS.options).map(([name, option]) => sectionText(name, option));
  return `${[INTRODUCTION, ...sections].join("\n")}`;
}

function sectionText(path: string, option: Option): string {
  const table = tableOf(["option", "type", "default", "effect"], [...rowsOf(path, option)]);
  return `## ${path}\n\n${option.effect}\n\n${table}\n`;
}

type Row = readonly [option: string, type: string, fallback: string, effect: string];

/** A row for everything below an option that holds a value; sections have one where there is something to say of them. */
function* rowsOf(path: string, option: Option, nested = false): Generator<Row> {
  if (nested) yield [`\`${path}\``, typeText(option), defaultText(option), effectText(option)];
  if (option.type === "list") yield* rowsBelow(`${path}[]`, option.of);
  else yield* rowsBelow(path, option);
}

function* rowsBelow(path: string, option: Option): Generator<Row> {
  if (option.type !== "section") return;
  for (const [name, inner] of Object.entries(option.options)) yield* rowsOf(`${path}.${name}`, inner, true);
}

function typeText(option: Option): string {
  switch (option.type) {
    case "integer":
    case "number":
      return `${option.type === "integer" ? "whole number" : "number"}, ${option.minimum} to ${option.maximum}`;
    case "switch":
      return "true or false";
    case "choice":
      return option.values.map((value) => `\`${value}\``).join(", ");
    case "list":
      return `list of ${option.of.type === "section" ? "sections" : "texts"}`;
    case "pairs":
      return "pairs of texts";
    case "section":
      return givenText(option);
    case "text":
      return "text";
  }
}

function givenText({ given }: SectionOption): string {
  return given === "one" ? "section, exactly one of its options" : "section";
}

function defaultText(option: Option): string {
  if (option.required) return "required";
  if (option.type === "list" || option.type === "pairs") return "none";
  if (option.type === "section") return option.optional ? "left out" : "";
  return option.default === undefined ? "left out" : `\`${JSON.stringify(option.default)}\``;
}

function effectText(option: Option): string {
  const zero =
    (option.type === "integer" || option.type === "number") && option.zero !== undefined ? ` 0: ${option.zero}.` : "";
  const entry = option.type === "list" ? option.of : option;
  const example = entry.type === "text" && entry.example !== undefined ? ` Example: \`${entry.example}\`.` : "";
  return `${option.effect}${zero}${example}`;
}
