/** What is to be said of a soak: each line is kept or not. Pure. */
import type { Entry, FailedRequest, Rest, Sample } from "./journal.ts";
import { floorOf, type Point, slopeOf } from "./trend.ts";

export interface Judgement {
  readonly what: string;
  /** Words for what was measured, and for what counts as kept. */
  readonly found: string;
  readonly bound: string;
  readonly kept: boolean;
}

export const MIB = 1024 ** 2;
const HOUR_MS = 3_600_000;

/**
 * What may grow, in MiB an hour, or in all where that is less than half of it: a short soak has no slope worth the name. Alive: code that is compiled, a cache
 * that fills; a leak of 2 KB for each of a thousand events is more. Resident memory also has what V8 and the allocator keep for later.
 */
const ALIVE_MOST = 2;
const RESIDENT_MOST = 10;
/** Connections of our own questions, kept open a while. */
const LOOSE = 4;
/** Stretches of the second half, of each of which the lowest RSS counts. */
const STRETCHES = 24;

const COUNTS = ["hostnames", "proxies", "streams", "held", "problems", "descriptors", "handles", "threads"] as const;
type Count = (typeof COUNTS)[number];
/** How far the last rest may be from the first. What is not here is exact. */
const TOLERANCE: Partial<Record<Count, number>> = { descriptors: LOOSE, handles: LOOSE };

/** Of one kind, oldest first. */
export function entriesOf<Kind extends Entry["entry"]>(entries: readonly Entry[], kind: Kind) {
  return entries.filter((entry): entry is Extract<Entry, { entry: Kind }> => entry.entry === kind);
}

export function verdictOf(entries: readonly Entry[]): readonly Judgement[] {
  const [rests, samples] = [entriesOf(entries, "rest"), entriesOf(entries, "sample")];
  const wrong = entriesOf(entries, "event").filter(({ error }) => error !== undefined);
  const end = entriesOf(entries, "end").at(-1);
  return [
    growth("objects alive", rests, ({ signalbox }) => signalbox.heapUsedBytes),
    growth("memory that they hold outside V8's heap", rests, ({ signalbox }) => signalbox.externalBytes),
    resident(samples),
    ...COUNTS.map((count) => same(count, rests)),
    requestsKept(samples, entriesOf(entries, "failure")),
    {
      what: "events that did not come to their end",
      found: `${wrong.length} of ${entriesOf(entries, "event").length}`,
      bound: "none",
      kept: wrong.length === 0,
    },
    {
      what: "the soak",
      found: end?.why ?? "it broke off",
      bound: "its time was over",
      kept: end?.why === "its time was over",
    },
  ];
}

type Timed<T> = T & { readonly at: number };

/** In the first half code is compiled and what is bounded fills up. */
function growth(what: string, rests: readonly Timed<Rest>[], bytes: (rest: Rest) => number): Judgement {
  const later = rests.slice(Math.floor(rests.length / 2));
  const perHour = slopeOf(later.map((rest): Point => [rest.at / HOUR_MS, bytes(rest) / MIB]));
  const [first, middle, last] = [rests.at(0), later.at(0), later.at(-1)];
  return {
    what: `${what}, at rest, in the second half`,
    found: `${mib(first, bytes)} before anything happened, ${mib(middle, bytes)} in the middle, ${mib(last, bytes)} at the end: ${perHourText(perHour)}`,
    ...flat(perHour, differenceIn(middle, last, bytes), ALIVE_MOST),
  };
}

const mib = <T>(of: T | undefined, bytes: (of: T) => number): string =>
  of === undefined ? "nothing" : `${(bytes(of) / MIB).toFixed(1)} MiB`;

export const perHourText = (value: number): string =>
  `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(1)} MiB an hour`;

const differenceIn = <T>(from: T | undefined, to: T | undefined, bytes: (of: T) => number): number =>
  from === undefined || to === undefined ? 0 : (bytes(to) - bytes(from)) / MIB;

const flat = (perHour: number, inAll: number, most: number) => ({
  bound: `below ${most} MiB an hour, or ${most / 2} in all`,
  kept: perHour < most || inAll < most / 2,
});

function resident(samples: readonly Timed<Sample>[]): Judgement {
  const [middle, last] = [samples[Math.floor(samples.length / 2)], samples.at(-1)];
  const perHour = residentSlope(samples, ({ signalbox }) => signalbox.rssBytes);
  const bytes = ({ signalbox }: Sample): number => signalbox.rssBytes;
  return {
    what: "resident memory in the second half",
    found: `${mib(middle, bytes)} in the middle, ${mib(last, bytes)} at the end: ${perHourText(perHour)}`,
    ...flat(perHour, differenceIn(middle, last, bytes), RESIDENT_MOST),
  };
}

/** Of the lowest values in the second half, in MiB an hour. */
export function residentSlope(
  samples: readonly Timed<Sample>[],
  bytes: (sample: Sample) => number | undefined,
): number {
  const points = samples.slice(Math.floor(samples.length / 2)).flatMap((sample): readonly Point[] => {
    const value = bytes(sample);
    return value === undefined ? [] : [[sample.at / HOUR_MS, value / MIB]];
  });
  return slopeOf(floorOf(points, STRETCHES));
}

function same(count: Count, rests: readonly Rest[]): Judgement {
  const [first, last] = [rests.at(0)?.signalbox[count] ?? 0, rests.at(-1)?.signalbox[count] ?? 0];
  const tolerance = TOLERANCE[count] ?? 0;
  return {
    what: `${count} at rest`,
    found: `${first} before anything happened, ${last} at the end`,
    bound: tolerance === 0 ? "the same" : `at most ${tolerance} more`,
    kept: tolerance === 0 ? last === first : last <= first + tolerance,
  };
}

function requestsKept(samples: readonly Sample[], failures: readonly FailedRequest[]): Judgement {
  const requests = samples.reduce((sum, sample) => sum + sample.requests, 0);
  const broken = failures.filter((failure) => failure.broken).length;
  return {
    what: "requests that failed",
    found: `${broken} of ${requests.toLocaleString("en")} against a promise, ${failures.length - broken} others`,
    bound: "none against a promise",
    kept: broken === 0,
  };
}

/** A line each. */
export const verdictText = (verdict: readonly Judgement[]): string =>
  verdict
    .map(({ what, found, bound, kept }) => `${kept ? "kept  " : "BROKEN"} ${what}: ${found} (${bound})`)
    .join("\n");
