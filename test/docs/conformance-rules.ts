/** The rules of test/xds/conformance as the table of docs/xds-server.md, read from the tests themselves. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

interface Rule {
  readonly name: string;
  readonly variants: string;
}

/** Sections with their rules, in the order of the files' names. */
export function rulesTable(): string {
  const files = globSync("test/xds/conformance/*.test.ts", { cwd: ROOT }).sort();
  return files.map((file) => sectionOf(file, readFileSync(join(ROOT, file), "utf8"))).join("\n");
}

function sectionOf(file: string, text: string): string {
  const [, about = ""] = /^\/\*\* (.*) \*\/\n/.exec(text) ?? [];
  const rows = rulesOf(text).map(({ name, variants }) => `| ${name} | ${variants} |`);
  const name = basename(file, ".test.ts");
  return [
    `### ${name[0]?.toUpperCase()}${name.slice(1)}`,
    "",
    about,
    "",
    "| rule | variants |",
    "|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** A plain test may say behind a colon what it is tried with; with that it may stand there several times. */
function rulesOf(text: string): readonly Rule[] {
  const rules = new Map<string, string>();
  for (const [, kind, said = "", options = ""] of text.matchAll(
    /^\s*(rule|test)\(\s*["`]([^"`]+)["`],\s*(?:\{([^}]*)\})?/gm,
  )) {
    const [name = "", tried = ""] = said.split(": ");
    const variants = kind === "rule" ? variantsOf(options) : wordsOf(tried);
    const before = rules.get(name);
    rules.set(name, before === undefined ? variants : `${before}; ${variants}`);
  }
  return [...rules].map(([name, variants]) => ({ name, variants }));
}

function variantsOf(options: string): string {
  const words = [
    ...(options.includes("delta: true") ? ["delta"] : []),
    ...(options.includes("delta: false") ? ["SotW"] : []),
    ...(options.includes("aggregated: true") ? ["ADS"] : []),
    ...(options.includes("aggregated: false") ? ["separate"] : []),
  ];
  return words.length === 0 ? "all" : words.join(", ");
}

function wordsOf(tried: string): string {
  if (tried.includes("{variant.name}")) return "all";
  return tried.replace(/,? ?\$.*/, "") || "delta, ADS";
}
