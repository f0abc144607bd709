/** What a soak is judged by, and what is shown of it; `lab.test.ts` has a short one. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Churn, TROUBLES } from "./churn.ts";
import { type Figures, sumOf } from "./figures.ts";
import { type Entry, Journal, readJournal } from "./journal.ts";
import { pageOf, plotsOf } from "./page.ts";
import { svgOf } from "./plot.ts";
import { weakest } from "./tally.ts";
import { floorOf, medianOf, type Point, peaksOf, slopeOf } from "./trend.ts";
import { verdictOf } from "./verdict.ts";

const MIB = 1024 ** 2;
const MINUTE_MS = 60_000;

test("a slope is that of most points: a third of wild ones does not move it", () => {
  const line = Array.from({ length: 30 }, (_, x): Point => [x, 5 + 2 * x]);
  const wild = line.map(([x, y], i): Point => (i % 4 === 0 ? [x, 1_000] : [x, y]));
  assert.equal(slopeOf(line), 2);
  assert.ok(Math.abs(slopeOf(wild) - 2) < 0.5, String(slopeOf(wild)));
  assert.equal(slopeOf([[1, 1]]), 0);
});

test("the floor of a saw is flat though its points go up and down, its peaks are kept too", () => {
  const saw = Array.from({ length: 100 }, (_, x): Point => [x, 50 + (x % 10)]);
  assert.deepEqual(new Set(floorOf(saw, 10).map(([, y]) => y)), new Set([50]));
  assert.deepEqual(new Set(peaksOf(saw, 10).map(([, y]) => y)), new Set([59]));
  assert.deepEqual(floorOf([], 10), []);
});

test("the median of an even number is between the two in the middle", () => {
  assert.equal(medianOf([9, 1, 3]), 3);
  assert.equal(medianOf([9, 1, 3, 5]), 4);
  assert.equal(medianOf([]), 0);
});

test("a metric is summed over its labels, or those asked for; one whose name only begins alike is another", () => {
  const exposition = 'a_total{kind="x"} 1\na_total{kind="y"} 2\na_total_more 4\n# TYPE b gauge\nb 8';
  assert.deepEqual(
    [
      sumOf(exposition, "a_total"),
      sumOf(exposition, "a_total", 'kind="y"'),
      sumOf(exposition, "b"),
      sumOf(exposition, "c"),
    ],
    [3, 2, 8, 0],
  );
});

test("every event comes within its time, the rarest first, and every number has one", () => {
  const names = Array.from({ length: 500 }, (_, i) => Churn.troubleOf(i + 1).name);
  assert.deepEqual(new Set(names), new Set(TROUBLES.map(({ name }) => name)));
  assert.equal(names[210], "history-forgotten");
});

test("of what happens at once, the weakest promise holds", () => {
  assert.equal(weakest([]), "nothing");
  assert.equal(weakest([{ promised: "nothing" }, { promised: "safe" }]), "safe");
  assert.equal(weakest([{ promised: "measured" }, { promised: "safe" }]), "measured");
});

const FIGURES: Figures = {
  rssBytes: 150 * MIB,
  heapUsedBytes: 30 * MIB,
  heapTotalBytes: 50 * MIB,
  externalBytes: 5 * MIB,
  descriptors: 40,
  threads: 12,
  handles: 14,
  proxies: 3,
  streams: 3,
  hostnames: 20,
  held: 145,
  problems: 0,
  blockMs: 12,
  fullCollections: 3,
  collectingSeconds: 1,
  cpuSeconds: 60,
};

/** Two hours with a rest every quarter of an hour; `figures` tells what is there after so many minutes. */
function journalOf(figures: (minute: number) => Partial<Figures>): readonly Entry[] {
  const of = (minute: number): Figures => ({ ...FIGURES, ...figures(minute) });
  const minutes = Array.from({ length: 121 }, (_, minute) => minute);
  return [
    {
      entry: "plan",
      at: 0,
      tempo: "fast",
      apps: 20,
      hosts: 4,
      perSecond: 40,
      ms: 120 * MINUTE_MS,
      leastEvents: 0,
      calmMs: 0,
      sampleMs: MINUTE_MS,
      eventMs: 3_000,
      restMs: 15 * MINUTE_MS,
      machine: "2 cores",
    },
    ...minutes.map(
      (minute): Entry => ({
        entry: "sample",
        at: minute * MINUTE_MS,
        signalbox: of(minute),
        envoys: { "envoy-1": 60 * MIB },
        requests: 2_400,
        machineLoad: 1,
      }),
    ),
    ...minutes
      .filter((minute) => minute % 15 === 0)
      .map((minute): Entry => ({ entry: "rest", at: minute * MINUTE_MS, signalbox: of(minute), events: minute * 20 })),
    { entry: "event", at: 1, name: "rollout", tookMs: 800 },
    { entry: "end", at: 120 * MINUTE_MS, why: "its time was over" },
  ];
}

