/** Markdown as the generated pages need it. */

/** A table; `|` in cells is escaped. */
export function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), `|${"---|".repeat(header.length)}`, ...rows.map(line)].join("\n");
}

/** Text as a reader would copy it. */
export function blockOf(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** What stands on top of every generated page: where its words come from. */
export function originOf(...sources: readonly string[]): string {
  return `<!-- Made by \`npm run reference\` from ${sources.join(", ")}. Edit those, not this. -->`;
}
