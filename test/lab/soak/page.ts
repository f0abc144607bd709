/** docs/soak.md and its plots: what a journal says, for a person. Pure: equal journals, equal pages. */
import { TROUBLES } from "./churn.ts";
import type { Entry, FailedRequest, Rest } from "./journal.ts";
import { type Plot, type Series, svgOf } from "./plot.ts";
import { medianOf, type Point } from "./trend.ts";
import { entriesOf, MIB, perHourText, residentSlope, verdictOf } from "./verdict.ts";

/** The Envoy that is never restarted. */
const LASTING_ENVOY = "envoy-1";
const MOST_FAILURES = 10;
const MINUTE_MS = 60_000;

const PLOTS = ["memory", "alive", "counts", "envoys", "requests", "event-loop"] as const;
export type PlotName = (typeof PLOTS)[number];

/** SVG texts. */
export function plotsOf(entries: readonly Entry[]): ReadonlyMap<PlotName, string> {
  const [plan, rests, samples] = [
    entriesOf(entries, "plan")[0],
    entriesOf(entries, "rest"),
    entriesOf(entries, "sample"),
  ];
  const began = plan?.at ?? 0;
  const minute = ({ at }: { readonly at: number }): number => (at - began) / MINUTE_MS;
  const sampled = (name: string, value: (sample: (typeof samples)[number]) => number | undefined): Series => ({
    name,
    points: samples.flatMap((sample): readonly Point[] => {
      const y = value(sample);
      return y === undefined ? [] : [[minute(sample), y]];
    }),
  });
  const rested = (name: string, value: (rest: Rest) => number): Series => ({
    name,
    points: rests.map((rest): Point => [minute(rest), value(rest)]),
    dots: true,
  });
  const marks = rests.map(minute);
  const plot = (title: string, unit: string, series: readonly Series[]): string =>
    svgOf({ title, units: ["minutes", unit], series, marks } satisfies Plot);
  const failed = entriesOf(entries, "failure");
  return new Map<PlotName, string>([
    [
      "memory",
      plot("Memory of Signalbox", "MiB", [
        sampled("resident", ({ signalbox }) => signalbox.rssBytes / MIB),
        sampled("V8's heap", ({ signalbox }) => signalbox.heapTotalBytes / MIB),
        sampled("objects in it", ({ signalbox }) => signalbox.heapUsedBytes / MIB),
        sampled("outside it", ({ signalbox }) => signalbox.externalBytes / MIB),
      ]),
    ],
    [
      "alive",
      plot("What is alive at rest, after a full collection", "MiB", [
        rested("objects", ({ signalbox }) => signalbox.heapUsedBytes / MIB),
        rested("memory that they hold outside V8's heap", ({ signalbox }) => signalbox.externalBytes / MIB),
      ]),
    ],
    [
      "counts",
      plot("What Signalbox has open", "", [
        sampled("hostnames", ({ signalbox }) => signalbox.hostnames),
        sampled("streams", ({ signalbox }) => signalbox.streams),
        sampled("file descriptors", ({ signalbox }) => signalbox.descriptors),
        sampled("handles of libuv", ({ signalbox }) => signalbox.handles),
      ]),
    ],
    [
      "envoys",
      plot(
        "Resident memory of Envoys",
        "MiB",
        Object.keys(samples[0]?.envoys ?? {}).map((name) =>
          sampled(name, ({ envoys }) => (envoys[name] === undefined ? undefined : envoys[name] / MIB)),
        ),
      ),
    ],
    [
      "requests",
      plot("Requests", "per second", [
        sampled("ended", ({ requests }) => requests / ((plan?.sampleMs ?? 1_000) / 1_000)),
        {
          name: "failed against a promise",
          points: failed.filter(({ broken }) => broken).map((one): Point => [minute(one), 1]),
          dots: true,
        },
      ]),
    ],
    [
      "event-loop",
      plot("Longest block of Signalbox' event loop between two samples", "ms", [
        sampled("block", ({ signalbox }) => signalbox.blockMs),
      ]),
    ],
  ]);
}

