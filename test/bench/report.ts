/** Results as Markdown: what a reader of docs/performance.md sees. */
import {
  BLOCK_MS,
  BURST_MS,
  type Budget,
  CORES,
  MOVE_IDLE,
  MOVE_LOADED,
  NEW_IDLE,
  NEW_LOADED,
  rssBudget,
} from "./budgets.ts";
import type { Amounts, Figures, Series } from "./measure.ts";
import { quantile } from "./quantile.ts";
import type { RunResult, SystemName } from "./run.ts";
import type { Shape } from "./scenario.ts";

/** What a run of the bench has to tell. */
export interface Report {
  readonly machine: string;
  readonly layout: string;
  readonly amounts: Amounts;
  readonly results: readonly RunResult[];
}

const TITLES: Readonly<Record<SystemName, string>> = { floor: "floor", folder: "folder", kubernetes: "API server" };
const SYSTEMS: readonly SystemName[] = ["floor", "folder", "kubernetes"];
const QUANTILES = [0.5, 0.95, 0.99] as const;

const ms = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0));
const seconds = (value: number): string => `${(value / 1000).toFixed(2)} s`;
const mib = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);

/** The tables, and what bounds their figures. Systems that were not run have no column. */
export function reportOf(report: Report): string {
  const systems = SYSTEMS.filter((name) => report.results.some(({ system }) => system === name));
  const shapes = [...Map.groupBy(report.results, ({ shape }) => shapeText(shape))];
  return [
    `Measured on ${report.machine}; layout ${report.layout}; everything on one machine.`,
    "",
    ...table(
      ["installation", "change", ...systems.map((name) => TITLES[name]), "budget", ""],
      shapes.flatMap(([shape, results]) => latencyRows(shape, results, systems, report)),
    ),
    "",
    ...table(
      ["installation", "", ...systems.map((name) => TITLES[name]), "budget", ""],
      [...shapes.flatMap(([shape, results]) => costRows(shape, results, systems))],
    ),
  ].join("\n");
}

