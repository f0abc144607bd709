/** Writes docs/edge-cases.md from the table in test/placement/edge-cases.ts. Run it after changing the table: `node scripts/generate-edge-cases.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EDGE_CASES } from "../test/placement/edge-cases.ts";

/** The page that belongs to the table. */
export function edgeCasesPage(): string {
  const lines = [
    "# Edge cases",
    "",
    "What objects and requests at the edge of the ordinary lead to. Each line names the test that shows it.",
    "Generated from `test/placement/edge-cases.ts` by `scripts/generate-edge-cases.ts`.",
  ];
  const sections = [...new Set(EDGE_CASES.map(({ section }) => section))];
  for (const section of sections) {
    lines.push("", `## ${section}`, "", "| case | what Signalbox does | test |", "|---|---|---|");
    for (const row of EDGE_CASES.filter((edge) => edge.section === section))
      lines.push(`| ${row.case} | ${row.behaviour} | [${cell(row.test)}](../${row.file}) |`);
  }
  return `${lines.join("\n")}\n`;
}

/** Text that means itself inside a link in a table. */
function cell(text: string): string {
  return text.replaceAll(/[\\[\]|*_<>]/g, "\\$&");
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, "../docs/edge-cases.md"), edgeCasesPage());
