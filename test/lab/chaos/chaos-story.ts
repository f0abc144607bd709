/** What a person reads of a run of chaos: seed and schedule, counts, and every violation beside what was said around it. */
import { timelineText } from "../story.ts";
import type { ChaosResult, Failed } from "./run.ts";
import { type Deed, KINDS } from "./schedule.ts";

/** Violations told in full; the others in a line each. */
const TOLD = 5;

/** `told`: a cause by which requests were allowed to fail, of which some are told in full too, for who doubts the oracle. */
export function storyOf(
  { seed, schedule }: { readonly seed: number; readonly schedule: readonly Deed[] },
  result?: ChaosResult,
  told?: string,
): string {
  const lines = [`seed ${seed}: ${schedule.length} deeds`, ...schedule.map(deedText)];
  return [...lines, ...(result === undefined ? [] : resultLines(seed, result, told))].join("\n");
}

function deedText({ number, atMs, kind, lastsMs, apps, host, proxy }: Deed): string {
  const whose: Readonly<Record<string, string>> = {
    users: `deployments ${apps.map((i) => i + 1).join(" ")}`,
    hosts: `host ${host + 1}`,
    slow: `host ${host + 1}`,
    envoys: `Envoy ${proxy + 1}`,
  };
  const lasts = lastsMs === 0 ? "" : `, for ${(lastsMs / 1_000).toFixed(1)} s`;
  const to = whose[KINDS[kind].group];
  return `  ${String(number).padStart(3)} at ${(atMs / 1_000).toFixed(1).padStart(5)} s: ${kind}${to === undefined ? "" : `, ${to}`}${lasts}`;
}

function resultLines(
  seed: number,
  { requests, allowed, violations, unhealed, undone, lates }: ChaosResult,
  told: string | undefined,
): readonly string[] {
  const good = violations.length + unhealed.length + undone.length === 0;
  const failed = [...allowed.values()].reduce((sum, ones) => sum + ones.length, violations.length);
  const causes = [...allowed].map(([cause, ones]) => `${ones.length} ${cause}`).toSorted();
  const counts = [...causes, `${violations.length} violations`].join(", ");
  const whys = Map.groupBy(
    violations,
    ({ why, outcome: { kind, failure } }) => `${kind}: ${failure?.as} ${failure?.text}: ${why}`,
  );
  return [
    `${good ? "kept  " : "BROKEN"} seed ${seed}: ${failed} of ${requests} requests failed (${counts})`,
    ...undone.map((text) => `  not done: ${text}`),
    ...unhealed.map((text) => `  not healed: ${text}`),
    ...[...whys].map(([why, ones]) => `  ${ones.length} × ${why}`),
    ...(lates.length === 0 ? [] : [`  the machine was late ${lates.length} times`]),
    ...inFull(violations),
    ...[...allowed].flatMap(([cause, ones]) => (cause === told ? inFull(ones) : [])),
  ];
}

function inFull(ones: readonly Failed[]): readonly string[] {
  return [
    ...ones.slice(0, TOLD).flatMap(({ outcome, why, around }) => timelineText(outcome, why, around)),
    ...(ones.length > TOLD ? [`  and ${ones.length - TOLD} more`] : []),
  ];
}
