/** One run of chaos: a schedule carried out under load, healed, and judged. */
import { setTimeout as sleep } from "node:timers/promises";
import { ANY_DEPLOYMENT, siteOf } from "../cluster/deployments.ts";
import { doorsOf, signalboxOf } from "../gateway/gateway.ts";
import type { Laboratory } from "../laboratory.ts";
import type { Outcome } from "../load/outcome.ts";
import { REQUEST_KINDS } from "../load/request-kind.ts";
import { tellLag } from "../loop-lag.ts";
import type { TempoName } from "../operator/tempo.ts";
import { recovered } from "../scenarios/recovery.ts";
import type { Stage } from "../scenarios/scenario.ts";
import type { Said } from "../timeline.ts";
import { wallMs } from "../wall-clock.ts";
import { Availability, BLOCK_EVERY_MS } from "./availability.ts";
import { DOINGS, type Ground, groundOf } from "./deeds.ts";
import { endStateOf } from "./end-state.ts";
import { Endpoints } from "./endpoints.ts";
import { factsOf, stoppedOf, tracesOf } from "./facts.ts";
import { livesOf } from "./lives.ts";
import { type Cause, judge } from "./oracle.ts";
import { type Deed, KINDS } from "./schedule.ts";

/** A failed request, why it failed, and what was said around it. */
export interface Failed {
  readonly outcome: Outcome;
  readonly why: string;
  readonly around: readonly Said[];
}

export interface ChaosResult {
  readonly requests: number;
  /** Failed ones that were allowed to, by why. */
  readonly allowed: ReadonlyMap<Cause, readonly Failed[]>;
  readonly violations: readonly Failed[];
  /** What was not as it should be once everything had healed. */
  readonly unhealed: readonly string[];
  /** Deeds that could not be done. */
  readonly undone: readonly string[];
  readonly lates: readonly Said[];
}

/** Load before the first deed, and after everything has healed, in ms. */
const BEFORE_MS = 1_000;
const AFTER_MS = 2_000;
/** Envoys write their access log this often at least. */
const ACCESS_LOG_MS = 500;
const TOLD_BLOCK_MS = 100;
const TOLD_LATE_MS = 40;

/**
 * What passes at most between a change of an object and its effect, or between two watchers' knowledge of it, while nothing keeps anybody from it. Hosts of tempo
 * crowded stop 150 ms after they are told; with what the operator takes, that is twice what others have, on a machine that needs it.
 */
const REACTION_MS: Readonly<Record<TempoName, number>> = { realistic: 50, fast: 50, crowded: 120 };

/** Said once in each run. */
const HEALS = /^all is done, and heals$/;

/** Carries it out on a stage that nothing is wrong with, and leaves it so. */
export async function runChaos(stage: Stage, schedule: readonly Deed[]): Promise<ChaosResult> {
  const { lab, apps } = stage;
  const { timeline } = lab;
  const began = wallMs();
  await lab.load.start(
    apps.map((app) => siteOf(app)),
    doorsOf(lab.gateway),
    REQUEST_KINDS,
  );
  await sleep(BEFORE_MS);
  const ground = await groundOf(stage, timeline.matching(HEALS, 0).length);
  const undone = await carryOut(ground, schedule);
  timeline.note("lab", "all is done, and heals");
  const unhealed = await healed(ground);
  await sleep(AFTER_MS);
  const { outcomes, lags } = await lab.load.stop();
  for (const lag of lags) timeline.add("load", lag);
  await sleep(ACCESS_LOG_MS);
  return { ...verdictOf(lab, outcomes, began), unhealed, undone };
}

/** Fulfilled when the last deed is over; with those that could not be done. */
async function carryOut(ground: Ground, schedule: readonly Deed[]): Promise<readonly string[]> {
  const { timeline } = ground.lab;
  const began = performance.now();
  const lanes = new Map<string, Promise<void>>();
  const undone: string[] = [];
  const doing = schedule.map(async (deed) => {
    await sleep(Math.max(0, deed.atMs - (performance.now() - began)));
    // Of one process one thing at a time, however long the one before took.
    const { group } = KINDS[deed.kind];
    const lane = group === "users" ? `users ${deed.number}` : group === "hosts" ? `host ${deed.host}` : group;
    const before = lanes.get(lane);
    const done = (async () => {
      await before;
      timeline.note("lab", `deed ${deed.number}: ${deed.kind}`);
      await DOINGS[deed.kind](ground, deed);
    })().catch((error: unknown) => void undone.push(`deed ${deed.number}, ${deed.kind}: ${String(error)}`));
    lanes.set(lane, done);
    await done;
  });
  await Promise.all(doing);
  return undone;
}

/** What is not well once everything could be. */
async function healed({ lab, apps, broken }: Ground): Promise<readonly string[]> {
  const names = apps.map(({ name }) => name);
  try {
    for (const app of apps.filter(({ name }) => broken.has(name))) await lab.deployments.update(app);
    await recovered({ lab, apps, names });
  } catch (error) {
    return [String(error)];
  }
  return await endStateOf(lab, names);
}

function verdictOf(
  lab: Laboratory,
  outcomes: readonly Outcome[],
  began: number,
): Pick<ChaosResult, "requests" | "allowed" | "violations" | "lates"> {
  const said = lab.timeline.matching(/(?:)/, 0);
  const facts = factsOf(said);
  const endpoints = new Endpoints(livesOf(facts), new Availability(facts, REACTION_MS[lab.options.tempo]));
  const now = said.filter(({ at }) => at >= began);
  const deleted = new Map(facts.flatMap((fact) => (fact.is === "unmade" ? [[fact.hostname, fact.at] as const] : [])));
  const witnesses = { stopped: stoppedOf(now), traces: tracesOf(now), deleted };
  const allowed = new Map<Cause, Failed[]>();
  const violations: Failed[] = [];
  for (const outcome of outcomes.filter(({ failure }) => failure !== undefined)) {
    const judgement = judge(outcome, endpoints, witnesses);
    if ("violation" in judgement) {
      violations.push(failed(lab, outcome, judgement.violation));
      continue;
    }
    const { allowed: cause } = judgement;
    const ones = allowed.get(cause) ?? [];
    allowed.set(cause, ones);
    // Those after the first are alike, and what was said around each is much.
    ones.push(ones.length < KEPT ? failed(lab, outcome, cause) : { outcome, why: cause, around: [] });
  }
  const lates = now.filter(({ text }) => /event loop \d+ ms late$/.test(text));
  return { requests: outcomes.length, allowed, violations, lates };
}

const KEPT = 20;

function failed({ timeline }: Laboratory, outcome: Outcome, why: string): Failed {
  const { at, tookMs, hostname } = outcome;
  return {
    outcome,
    why,
    around: timeline.around(at, at + tookMs, hostname.slice(0, hostname.indexOf(".")), ANY_DEPLOYMENT),
  };
}

/** Tells, from now on, when this process or Signalbox was late; call once for a laboratory. Gives a function that ends it. */
export function followLateness({ timeline, gateway }: Laboratory): () => void {
  // Envoys tell nothing of the kind: where this process is kept from the core for a while, so may they be.
  tellLag((text) => timeline.note("lab", text), TOLD_LATE_MS);
  const { signalboxes } = signalboxOf(gateway);
  const asking = setInterval(() => {
    void signalboxes.longestBlockMs().then(
      (ms) => ms > TOLD_BLOCK_MS && timeline.note("signalbox", `event loop ${ms} ms late`),
      () => {}, // it is away, which is told otherwise
    );
  }, BLOCK_EVERY_MS);
  return () => clearInterval(asking);
}
