/** `npm run soak`: an installation that is never left alone, for hours; does anything grow, and does any request fail? */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { machineLine } from "../../bench/machine.ts";
import { oneOf } from "../../command-options.ts";
import { ENVOYS } from "../gateway/envoys.ts";
import { TEMPOS, type TempoName } from "../operator/tempo.ts";
import { setStage } from "../trial.ts";
import { wallMs } from "../wall-clock.ts";
import { TROUBLES } from "./churn.ts";
import { Journal, readJournal, type SoakPlan } from "./journal.ts";
import { writePage } from "./page-files.ts";
import { soak } from "./run.ts";
import { verdictOf, verdictText } from "./verdict.ts";

const ROOT = join(import.meta.dirname, "../../..");

const CALM_MS = 15_000;

const USAGE = `npm run soak -- [options]
  --hours 1             how long
  --rate 40             requests per second, of all kinds together
  --apps 20             deployments, each with a hostname of its own, all under load
  --hosts 4
  --every 3             an event each so many seconds; what takes longer delays the next
  --rest 10             a rest each so many minutes: what came goes, garbage is collected, what is left is counted
  --sample 5            a sample each so many seconds
  --tempo fast          as of the laboratory
  --main dist/main.js   what is run: what \`npm run build\` makes, as users get it
  --journal file        where everything is written while it runs; default: a new file in the temporary folder
  --from file           no run: the report of a journal that is there
  --report file.md      the page; its plots go into a folder beside it
  --write               the page as docs/soak.md

Events:
${TROUBLES.map(({ name, what, every }) => `  ${name.padEnd(26)} ${what} (${every === 1 ? "all others" : `each ${every}th`})`).join("\n")}`;

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "1" },
    rate: { type: "string", default: "40" },
    apps: { type: "string", default: "20" },
    hosts: { type: "string", default: "4" },
    every: { type: "string", default: "3" },
    rest: { type: "string", default: "10" },
    sample: { type: "string", default: "5" },
    tempo: { type: "string", default: "fast" },
    main: { type: "string", default: "dist/main.js" },
    journal: { type: "string" },
    from: { type: "string" },
    report: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function positive(option: "hours" | "rate" | "apps" | "hosts" | "every" | "rest" | "sample"): number {
  const value = Number(values[option]);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${option} ${values[option]}: write a number above 0`);
}

function tell(text: string): void {
  console.log(`${new Date(wallMs()).toISOString().slice(11, 19)} ${text}`);
}

/** Runs, and gives the journal's name. What goes wrong is the journal's last entry, and ours. */
async function run(): Promise<string> {
  const file = values.journal ?? join(await mkdtemp(join(tmpdir(), "signalbox-soak-")), "journal.jsonl");
  const journal = new Journal(file);
  tell(`the journal is ${file}`);
  const plan: SoakPlan = {
    tempo: oneOf("tempo", values.tempo, Object.keys(TEMPOS) as TempoName[]),
    apps: positive("apps"),
    hosts: positive("hosts"),
    perSecond: positive("rate"),
    ms: positive("hours") * 3_600_000,
    leastEvents: 0,
    calmMs: CALM_MS,
    sampleMs: positive("sample") * 1_000,
    eventMs: positive("every") * 1_000,
    restMs: positive("rest") * 60_000,
    machine: machineLine([...new Set(ENVOYS.map(({ version }) => version))].join(" and ")),
  };
  const started = { main: resolve(ROOT, values.main), nodeOptions: ["--inspect=127.0.0.1:0"] };
  const stage = await setStage({
    ...plan,
    gateway: "signalbox",
    replicas: 2,
    overDelete: false,
    started,
    xds: { lines: true },
  });
  try {
    await soak(stage, plan, journal, tell);
    journal.write({ entry: "end", at: wallMs(), why: "its time was over" });
  } catch (error) {
    journal.write({ entry: "end", at: wallMs(), why: String(error) });
    process.exitCode = 1;
    tell(String(error instanceof Error ? error.stack : error));
  } finally {
    await stage.lab.stop();
  }
  return file;
}

async function main(): Promise<void> {
  if (values.help) return console.log(USAGE);
  const entries = await readJournal(values.from ?? (await run()));
  const verdict = verdictOf(entries);
  console.log(verdictText(verdict));
  if (verdict.some(({ kept }) => !kept)) process.exitCode = 1;
  if (values.report !== undefined) await writePage(values.report, entries);
  if (values.write) await writePage(join(ROOT, "docs/soak.md"), entries);
}

// An exit runs the handlers that end our children; a signal alone would not.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
await main();
