/** What is kept of a verdict: one row of a table, and the file that gathers them over several runs. */
import { readFile, writeFile } from "node:fs/promises";
import type { GatewayName } from "./gateway/gateway.ts";
import type { FailureClass } from "./judgement.ts";
import type { TempoName } from "./operator/tempo.ts";
import type { Verdict } from "./trial.ts";

export interface Result {
  readonly scenario: string;
  readonly gateway: GatewayName;
  readonly tempo: TempoName;
  readonly requests: number;
  /** Requests that were told that nobody serves, where that was right. */
  readonly absent: number;
  readonly failed: Readonly<Record<FailureClass, number>>;
  /** Requests that broke the promise. */
  readonly broken: number;
}

export function resultOf(
  { scenario, requests, absent, failures, broken }: Verdict,
  gateway: GatewayName,
  tempo: TempoName,
): Result {
  const failed = { foreign: 0, killed: 0, stopping: 0, safe: 0, begun: 0, unsafe: 0 };
  for (const failure of failures) failed[failure.class] += 1;
  return { scenario: scenario.name, gateway, tempo, requests, absent, failed, broken: broken.length };
}

/** What a file has; nothing where there is no file. */
export async function readResults(file: string): Promise<readonly Result[]> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as readonly Result[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Puts a result into a file, added to what several runs of its scenario gave before. */
export async function addResult(file: string, result: Result): Promise<void> {
  const results = await readResults(file);
  const same = ({ scenario, gateway, tempo }: Result): boolean =>
    scenario === result.scenario && gateway === result.gateway && tempo === result.tempo;
  const known = results.find(same);
  const rest = results.filter((one) => !same(one));
  const sum = known === undefined ? result : sumOf(known, result);
  await writeFile(file, `${JSON.stringify([...rest, sum], undefined, 1)}\n`);
}

function sumOf(a: Result, b: Result): Result {
  const classes = Object.keys(a.failed) as FailureClass[];
  const failed = Object.fromEntries(classes.map((name) => [name, a.failed[name] + b.failed[name]])) as Result["failed"];
  const [requests, absent] = [a.requests + b.requests, a.absent + b.absent];
  return { ...a, requests, absent, broken: a.broken + b.broken, failed };
}
