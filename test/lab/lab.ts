/** `npm run lab`: scenarios in the laboratory, one after the other, each on a new one. */
import { appendFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { TEMPOS, type TempoName } from "./operator/tempo.ts";
import { SCENARIOS, scenariosNamed } from "./scenarios/catalogue.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { storyOf } from "./story.ts";
import { setStage, trial, type Verdict } from "./trial.ts";

const USAGE = `npm run lab -- [options]
  --scenario rollout-all,scale   which; all for every one
  --tempo fast                   fast: what the operator waits for comes ten times sooner; realistic: as the real one's constants have it
  --apps 20                      deployments, each with a hostname of its own, all under load
  --hosts 4
  --rate 300                     requests per second, of all kinds together
  --times 1                      how often each
  --verbose                      tell everything that is said, at once
  --log file                     append what is printed to this file too

Scenarios:
${SCENARIOS.map(({ name, what, promised }) => `  ${name.padEnd(30)} ${what} (promised: ${promised})`).join("\n")}`;

const { values } = parseArgs({
  options: {
    scenario: { type: "string" },
    tempo: { type: "string", default: "fast" },
    apps: { type: "string", default: "20" },
    hosts: { type: "string", default: "4" },
    rate: { type: "string", default: "300" },
    times: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
    log: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

function count(option: "apps" | "hosts" | "rate" | "times"): number {
  const value = Number(values[option]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${option} ${values[option]}: write a whole number from 1 on`);
}

const isTempo = (name: string): name is TempoName => name in TEMPOS;

async function main(): Promise<void> {
  const { scenario, tempo, verbose, log, help } = values;
  if (help || scenario === undefined) return console.log(USAGE);
  if (!isTempo(tempo)) throw new Error(`--tempo ${tempo}: write one of ${Object.keys(TEMPOS).join(", ")}`);
  const wanted = scenario === "all" ? SCENARIOS : scenariosNamed(scenario.split(","));
  const [apps, hosts, perSecond, times] = [count("apps"), count("hosts"), count("rate"), count("times")];
  const told = verbose ? { echo: tell } : {};
  const tried = async (one: Scenario): Promise<Verdict> => {
    const { replicas = 2, overDelete = false } = one;
    const stage = await setStage({ tempo, apps, hosts, perSecond, replicas, overDelete, ...told });
    return await trial(stage, one).finally(() => stage.lab.stop());
  };
  for (const one of wanted)
    for (let i = 0; i < times; i++) {
      const text = await tried(one).then(
        (verdict) => {
          if (verdict.broken.length > 0) process.exitCode = 1;
          return storyOf(verdict);
        },
        (error: unknown) => {
          process.exitCode = 1; // the scenarios after it are worth something all the same
          return `FAILED ${one.name}: ${error instanceof Error ? error.stack : String(error)}`;
        },
      );
      console.log(text);
      if (log !== undefined) await appendFile(log, `${text}\n`);
    }
}

function tell({ at, who, text }: { readonly at: number; readonly who: string; readonly text: string }): void {
  console.log(`${new Date(at).toISOString().slice(11, 23)} ${who}: ${text}`);
}

// An exit runs the handlers that end our children; a signal alone would not.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
await main();
