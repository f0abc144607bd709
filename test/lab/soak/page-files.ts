/** Where the page of a soak and its plots are written to. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Entry } from "./journal.ts";
import { pageOf, plotsOf } from "./page.ts";

/** Writes `soak.md`, and its plots into the folder `soak` beside it. */
export async function writePage(file: string, entries: readonly Entry[]): Promise<void> {
  const name = basename(file, ".md");
  const folder = join(dirname(file), name);
  await mkdir(folder, { recursive: true });
  const plots = plotsOf(entries);
  for (const [plot, svg] of plots) await writeFile(join(folder, `${plot}.svg`), svg);
  await writeFile(
    file,
    pageOf(entries, (plot) => `${name}/${plot}.svg`),
  );
}
