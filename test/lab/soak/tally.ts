/** Requests of a soak: counted and forgotten, but for those that failed, which are judged by what was promised of what happened meanwhile. */
import { ANY_DEPLOYMENT } from "../cluster/deployments.ts";
import { brokenBy, failuresOf, type Judged } from "../judgement.ts";
import type { Laboratory } from "../laboratory.ts";
import type { Outcome } from "../load/outcome.ts";
import type { Promised } from "../scenarios/scenario.ts";
import { wallMs } from "../wall-clock.ts";
import type { FailedRequest } from "./journal.ts";

/** Something that happens, and until when; undefined while it does. */
export interface Happened {
  readonly name: string;
  readonly promised: Promised;
  readonly from: number;
  readonly to: number | undefined;
}

/** After a request's end, until what hosts and Envoys say of it has been heard. */
const HEARD_MS = 2_000;
/** What happened goes on for as long, at hosts and in connections. */
const AFTERMATH_MS = 5_000;
/** Longer than any request may take (the load gives up after 15 s). */
const REMEMBERED_MS = 60_000;
const MOST_LINES = 60;

export class Tally {
  readonly #lab: Laboratory;
  #failed: readonly Outcome[] = [];
  #happened: readonly Happened[] = [];

  constructor(lab: Laboratory) {
    this.#lab = lab;
  }

  /** What happens from now on, until `over` is called. */
  happens({ name, promised }: Pick<Happened, "name" | "promised">): { over(): void } {
    let now: Happened = { name, promised, from: wallMs(), to: undefined };
    this.#happened = [...this.#happened, now];
    return {
      over: () => {
        const done = { ...now, to: wallMs() };
        this.#happened = this.#happened.map((one) => (one === now ? done : one));
        now = done;
      },
    };
  }

  /** How many requests have ended since the last time, and those failed of which everything has been heard. What is older is forgotten. */
  async take(): Promise<{ readonly requests: number; readonly failures: readonly (FailedRequest & { at: number })[] }> {
    const { load, timeline } = this.#lab;
    const { outcomes, lags } = await load.take();
    for (const lag of lags) timeline.add("load", lag);
    const now = wallMs();
    const failed = [...this.#failed, ...outcomes.filter(({ failure }) => failure !== undefined)];
    const heard = ({ at, tookMs }: Outcome): boolean => at + tookMs < now - HEARD_MS;
    this.#failed = failed.filter((outcome) => !heard(outcome));
    const failures = this.#judged(failed.filter(heard));
    timeline.forget(now - REMEMBERED_MS);
    this.#happened = this.#happened.filter(({ to = now }) => to > now - REMEMBERED_MS);
    return { requests: outcomes.length, failures };
  }

  #judged(failed: readonly Outcome[]): readonly (FailedRequest & { at: number })[] {
    if (failed.length === 0) return [];
    const said = (pattern: RegExp): ReadonlySet<number> =>
      new Set(this.#lab.timeline.matching(pattern, 0).map(({ text }) => Number(/lab\/(\d+)$/.exec(text)?.[1])));
    const words = { killed: said(/ is killed with request /), stopping: said(/ answers 503 to /) };
    return failuresOf(failed, words).map((judged) => this.#told(judged));
  }

  #told(judged: Judged): FailedRequest & { at: number } {
    const { id, at, tookMs, kind, hostname, proxy, failure } = judged.outcome;
    const during = this.#happened.filter(({ from, to = wallMs() }) => from <= at + tookMs && to >= at - AFTERMATH_MS);
    const broken = brokenBy(weakest(during), [judged]).length > 0;
    const name = hostname.slice(0, hostname.indexOf("."));
    const around = broken ? this.#lab.timeline.around(at, at + tookMs, name, ANY_DEPLOYMENT) : [];
    return {
      at,
      id,
      request: kind,
      hostname,
      proxy,
      tookMs,
      words: `${failure?.as} ${failure?.text}`,
      class: judged.class,
      during: during.map((one) => one.name),
      broken,
      around: around.slice(0, MOST_LINES).map((one) => `${(one.at - at).toFixed(0)} ms ${one.who}: ${one.text}`),
    };
  }
}

/** Of several promises the one that holds for all. */
export function weakest(happened: readonly Pick<Happened, "promised">[]): Promised {
  const promises = happened.map(({ promised }) => promised);
  if (promises.includes("measured")) return "measured";
  return promises.includes("safe") ? "safe" : "nothing";
}
