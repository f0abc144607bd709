/** One scenario in the laboratory: put under load, disturbed, judged. */
import { setTimeout as sleep } from "node:timers/promises";
import { ANY_DEPLOYMENT, type App, hostnameOf, siteOf } from "./cluster/deployments.ts";
import { doorsOf } from "./gateway/gateway.ts";
import { brokenBy, failuresOf, type Judged } from "./judgement.ts";
import { type Laboratory, type LaboratoryOptions, startLaboratory } from "./laboratory.ts";
import type { Outcome } from "./load/outcome.ts";
import { REQUEST_KINDS } from "./load/request-kind.ts";
import { answersEverywhere } from "./scenarios/answers-everywhere.ts";
import { MEASURED, type Scenario, type Stage } from "./scenarios/scenario.ts";
import type { Said } from "./timeline.ts";
import { wallMs } from "./wall-clock.ts";

export interface StagePlan extends LaboratoryOptions {
  /** Deployments, each with a hostname of its own. */
  readonly apps: number;
  readonly replicas: number;
}

export interface Verdict {
  readonly scenario: Scenario;
  readonly requests: number;
  /** Requests that were told that nobody serves, where that was right. */
  readonly absent: number;
  readonly byKind: ReadonlyMap<string, number>;
  readonly failures: readonly Judged[];
  /** Those that break the promise, each with what was said around it. */
  readonly broken: readonly { readonly failure: Judged; readonly around: readonly Said[] }[];
  /** How long the scenario took, in ms. */
  readonly tookMs: number;
  /** What the scenario measured beside failed requests, in words. */
  readonly measured: readonly string[];
  /** Processes of the laboratory that did not get the core in time. */
  readonly lags: readonly Said[];
}

/** Load before the first disturbance, and after everything has settled, in ms. */
const BEFORE_MS = 1_000;
const AFTER_MS = 1_500;
/** Every so many-th deployment runs on pooled instances, as a service, and on the newer interface without a pool. */
const POOLED_EVERY = 5;
const HANDLER_EVERY = 3;
const SERVICE_EVERY = 7;

export const appsOf = (count: number, replicas: number): readonly App[] =>
  Array.from({ length: count }, (_, i) => {
    const name = `app-${i + 1}`;
    if ((i + 1) % SERVICE_EVERY === 0) return { name, replicas, life: "service" };
    // Only instances of `handler` are pooled.
    if ((i + 1) % POOLED_EVERY === 0) return { name, replicas, life: "pooled", serves: "handler" };
    return (i + 1) % HANDLER_EVERY === 0 ? { name, replicas, serves: "handler" } : { name, replicas };
  });

/** A laboratory with deployments that every proxy serves. */
export async function setStage({ apps: count, replicas, ...options }: StagePlan): Promise<Stage> {
  const lab = await startLaboratory(options);
  try {
    const apps = appsOf(count, replicas);
    const names = apps.map(({ name }) => name);
    await Promise.all(apps.map((app) => lab.deployments.create(app)));
    await lab.deployments.settled(names);
    await Promise.all(names.map((name) => answersEverywhere(lab, hostnameOf(name))));
    return { lab, apps, names };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

/** One scenario, under load. @throws when it could not be carried out; failed requests are a verdict. */
export async function trial(stage: Stage, scenario: Scenario): Promise<Verdict> {
  const { lab, apps } = stage;
  await scenario.prepare?.(stage);
  const began = wallMs();
  await lab.load.start(
    apps.map((app) => siteOf(app)),
    doorsOf(lab.gateway),
    // The plain proxy does not speak HTTP/2.
    (scenario.kinds ?? REQUEST_KINDS).filter(({ over }) => over === "http1" || lab.gateway.name === "signalbox"),
  );
  await sleep(BEFORE_MS);
  await blockOf(lab); // what was before does not count
  lab.timeline.note("lab", `${scenario.name} begins`);
  const disturbed = performance.now();
  await scenario.run(stage);
  const tookMs = performance.now() - disturbed;
  lab.timeline.note("lab", `${scenario.name} is over`);
  await sleep(AFTER_MS);
  const { outcomes, lags } = await lab.load.stop();
  for (const lag of lags) lab.timeline.add("load", lag);
  for (const text of scenario.sums?.(outcomes) ?? []) lab.timeline.note(MEASURED, text);
  const blockMs = await blockOf(lab);
  if (blockMs > TOLD_BLOCK_MS) lab.timeline.note("signalbox", `event loop ${blockMs} ms late`);
  await sleep(ACCESS_LOG_MS);
  return verdictOf(lab, scenario, outcomes, { began, tookMs });
}

/** A control plane that is held so long loses races. */
const TOLD_BLOCK_MS = 30;

async function blockOf({ gateway }: Laboratory): Promise<number> {
  return gateway.name === "signalbox" ? await gateway.signalboxes.longestBlockMs() : 0;
}

/** Envoys write their access log this often at least. */
const ACCESS_LOG_MS = 500;

function verdictOf(
  { timeline }: Laboratory,
  scenario: Scenario,
  outcomes: readonly Outcome[],
  { began, tookMs }: { readonly began: number; readonly tookMs: number },
): Verdict {
  const said = (pattern: RegExp): ReadonlySet<number> =>
    new Set(timeline.matching(pattern, began).map(({ text }) => Number(/lab\/(\d+)$/.exec(text)?.[1])));
  const failures = failuresOf(outcomes, {
    killed: said(/ is killed with request /),
    stopping: said(/ answers 503 to /),
  });
  const broken = brokenBy(scenario.promised, failures).map((failure) => {
    const { at, tookMs: lasted, hostname } = failure.outcome;
    const name = ANY_DEPLOYMENT.exec(hostname)?.[0] ?? hostname;
    return { failure, around: timeline.around(at, at + lasted, name, ANY_DEPLOYMENT) };
  });
  const byKind = new Map<string, number>();
  for (const { kind } of outcomes) byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  return {
    scenario,
    requests: outcomes.length,
    absent: outcomes.filter(({ absence }) => absence !== undefined).length,
    byKind,
    failures,
    broken,
    tookMs,
    measured: timeline
      .matching(/^/, began)
      .filter(({ who }) => who === MEASURED)
      .map(({ text }) => text),
    lags: timeline.matching(/event loop \d+ ms late/, began),
  };
}
