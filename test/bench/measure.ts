/** One run: a system configures Envoys, changes are made, and a client tells when each is served. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EnvoyProcess } from "../envoy/envoy-process.ts";
import { atOnce } from "./at-once.ts";
import { monotonicMs } from "./clock.ts";
import { Load } from "./load.ts";
import type { ProberCalls, Sighting, Target } from "./prober-process.ts";
import { cpuSeconds, rssBytes } from "./process-cost.ts";
import type { Remote } from "./remote.ts";
import { hostName, type Scenario } from "./scenario.ts";
import type { System, Written } from "./system.ts";

/** How much is measured. */
export interface Amounts {
  /** Moves of one hostname, idle and under load each. */
  readonly moves: number;
  /** New hostnames, idle and under load each. */
  readonly news: number;
  /** Other hostnames that move meanwhile, per second. */
  readonly rate: number;
  /** New hostnames written at once. */
  readonly burst: number;
  /** Least pause between two measured changes; the longest is twice that. */
  readonly gapMs: number;
}

/** One change after another: when the last Envoy answered from the new place, and how long the write took to be answered, each in ms. */
export interface Series {
  readonly servedMs: readonly number[];
  readonly wroteMs: readonly number[];
  /** Answers other than 200 while a change was on its way, by status. */
  readonly others: Readonly<Record<string, number>>;
}

export interface Figures {
  readonly moveIdle: Series;
  readonly moveLoaded: Series;
  readonly newIdle: Series;
  readonly newLoaded: Series;
  readonly burst: {
    readonly hostnames: number;
    /** From the first write to the last. */
    readonly writingMs: number;
    /** From the last write until the last Envoy serves the last of them. */
    readonly servedMs: number;
    readonly others: Readonly<Record<string, number>>;
  };
  /** Of one move at one proxy. */
  readonly bytesPerMove: number;
  /** Of the control plane under load, 1 is one core. */
  readonly cores: number;
  /** Longest block of its event loop, in ms; undefined if it does not tell. */
  readonly blockMs: { readonly idle: number; readonly loaded: number; readonly burst: number } | undefined;
  readonly rssBytes: { readonly served: number; readonly end: number; readonly envoy: number };
  /** Requests that Envoy found a route but no cluster for: what never happens where routes wait for clusters. */
  readonly noCluster: number;
}

/** What a run is made of. */
export interface Stage {
  readonly system: System;
  readonly scenario: Scenario;
  readonly prober: Remote<ProberCalls>;
  readonly envoys: readonly EnvoyProcess[];
}

/** Everything is served already. */
export async function measure(stage: Stage, amounts: Amounts): Promise<Figures> {
  const { system, envoys } = stage;
  const { moves, news, rate } = amounts;
  const served = rssBytes(system.pid);
  const atFirst = await system.counters();
  const moveIdle = await series(moves, amounts, () => oneMove(stage));
  const bytesPerMove =
    ((await system.counters()).sentBytes - atFirst.sentBytes) / moves / (envoys.length + stage.scenario.shape.proxies);
  const newIdle = await series(news, amounts, () => oneNew(stage));
  const idle = (await system.counters()).blockMs;
  const load = new Load(rate, (except) => write(stage, except));
  const [cpu, since] = [cpuSeconds(system.pid), monotonicMs()];
  const moveLoaded = await series(moves, amounts, () => oneMove(stage, load));
  const cores = ((cpuSeconds(system.pid) - cpu) / (monotonicMs() - since)) * 1000;
  const newLoaded = await series(news, amounts, () => oneNew(stage));
  await load.stop();
  const loaded = (await system.counters()).blockMs;
  const burst = await oneBurst(stage, amounts.burst);
  const blocked = (await system.counters()).blockMs;
  return {
    moveIdle,
    moveLoaded,
    newIdle,
    newLoaded,
    burst,
    bytesPerMove,
    cores,
    blockMs:
      idle === undefined || loaded === undefined || blocked === undefined
        ? undefined
        : { idle, loaded, burst: blocked },
    rssBytes: {
      served,
      end: rssBytes(system.pid),
      envoy: Math.max(...envoys.map(({ pid }) => rssBytes(pid))),
    },
    noCluster: await noClusterOf(envoys),
  };
}

const targetOf = (hostname: string, host: number): Target => ({ hostname, body: hostName(host) });

/** Every hostname as last written. */
export const everything = (scenario: Scenario): readonly Target[] =>
  [...scenario.placed].map(([hostname, host]) => targetOf(hostname, host));

interface One {
  readonly written: Written;
  readonly seen: Sighting;
}

async function series(count: number, { gapMs }: Amounts, one: () => Promise<One>): Promise<Series> {
  const servedMs: number[] = [];
  const wroteMs: number[] = [];
  const others: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const { written, seen } = await one();
    servedMs.push(Math.max(...seen.servedAt) - written.at);
    wroteMs.push(written.tookMs);
    for (const [status, times] of Object.entries(seen.others)) others[status] = (others[status] ?? 0) + times;
    await sleep(gapMs * (1 + (i % 10) / 10)); // never in step with anybody's timer
  }
  return { servedMs, wroteMs, others };
}

async function oneMove({ system, scenario, prober }: Stage, load?: Load): Promise<One> {
  const { hostname, host } = scenario.move(undefined);
  if (load !== undefined) load.spared = hostname;
  await prober.ask("watch", targetOf(hostname, host));
  const written = await system.move(hostname, host);
  return { written, seen: await prober.ask("sighting", undefined) };
}

async function oneNew({ system, scenario, prober }: Stage): Promise<One> {
  const { hostname, host } = scenario.add();
  await prober.ask("watch", targetOf(hostname, host));
  await system.prepare(hostname);
  await sleep(20); // as a host takes time to start a workload; what is prepared has gone through
  const written = await system.appear(hostname, host);
  return { written, seen: await prober.ask("sighting", undefined) };
}

async function write({ system, scenario }: Stage, except: string | undefined): Promise<void> {
  const { hostname, host } = scenario.move(except);
  await system.move(hostname, host);
}

async function oneBurst({ system, scenario, prober }: Stage, count: number): Promise<Figures["burst"]> {
  const made = Array.from({ length: count }, () => scenario.add());
  const swept = prober.ask(
    "sweep",
    made.map(({ hostname, host }) => targetOf(hostname, host)),
  );
  const firstAt = monotonicMs();
  let lastAt = firstAt;
  await atOnce(made, async ({ hostname, host }) => {
    await system.prepare(hostname);
    lastAt = Math.max(lastAt, (await system.appear(hostname, host)).at);
  });
  const { servedAt, others } = await swept;
  const servedMs = Math.max(0, Math.max(...servedAt) - lastAt);
  return { hostnames: count, writingMs: lastAt - firstAt, servedMs, others };
}

async function noClusterOf(envoys: readonly EnvoyProcess[]): Promise<number> {
  let sum = 0;
  for (const envoy of envoys)
    for (const [name, value] of await envoy.stats("no_cluster$")) if (name.startsWith("http.")) sum += value;
  return sum;
}
