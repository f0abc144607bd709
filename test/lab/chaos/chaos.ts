/** `npm run chaos`: a seeded sequence of everything that can happen, under load, judged by an oracle. */
import { appendFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { oneOf, wholeNumber } from "../../command-options.ts";
import { ENVOYS } from "../gateway/envoys.ts";
import { TEMPOS, type TempoName } from "../operator/tempo.ts";
import { setStage } from "../trial.ts";
import { storyOf } from "./chaos-story.ts";
import { followLateness, runChaos } from "./run.ts";
import { scheduleOf } from "./schedule.ts";

const USAGE = `npm run chaos -- [options]
  --seed 7          one run; without, one is chosen and told
  --seeds 1-20      a run for each, one after the other on one laboratory
  --seconds 60      in which things happen; what they did heals afterwards
  --only 3,7,9      of the schedule's deeds these alone
  --tell unknown    tell some of the requests in full too that were allowed to fail for this cause
  --dry             tell the schedule, and do nothing
  --tempo fast      fast, realistic or crowded, as for npm run lab
  --apps 20         deployments, each with a hostname of its own, all under load
  --hosts 4
  --signalboxes 1   with more, found by name as in a cluster, one of them is restarted or killed at a time
  --rate 300        requests per second, of all kinds together
  --verbose         tell everything that is said, at once
  --log file        append what is printed to this file too`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    seconds: { type: "string", default: "60" },
    only: { type: "string" },
    tell: { type: "string" },
    dry: { type: "boolean", default: false },
    tempo: { type: "string", default: "fast" },
    apps: { type: "string", default: "20" },
    hosts: { type: "string", default: "4" },
    signalboxes: { type: "string", default: "1" },
    rate: { type: "string", default: "300" },
    verbose: { type: "boolean", default: false },
    log: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** Of each deployment: with two, most that is lost leaves nobody. */
const REPLICAS = 3;

const MOST_SEED = 1_000_000;

function seeds(): readonly number[] {
  if (values.seeds === undefined)
    return [values.seed === undefined ? 1 + Math.floor(Math.random() * MOST_SEED) : wholeNumber("seed", values.seed)];
  const [first = "", last = first] = values.seeds.split("-");
  const [from, to] = [wholeNumber("seeds", first), wholeNumber("seeds", last)];
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}

async function print(text: string): Promise<void> {
  console.log(text);
  if (values.log !== undefined) await appendFile(values.log, `${text}\n`);
}

function tell({ at, who, text }: { readonly at: number; readonly who: string; readonly text: string }): void {
  console.log(`${new Date(at).toISOString().slice(11, 23)} ${who}: ${text}`);
}

async function main(): Promise<void> {
  if (values.help) return console.log(USAGE);
  const tempo = oneOf("tempo", values.tempo, Object.keys(TEMPOS) as TempoName[]);
  const [apps, hosts] = [wholeNumber("apps", values.apps), wholeNumber("hosts", values.hosts)];
  const signalboxes = wholeNumber("signalboxes", values.signalboxes);
  const seconds = wholeNumber("seconds", values.seconds);
  const only = values.only?.split(",").map((number) => wholeNumber("only", number));
  const runs = seeds().map((seed) => {
    const schedule = scheduleOf({ seed, seconds, apps, hosts, proxies: ENVOYS.length });
    return { seed, schedule: schedule.filter(({ number }) => only === undefined || only.includes(number)) };
  });
  if (values.dry) {
    for (const run of runs) await print(storyOf(run));
    return;
  }
  const stage = await setStage({
    tempo,
    gateway: "signalbox",
    apps,
    hosts,
    replicas: REPLICAS,
    perSecond: wholeNumber("rate", values.rate),
    overDelete: false,
    ...(signalboxes === 1 ? {} : { xds: { signalboxes } }),
    ...(values.verbose ? { echo: tell } : {}),
  });
  const unfollow = followLateness(stage.lab);
  try {
    for (const run of runs) {
      const result = await runChaos(stage, run.schedule);
      if (result.violations.length + result.unhealed.length + result.undone.length > 0) process.exitCode = 1;
      await print(storyOf(run, result, values.tell));
    }
  } finally {
    unfollow();
    await stage.lab.stop();
  }
}

// An exit runs the handlers that end our children; a signal alone would not.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
await main();