/** `pathOf` tells where a plot lies, as seen from the page. */
export function pageOf(entries: readonly Entry[], pathOf: (plot: PlotName) => string): string {
  const plan = entriesOf(entries, "plan")[0];
  const samples = entriesOf(entries, "sample");
  if (plan === undefined) throw new Error("the journal does not say what was to be done");
  const loads = samples.map(({ machineLoad }) => machineLoad);
  const took = ((entries.at(-1)?.at ?? plan.at) - plan.at) / MINUTE_MS;
  return `# Soak

Written by \`npm run soak -- --write\`; do not edit.

[The laboratory](../test/lab/README.md), never left alone for ${took.toFixed(0)} minutes: ${plan.apps} deployments of 2 replicas on ${plan.hosts} hosts behind three Envoys, ${plan.perSecond} requests per second of all kinds, and an event every ${plan.eventMs / 1000} s or as
soon as the one before is over. Signalbox is what \`npm run build\` makes, was started once, and had Node's inspector open. At a *rest* everything that came has gone, what was changed is as before, and all garbage has been collected: what is there then is what is kept.
Tempo: ${plan.tempo}. ${plan.machine}; load average ${medianOf(loads).toFixed(1)} in the median, ${Math.max(0, ...loads).toFixed(1)} at most: ${medianOf(loads) > BUSY ? "others kept the machine busy meanwhile" : "the machine had little else to do"}.

${table(
  ["", "found", "kept when", ""],
  verdictOf(entries).map(({ what, found, bound, kept }) => [what, found, bound, kept ? "kept" : "**not kept**"]),
)}

${PLOTS.map((plot) => `![${plot}](${pathOf(plot)})`).join("\n\n")}

Dashed lines are rests. Peaks are kept where a plot has fewer points than there were samples (one each ${plan.sampleMs / 1000} s).

## Rests

${restsTable(entries)}

## What happened

${eventsTable(entries)}

## Requests that failed

${failuresText(entries)}

## How to read it
- *Objects alive* and what they hold *outside V8's heap* are measured at rest, and judged from the middle on: before, code is compiled, and what is bounded fills up (names of hostnames that are gone, up to 1,024 for each kind of proxy and type;
  the log of changes, likewise). Slopes are medians over all pairs of rests (Theil–Sen), which single wild ones do not move.
- *Resident memory* also has what V8 and the allocator keep for later. Its slope is that of the lowest samples in the second half.
- The Envoy that was never restarted (${LASTING_ENVOY}) had ${perHourText(residentSlope(samples, ({ envoys }) => envoys[LASTING_ENVOY]))} in the second half, load and churn included.
- *held* is resources that proxies have acknowledged, over all of them.
- A request fails against a promise when what happened meanwhile, or up to 5 s before, promises that it does not ([zero-downtime.md](zero-downtime.md) has the promises). What a host ends by a stop is counted apart, as there.
`;
}

/** Load that the laboratory itself makes, on two cores. */
const BUSY = 3;

function restsTable(entries: readonly Entry[]): string {
  const began = entriesOf(entries, "plan")[0]?.at ?? 0;
  const rows = entriesOf(entries, "rest").map(({ at, events, signalbox: is }) => [
    ((at - began) / MINUTE_MS).toFixed(0),
    String(events),
    (is.heapUsedBytes / MIB).toFixed(1),
    (is.externalBytes / MIB).toFixed(1),
    (is.rssBytes / MIB).toFixed(0),
    String(is.hostnames),
    String(is.proxies),
    String(is.streams),
    String(is.held),
    String(is.descriptors),
    String(is.handles),
    String(is.threads),
    is.cpuSeconds.toFixed(0),
  ]);
  const head = [
    "minute",
    "events",
    "alive, MiB",
    "outside, MiB",
    "RSS, MiB",
    "hostnames",
    "proxies",
    "streams",
    "held",
  ];
  return table([...head, "descriptors", "handles", "threads", "CPU so far, s"], rows);
}

function eventsTable(entries: readonly Entry[]): string {
  const events = entriesOf(entries, "event");
  const rows = TROUBLES.toReversed().flatMap(({ name, what }) => {
    const ones = events.filter((event) => event.name === name);
    if (ones.length === 0) return [];
    const failed = ones.filter(({ error }) => error !== undefined).length;
    const seconds = (medianOf(ones.map(({ tookMs }) => tookMs)) / 1000).toFixed(1);
    return [[what, String(ones.length), `${seconds} s`, failed === 0 ? "" : String(failed)]];
  });
  return table(["event", "times", "took (median)", "did not end"], rows);
}

function failuresText(entries: readonly Entry[]): string {
  const failures = entriesOf(entries, "failure");
  if (failures.length === 0) return "None.";
  const groups = Map.groupBy(failures, keyOf);
  const rows = [...groups]
    .toSorted(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .map(([key, ones]) => [String(ones.length), ...key.split(" | ")]);
  const broken = failures.filter((failure) => failure.broken);
  return [
    table(["requests", "", "class", "what clients got", "meanwhile"], rows),
    ...broken.slice(0, MOST_FAILURES).map(storyOf),
  ].join("\n\n");
}

/** Those alike are one row: of one that no promise covers, what took the promise away is told alone. */
function keyOf({ broken, class: name, words, during }: FailedRequest): string {
  const weakening = TROUBLES.filter(({ promised }) => promised !== "nothing").map((trouble) => trouble.name);
  const meanwhile = broken ? during : during.filter((one) => weakening.includes(one));
  const cause = name === "killed" || name === "stopping" ? "its host stopped what served it" : meanwhile.join(", ");
  return [broken ? "against a promise" : "not promised", name, words, cause || "nothing"].join(" | ");
}

function storyOf({ id, request, hostname, proxy, tookMs, words, around }: FailedRequest): string {
  const head = `lab/${id} ${request} ${hostname} through ${proxy}, ${tookMs.toFixed(0)} ms: ${words}`;
  return `\`\`\`text\n${[head, ...around].join("\n")}\n\`\`\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
