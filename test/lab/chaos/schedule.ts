/** What is to happen in a run of chaos, and when: decided by its seed alone. Pure. */
import { seeded } from "../../envoy/relay.ts";

export type DeedKind = keyof typeof KINDS;

/** One thing that happens; fields that its kind has no use for are there all the same, so that a deed reads the same in every schedule. */
export interface Deed {
  /** Counts from 1. */
  readonly number: number;
  /** From the beginning, in ms. */
  readonly atMs: number;
  readonly kind: DeedKind;
  /** Until it is undone; 0 for what is done once. */
  readonly lastsMs: number;
  /** To which of the deployments, by position; one at least. */
  readonly apps: readonly number[];
  /** To which host, and which Envoy, by position. */
  readonly host: number;
  readonly proxy: number;
  /** From 0 to below 1, for what else has to be chosen. */
  readonly chance: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly apps: number;
  readonly hosts: number;
  readonly proxies: number;
}

interface Kind {
  /** Against the others'. */
  readonly weight: number;
  /** Of most groups one at once; see mostOf. */
  readonly group: string;
  readonly lastsMs?: readonly [least: number, most: number];
}

// biome-ignore format: a table is read by its columns
export const KINDS = {
  "rollout":            { weight: 6, group: "users" },
  "scale":              { weight: 4, group: "users" },
  "recreate":           { weight: 1, group: "users" },
  "failed-start":       { weight: 1, group: "users", lastsMs: [2_000, 8_000] },
  "come-and-go":        { weight: 3, group: "users", lastsMs: [2_000, 8_000] },
  "rival-claims":       { weight: 2, group: "users", lastsMs: [1_000, 6_000] },
  "odd-objects":        { weight: 1, group: "odd", lastsMs: [1_000, 6_000] },
  "slow-starts":        { weight: 1, group: "slow", lastsMs: [4_000, 8_000] },
  "host-killed":        { weight: 2, group: "hosts", lastsMs: [1_000, 10_000] },
  "host-restarted":     { weight: 2, group: "hosts" },
  "host-frozen":        { weight: 2, group: "hosts", lastsMs: [500, 12_000] },
  "host-black-holed":   { weight: 1, group: "hosts", lastsMs: [3_000, 12_000] },
  "host-drained":       { weight: 2, group: "hosts" },
  "bus-lost":           { weight: 0.5, group: "bus", lastsMs: [500, 12_000] },
  "operator-restarted": { weight: 2, group: "operator", lastsMs: [100, 4_000] },
  "api-restarted":      { weight: 1, group: "api-server" },
  "history-forgotten":  { weight: 1, group: "api-server" },
  "signalbox-restarted":{ weight: 2, group: "signalbox" },
  "signalbox-killed":   { weight: 1, group: "signalbox" },
  "reconfigured":       { weight: 1, group: "configuration" },
  "envoy-restarted":    { weight: 1, group: "envoys" },
} as const satisfies Readonly<Record<string, Kind>>;

/** Between two deeds, on the average. */
const GAP_MS = 1_000;
/** What is done once keeps its group for so long: processes need it to start. */
const REST_MS = 3_000;

/** The same for the same options. */
export function scheduleOf({ seed, seconds, apps, hosts, proxies }: ScheduleOptions): readonly Deed[] {
  const chance = seeded(seed);
  const below = (count: number): number => Math.floor(chance() * count);
  const deeds: Deed[] = [];
  const taken: { readonly group: string; readonly host: number; readonly until: number }[] = [];
  for (let atMs = GAP_MS * chance(); atMs < seconds * 1_000; atMs += GAP_MS * 2 * chance()) {
    const [name, kind] = drawn(chance());
    const [least, most] = kind.lastsMs ?? [0, 0];
    const lastsMs = Math.round(least + (most - least) * chance());
    // Mostly few: a rollout of one that has not finished another takes what serves away, and leaves nothing to judge.
    const count = 1 + below(chance() < 0.75 ? 3 : Math.ceil(apps / 2));
    const chosen = new Set(Array.from({ length: count }, () => below(apps)));
    const places = { host: below(hosts), proxy: below(proxies) };
    const rest = chance();
    const busy = taken.filter(({ group, until }) => group === kind.group && until > atMs);
    if (busy.length >= mostOf(kind.group, hosts)) continue;
    if (kind.group === "hosts" && busy.some(({ host }) => host === places.host)) continue;
    taken.push({ group: kind.group, host: places.host, until: atMs + lastsMs + REST_MS });
    deeds.push({
      number: deeds.length + 1,
      atMs: Math.round(atMs),
      kind: name,
      lastsMs,
      apps: [...chosen].toSorted((a, b) => a - b),
      ...places,
      chance: rest,
    });
  }
  return deeds;
}

/** Users do not wait for each other; and of the hosts half have to live. */
function mostOf(group: string, hosts: number): number {
  if (group === "users") return Number.POSITIVE_INFINITY;
  return group === "hosts" ? Math.max(1, Math.floor(hosts / 2)) : 1;
}

function drawn(chance: number): readonly [DeedKind, Kind] {
  const kinds = Object.entries(KINDS) as (readonly [DeedKind, Kind])[];
  let left = chance * kinds.reduce((sum, [, { weight }]) => sum + weight, 0);
  for (const entry of kinds) {
    left -= entry[1].weight;
    if (left < 0) return entry;
  }
  throw new Error(`chance is below 1, not ${chance}`);
}
