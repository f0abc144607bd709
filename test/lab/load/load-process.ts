/**
 * The load: an open loop, so that what fails or hangs takes nothing away from what is asked after it. A child process (see test/bench/remote.ts) with an
 * event loop of its own.
 */
import { answer } from "../../bench/remote.ts";
import type { Event } from "../event.ts";
import { tellLag } from "../loop-lag.ts";
import { wallMs } from "../wall-clock.ts";
import { Exchange } from "./exchange.ts";
import type { Outcome } from "./outcome.ts";
import type { RequestKind } from "./request-kind.ts";
import { judge, type Site } from "./site.ts";

export interface Door {
  readonly name: string;
  readonly port: number;
}

export interface Record {
  readonly outcomes: readonly Outcome[];
  /** Delays of this process' own event loop. */
  readonly lags: readonly Event[];
}

/** `perSecond` requests of all these kinds together; evenly over sites and doors. */
interface Plan {
  readonly sites: readonly Site[];
  readonly doors: readonly Door[];
  readonly kinds: readonly RequestKind[];
  readonly perSecond: number;
}

export type LoadCalls = {
  /** Begins. */
  readonly start: (plan: Plan) => void;
  /** Requests from now on go through these. Those under way go on. */
  readonly through: (doors: readonly Door[]) => void;
  /** Requests from now on go to these. What is right for a hostname now is right for its requests under way too. */
  readonly among: (sites: readonly Site[]) => void;
  /** What has ended since the start or the last time it was asked for, which is then forgotten. */
  readonly take: (nothing: undefined) => Record;
  /** Asks nothing more, waits for what is under way, and gives everything since the start. */
  readonly stop: (nothing: undefined) => Promise<Record>;
};

const TICK_MS = 5;

let sites: readonly Site[] = [];
let doors: readonly Door[] = [];
let ticking: NodeJS.Timeout | undefined;
let exchange = new Exchange();
let outcomes: Outcome[] = [];
let lags: Event[] = [];
let id = 0;
/** With what was right for its hostname since it began. */
const underWay = new Map<Promise<void>, Site[]>();
let portions: { readonly kind: RequestKind; owed: number }[] = [];

tellLag((text) => lags.push({ at: wallMs(), text: `load: ${text}` }));

/** The kind that is furthest behind its share: each comes as regularly as it can. */
function nextKind(): RequestKind {
  for (const portion of portions) portion.owed += portion.kind.share;
  const next = portions.reduce((most, portion) => (portion.owed > most.owed ? portion : most));
  next.owed -= 1;
  return next.kind;
}

function ask(): void {
  id += 1;
  // Sites in turn, doors in turn at each site, whatever their numbers have in common.
  const site = sites[id % sites.length];
  const door = doors[Math.floor(id / sites.length) % doors.length];
  if (site === undefined || door === undefined) return;
  const kind = nextKind();
  const [number, at, began] = [id, wallMs(), performance.now()];
  const { hostname } = site;
  const right = [site];
  const asked = exchange.perform(kind, { hostname, port: door.port }, `lab/${number}`).then((received) => {
    const { name, safe } = kind;
    const { servedBy } = received;
    const tookMs = performance.now() - began;
    const outcome = { id: number, at, tookMs, hostname, kind: name, safe, proxy: door.name };
    outcomes.push({ ...outcome, ...(servedBy === undefined ? {} : { servedBy }), ...judge(received, right) });
    underWay.delete(asked);
  });
  underWay.set(asked, right);
}

answer<LoadCalls>({
  start: (plan) => {
    ({ sites, doors } = plan);
    const { kinds } = plan;
    const shares = kinds.reduce((sum, { share }) => sum + share, 0);
    portions = kinds.map((kind) => ({ kind: { ...kind, share: kind.share / shares }, owed: 0 }));
    outcomes = [];
    lags = [];
    const began = performance.now();
    let made = 0;
    ticking = setInterval(() => {
      const due = ((performance.now() - began) / 1_000) * plan.perSecond;
      for (; made < due; made++) ask();
    }, TICK_MS);
  },
  through: (given) => {
    doors = given;
  },
  among: (given) => {
    sites = given;
    const byHostname = new Map(given.map((site) => [site.hostname, site]));
    for (const right of underWay.values()) {
      const site = byHostname.get(right[0]?.hostname ?? "");
      if (site !== undefined && !right.includes(site)) right.push(site);
    }
  },
  take: () => {
    const taken = { outcomes, lags };
    outcomes = [];
    lags = [];
    return taken;
  },
  stop: async () => {
    clearInterval(ticking);
    await Promise.all(underWay.keys());
    exchange.close();
    exchange = new Exchange();
    return { outcomes, lags };
  },
});
