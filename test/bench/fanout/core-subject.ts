/** The xDS server of src/xds alone (see core-process.ts). */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { startRemote } from "../remote.ts";
import type { Content } from "./content.ts";
import type { CoreCalls } from "./core-process.ts";
import type { Subject } from "./subject.ts";

const ROOT = join(import.meta.dirname, "../../..");
const COMPILED = "../../node_modules/.cache/signalbox-bench/test/bench/fanout/core-process.js"; // seen from remote.ts

/** Compiled, as users have it: running TypeScript as it is takes Node 40 MiB more. */
const compiled = (): Promise<unknown> =>
  promisify(execFile)(join(ROOT, "node_modules/.bin/tsc"), ["-p", join(import.meta.dirname, "tsconfig.json")]);

export async function startCore(content: Content, placed: ReadonlyMap<string, number>): Promise<Subject> {
  await compiled();
  const core = startRemote<CoreCalls>(COMPILED);
  try {
    const port = await core.ask("start", content.everything(placed));
    return {
      pid: core.pid,
      port,
      change: (change) => core.ask("put", content.hostname(change)),
      blockMs: () => core.ask("blockMs", undefined),
      stop: () => core.stop(),
    };
  } catch (error) {
    await core.stop();
    throw error;
  }
}
