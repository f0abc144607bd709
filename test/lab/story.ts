/** What a person reads of a scenario: a line when it went well, and every broken promise beside what was said around it. */
import type { Judged } from "./judgement.ts";
import type { Outcome } from "./load/outcome.ts";
import type { Said } from "./timeline.ts";
import type { Verdict } from "./trial.ts";

/** Timelines printed; the others are alike more often than not. */
const TOLD = 5;

export function storyOf(verdict: Verdict): string {
  const { scenario, requests, absent, failures, broken, tookMs, measured, lags } = verdict;
  const counts = countsText(failures);
  const lines = [
    `${broken.length === 0 ? "kept  " : "BROKEN"} ${scenario.name}: ${failures.length} of ${requests} requests failed${counts === "" ? "" : ` (${counts})`}; promised: ${scenario.promised}${absent === 0 ? "" : `; ${absent} were told that nobody serves`}; ${(tookMs / 1000).toFixed(1)} s`,
    ...[...measured, ...wordsOf(failures)].map((text) => `         ${text}`),
  ];
  if (lags.length > 0) lines.push(`         the machine was late ${lags.length} times, ${lagText(lags)}`);
  for (const { failure, around } of broken.slice(0, TOLD))
    lines.push(...timelineText(failure.outcome, failure.class, around));
  if (broken.length > TOLD) lines.push(`  and ${broken.length - TOLD} more`);
  return lines.join("\n");
}

/** `3 begun, 1 killed`. */
export function countsText(failures: readonly Judged[]): string {
  const groups = [...Map.groupBy(failures, (failure) => failure.class)];
  return groups
    .map(([name, ones]) => `${ones.length} ${name}`)
    .toSorted()
    .join(", ");
}

/** What clients got, most frequent first. */
function wordsOf(failures: readonly Judged[]): readonly string[] {
  const groups = Map.groupBy(failures, ({ outcome: { kind, failure } }) => `${kind}: ${failure?.as} ${failure?.text}`);
  return [...groups]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .slice(0, 12)
    .map(([text, ones]) => `${ones.length} × ${text}`);
}

function lagText(lags: readonly Said[]): string {
  const worst = Map.groupBy(lags, ({ who }) => who);
  return [...worst]
    .map(
      ([who, said]) =>
        `${who} at most ${Math.max(...said.map(({ text }) => Number(/(\d+) ms/.exec(text)?.[1] ?? 0)))} ms`,
    )
    .join(", ");
}

/** A failed request, and what was said around it; `name` is what its failure was. */
export function timelineText(outcome: Outcome, name: string, around: readonly Said[]): readonly string[] {
  const { id, at, tookMs, kind, hostname, proxy, failure } = outcome;
  const head = `  lab/${id} ${kind} ${hostname} through ${proxy} at ${clockText(at)} for ${tookMs.toFixed(0)} ms: ${failure?.as} ${failure?.text} (${name})`;
  const end = at + tookMs;
  return [
    head,
    ...around.map((said) => {
      const when = said.at < at ? " " : said.at <= end ? "|" : " ";
      return `    ${signed(said.at - at)} ${when} ${said.who}: ${said.text}`;
    }),
  ];
}

const clockText = (at: number): string => new Date(at).toISOString().slice(11, 23);

const signed = (ms: number): string => `${ms < 0 ? "-" : "+"}${Math.abs(ms).toFixed(0)}`.padStart(6);
