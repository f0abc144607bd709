/** Writes the pages of docs/ that are made from the code: `npm run reference`. A test fails while one of them is not current. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { edgeCasesPage } from "./generate-edge-cases.ts";
import { adminPage } from "./reference/admin-page.ts";
import { commandsPage } from "./reference/commands-page.ts";
import { configurationPage } from "./reference/configuration-page.ts";
import { metricsPage } from "./reference/metrics-page.ts";
import { problemsPage } from "./reference/problems-page.ts";

/** Every generated page, by its file in docs/. */
export const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  "admin.md": adminPage,
  "commands.md": commandsPage,
  "configuration.md": configurationPage,
  "edge-cases.md": edgeCasesPage,
  "metrics.md": metricsPage,
  "problems.md": problemsPage,
};

if (import.meta.main) {
  const folder = join(import.meta.dirname, "../docs");
  for (const [file, page] of Object.entries(PAGES)) writeFileSync(join(folder, file), await page());
}