export function shapeText({ hostnames, hosts, envoys, proxies }: Shape): string {
  const named = `${hostnames.toLocaleString("en")} hostnames`;
  if (proxies > 0) return `${named}, ${(envoys + proxies).toLocaleString("en")} proxies`;
  return envoys === 1 ? named : `${named}, ${hosts} hosts behind ${envoys} Envoys`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** Medians, p95 and p99 in ms, with the ratio of medians to the floor's. */
function latencyRows(
  shape: string,
  results: readonly RunResult[],
  systems: readonly SystemName[],
  { amounts, layout }: Report,
): readonly (readonly string[])[] {
  const scoped = layout !== "rds";
  const kinds: readonly (readonly [string, (figures: Figures) => Series, Budget | undefined])[] = [
    ["move, idle", (figures) => figures.moveIdle, MOVE_IDLE],
    [`move, ${amounts.rate} others/s`, (figures) => figures.moveLoaded, MOVE_LOADED],
    ["new, idle", (figures) => figures.newIdle, scoped ? NEW_IDLE : undefined],
    [`new, ${amounts.rate} others/s`, (figures) => figures.newLoaded, scoped ? NEW_LOADED : undefined],
  ];
  const figuresOf = (name: SystemName): Figures | undefined => results.find(({ system }) => system === name)?.figures;
  return kinds.map(([kind, seriesOf, budget]) => {
    const [floor] = figuresOf("floor") === undefined ? [] : quantilesOf(seriesOf(figuresOf("floor") as Figures));
    const cells = systems.map((name) => {
      const figures = figuresOf(name);
      if (figures === undefined) return "";
      const values = quantilesOf(seriesOf(figures));
      const ratio = name === "floor" || floor === undefined ? "" : ` (${(values[0] / floor).toFixed(1)}×)`;
      return values.map(ms).join(" / ") + ratio;
    });
    const cluster = figuresOf("kubernetes");
    const verdict =
      cluster === undefined || budget === undefined ? "" : verdictOf(quantilesOf(seriesOf(cluster)), budget);
    return [shape, kind, ...cells, budget?.map((value) => value ?? "–").join(" / ") ?? "", verdict];
  });
}

const quantilesOf = ({ servedMs }: Series) =>
  QUANTILES.map((q) => quantile(servedMs, q)) as unknown as readonly [number, number, number];

function verdictOf(values: readonly number[], budget: Budget): string {
  return values.every((value, i) => value <= (budget[i] ?? Number.POSITIVE_INFINITY)) ? "ok" : "over";
}

interface Cost {
  readonly what: string;
  readonly of: (result: RunResult) => string;
  readonly budget?: (shape: Shape) => string;
  /** Whether a result keeps the budget; the verdict is of all results that are Signalbox's. */
  readonly kept?: (result: RunResult) => boolean;
}

const COSTS: readonly Cost[] = [
  {
    what: "many new at once: written in, then all served after",
    of: ({ figures: { burst } }) =>
      `${burst.hostnames.toLocaleString("en")}: ${seconds(burst.writingMs)}, ${seconds(burst.servedMs)}`,
    budget: () => seconds(BURST_MS),
    kept: ({ figures: { burst } }) => burst.servedMs <= BURST_MS,
  },
  { what: "start to ready", of: ({ readyMs }) => seconds(readyMs) },
  { what: "start of the Envoys until all is served", of: ({ fleetMs }) => seconds(fleetMs) },
  { what: "bytes per move and proxy", of: ({ figures }) => figures.bytesPerMove.toFixed(0) },
  {
    what: "cores under load",
    of: ({ figures }) => figures.cores.toFixed(2),
    budget: () => String(CORES),
    kept: ({ figures }) => figures.cores <= CORES,
  },
  {
    what: "longest block of the event loop: start, idle, load, many at once",
    of: ({ startBlockMs, figures: { blockMs } }) =>
      blockMs === undefined || startBlockMs === undefined
        ? ""
        : [startBlockMs, blockMs.idle, blockMs.loaded, blockMs.burst].map((value) => value.toFixed(0)).join(", "),
    budget: () => `${BLOCK_MS} ms`,
    kept: ({ startBlockMs, figures: { blockMs } }) =>
      Math.max(startBlockMs ?? 0, blockMs?.idle ?? 0, blockMs?.loaded ?? 0, blockMs?.burst ?? 0) <= BLOCK_MS,
  },
  {
    what: "RSS when served, at the end",
    of: ({ figures: { rssBytes } }) => `${mib(rssBytes.served)}, ${mib(rssBytes.end)} MiB`,
    budget: ({ envoys, proxies }) => `${mib(rssBudget(envoys + proxies))} MiB`,
    kept: ({ shape: { envoys, proxies }, figures: { rssBytes } }) =>
      Math.max(rssBytes.served, rssBytes.end) <= rssBudget(envoys + proxies),
  },
  { what: "RSS of an Envoy at the end", of: ({ figures: { rssBytes } }) => `${mib(rssBytes.envoy)} MiB` },
  {
    what: "answers before a new hostname was served: 404, our 503, others",
    of: ({ figures }) => othersOf(figures),
  },
  {
    what: "requests with a route but no cluster (NC)",
    of: ({ figures }) => String(figures.noCluster),
    budget: () => "0",
    kept: ({ figures }) => figures.noCluster === 0,
  },
];

function costRows(
  title: string,
  results: readonly RunResult[],
  systems: readonly SystemName[],
): readonly (readonly string[])[] {
  const [first] = results;
  if (first === undefined) return [];
  return COSTS.map(({ what, of, budget, kept }) => {
    const own = results.filter(({ system }) => system !== "floor");
    const verdict = kept === undefined || own.length === 0 ? "" : own.every(kept) ? "ok" : "over";
    const cells = systems.map((name) => {
      const result = results.find(({ system }) => system === name);
      return result === undefined ? "" : of(result);
    });
    return [title, what, ...cells, budget?.(first.shape) ?? "", verdict];
  });
}

function othersOf({ newIdle, newLoaded, burst }: Figures): string {
  const counts = new Map<string, number>();
  for (const { others } of [newIdle, newLoaded, burst])
    for (const [status, times] of Object.entries(others)) {
      const known = status === "404" || status === "503" ? status : "others";
      counts.set(known, (counts.get(known) ?? 0) + times);
    }
  return ["404", "503", "others"].map((status) => counts.get(status) ?? 0).join(", ");
}