const notKept = (entries: readonly Entry[]): readonly string[] =>
  verdictOf(entries)
    .filter(({ kept }) => !kept)
    .map(({ what }) => what);

test("what stays the same is kept, and so is what goes up and down; a warm-up in the first half counts for nothing", () => {
  assert.deepEqual(notKept(journalOf(() => ({}))), []);
  const saw = (minute: number) => ({
    rssBytes: (150 + (minute % 7)) * MIB,
    heapUsedBytes: (minute < 45 ? 20 : 30) * MIB,
  });
  assert.deepEqual(notKept(journalOf(saw)), []);
});

test("each thing that grows is told by its own line", () => {
  const grows: readonly (readonly [Partial<Record<keyof Figures, number>>, string])[] = [
    [{ heapUsedBytes: 5 * MIB }, "objects alive, at rest, in the second half"],
    [{ externalBytes: 5 * MIB }, "memory that they hold outside V8's heap, at rest, in the second half"],
    [{ rssBytes: 20 * MIB }, "resident memory in the second half"],
    [{ descriptors: 10 }, "descriptors at rest"],
    [{ streams: 1 }, "streams at rest"],
    [{ hostnames: 1 }, "hostnames at rest"],
  ];
  for (const [perHour, what] of grows) {
    const entries = journalOf((minute) =>
      Object.fromEntries(
        Object.entries(perHour).map(([figure, by]) => [figure, FIGURES[figure as keyof Figures] + (by * minute) / 60]),
      ),
    );
    assert.deepEqual(notKept(entries), [what]);
  }
});

test("a failed request counts where it broke a promise, an event that did not end and a soak that broke off always", () => {
  const failure = {
    entry: "failure",
    at: 5,
    id: 7,
    request: "GET",
    hostname: "app-1.lab.test",
    proxy: "envoy-1",
    tookMs: 12,
    words: "answer 503",
    class: "safe",
    during: ["rollout"],
    broken: false,
    around: ["3 ms lab: something"],
  } as const satisfies Entry;
  const whole = journalOf(() => ({}));
  assert.deepEqual(notKept([...whole, failure]), []);
  assert.deepEqual(notKept([...whole, { ...failure, broken: true }]), ["requests that failed"]);
  assert.deepEqual(notKept([...whole, { entry: "event", at: 6, name: "scale", tookMs: 1, error: "not settled" }]), [
    "events that did not come to their end",
  ]);
  assert.deepEqual(notKept(whole.slice(0, -1)), ["the soak"]);
  const page = pageOf([...whole, { ...failure, broken: true }], (plot) => `soak/${plot}.svg`);
  assert.match(page, /\| 1 \| against a promise \| safe \| answer 503 \| rollout \|/);
  assert.match(page, /lab\/7 GET app-1\.lab\.test through envoy-1, 12 ms: answer 503\n3 ms lab: something/);
});

test("the page shows every plot that is made", () => {
  const entries = journalOf(() => ({}));
  const shown = [...pageOf(entries, (plot) => `soak/${plot}.svg`).matchAll(/!\[.*\]\(soak\/(.*)\.svg\)/g)].map(
    ([, name]) => name,
  );
  assert.deepEqual(shown, [...plotsOf(entries).keys()]);
});

test("a plot has its line where the values are: the highest at the top, the last at the right", () => {
  const svg = svgOf({
    title: "a < b",
    units: ["minutes", "MiB"],
    series: [
      {
        name: "x",
        points: [
          [0, 0],
          [5, 50],
          [10, 100],
        ],
      },
    ],
    marks: [5],
  });
  assert.match(svg, /<path d="M64 244L474 148L884 52" fill="none"/);
  assert.match(svg, /<path d="M474 52V244" stroke="#999999"/);
  assert.match(svg, />a &lt; b</);
  assert.match(svg, />100<\/text>/);
});

test("a plot of nothing, and of nothing but zeros, is still a picture", () => {
  for (const points of [
    [],
    [
      [0, 0],
      [1, 0],
    ],
  ] as const)
    assert.doesNotMatch(
      svgOf({ title: "", units: ["", ""], series: [{ name: "", points }], marks: [] }),
      /NaN|Infinity/,
    );
});

test("a journal that was cut off in the middle of a line is read up to there", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-journal-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "journal.jsonl");
  new Journal(file).write({ entry: "end", at: 1, why: "a" });
  new Journal(file).write({ entry: "end", at: 2, why: "b" });
  await writeFile(file, '{"entry":"en', { flag: "a" });
  assert.deepEqual(
    (await readJournal(file)).map(({ at }) => at),
    [1, 2],
  );
});
