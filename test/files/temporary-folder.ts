/** A folder of its own for a test, and waiting for facts. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { PATIENCE_MS } from "../patience.ts";

/** An empty folder that is gone after the test. */
export function temporaryFolder(context: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "signalbox-test-")));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits until something is so; if that never happens, `shown` says how it is instead. */
export async function eventually(so: () => boolean | Promise<boolean>, shown: () => unknown): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 10) {
    if (await so()) return;
    await setTimeout(10);
  }
  throw new Error(`still not so: ${JSON.stringify(shown(), undefined, 1)}`);
}
