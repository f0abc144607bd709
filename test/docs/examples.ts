/** The examples of a page in docs/, as its reader sees them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface PageExample {
  /** Line of the page on which it begins: what a failure is found by. */
  readonly line: number;
  /** Title of the section it stands in. */
  readonly section: string;
  readonly yaml: string;
  /** The block of text that follows at once, which is what `validate` says of it; none: nothing. */
  readonly said: readonly string[];
}

/** Every block of YAML on the page. */
export function examplesOf(page: string): readonly PageExample[] {
  const text = readFileSync(join(import.meta.dirname, "../../docs", page), "utf8");
  const blocks = text.matchAll(/^( *)```yaml\n(.*?)^\1```\n(?:\n```text\n(.*?)^```\n)?/gms);
  return Array.from(blocks, ({ index, 1: indent = "", 2: indented = "", 3: said = "" }) => {
    const yaml = indented.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    const before = text.slice(0, index);
    const section = [...before.matchAll(/^## (.*)$/gm)].at(-1)?.[1] ?? "";
    return { line: before.split("\n").length, section, yaml, said: said.split("\n").filter((line) => line !== "") };
  });
}
