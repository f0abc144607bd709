/** When a control plane could have known of something: while it ran, with an API server that answered, on a machine that let both run. */
import type { Fact, Part } from "./facts.ts";

/**
 * After an absence, in ms: Signalbox reads everything again, Envoys connect again after a pause of their own, which grows while nobody answers, and everybody does so
 * on a machine that starts processes.
 */
const RETURN_MS = 6_000;

export interface Stretch {
  readonly from: number;
  /** Infinity while it lasts. */
  readonly to: number;
}

export class Availability {
  readonly #reactionMs: number;
  /** In which both were there and had been for a while, and nobody was kept waiting for the core. */
  readonly #stretches: readonly Stretch[];
  /** In which the laboratory's own view of objects may be older than another's. */
  readonly #blind: readonly Stretch[];

  /** `reactionMs`: what passes at most between a change of an object and its effect in every Envoy, while nothing keeps anybody from it. */
  constructor(facts: readonly Fact[], reactionMs: number) {
    this.#reactionMs = reactionMs;
    const absences = [...absencesOf(facts, "signalbox"), ...absencesOf(facts, "api-server")].map(({ from, to }) => ({
      from,
      to: to + RETURN_MS,
    }));
    const lates = latesOf(facts);
    this.#stretches = gapsOf([...absences, ...switchesOf(facts), ...lates]);
    this.#blind = [...absencesOf(facts, "api-server").map(({ from, to }) => ({ from, to: to + BLIND_MS })), ...lates];
  }

  /** Whether what happened at `since` must have had its effect by `until`. */
  told(since: number, until: number): boolean {
    return this.#stretches.some(({ from, to }) => Math.min(to, until) - Math.max(from, since) >= this.#reactionMs);
  }

  /** When others may have seen at the earliest what the laboratory saw at this time. */
  earliest(at: number): number {
    const within = this.#blind.filter(({ from, to }) => from <= at && at <= to).map(({ from }) => from);
    return Math.min(at - this.#reactionMs, ...within);
  }
}

/**
 * In which somebody was kept waiting, by his own words. Signalbox says only how long it was, when it is asked; a host that was frozen was not late.
 */
function latesOf(facts: readonly Fact[]): readonly Stretch[] {
  return facts.flatMap((fact) => {
    if (fact.is !== "late" || fact.who.startsWith("host-")) return [];
    const ms = fact.who === "signalbox" ? fact.ms + BLOCK_EVERY_MS : fact.ms;
    return [{ from: fact.at - ms, to: fact.at }];
  });
}

/** Signalbox is asked this often for its longest delay since it was asked before. */
export const BLOCK_EVERY_MS = 1_000;

/** The laboratory lists again this long after the API server is back, at most. */
const BLIND_MS = 2_000;

/** When none of a part was there; to the end of time while none is. One that was never away is nothing that anybody says. */
export function absencesOf(facts: readonly Fact[], part: Part): readonly Stretch[] {
  const absences: Stretch[] = [];
  const there = new Set<string>();
  let since: number | undefined;
  for (const fact of facts) {
    if ((fact.is !== "up" && fact.is !== "down") || fact.part !== part) continue;
    if (fact.is === "up") there.add(fact.name);
    else there.delete(fact.name);
    if (there.size === 0) since ??= fact.at;
    else if (since !== undefined) {
      absences.push({ from: since, to: fact.at });
      since = undefined;
    }
  }
  return since === undefined ? absences : [...absences, { from: since, to: Number.POSITIVE_INFINITY }];
}

/** After one of several has gone, until whoever hung on it hangs on another. */
function switchesOf(facts: readonly Fact[]): readonly Stretch[] {
  return facts.flatMap(({ at, ...what }) =>
    what.is === "down" && what.part === "signalbox" ? [{ from: at, to: at + SWITCH_MS }] : [],
  );
}

const SWITCH_MS = 3_000;

/** What is in none of them, in order. */
function gapsOf(stretches: readonly Stretch[]): readonly Stretch[] {
  const gaps: Stretch[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    if (from > end) gaps.push({ from: end, to: from });
    end = Math.max(end, to);
  }
  return [...gaps, { from: end, to: Number.POSITIVE_INFINITY }];
}
