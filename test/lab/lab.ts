/** `npm run lab`: scenarios in the laboratory, one after the other, each on a new one. */
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, parseArgs } from "node:util";
import { machineLine } from "../bench/machine.ts";
import { oneOf, wholeNumber } from "../command-options.ts";
import { ENVOYS } from "./gateway/envoys.ts";
import type { GatewayName } from "./gateway/gateway.ts";
import { TEMPOS, type TempoName } from "./operator/tempo.ts";
import { pageOf } from "./page.ts";
import { addResult, readResults, resultOf } from "./result.ts";
import { SCENARIOS, scenariosNamed } from "./scenarios/catalogue.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { storyOf } from "./story.ts";
import { setStage, trial } from "./trial.ts";

const PAGE = join(import.meta.dirname, "../../docs/zero-downtime.md");

const USAGE = `npm run lab -- [options]
  --scenario rollout-all,scale   which; all for every one
  --tempo fast                   fast: what the operator waits for comes ten times sooner; realistic: as the real one's constants have it;
                                 crowded: fast, on a machine that is busy with something else too
  --gateway signalbox            or follows-ready: a plain proxy that does what wasmCloud's own gateway does; or both
  --apps 20                      deployments, each with a hostname of its own, all under load
  --hosts 4
  --rate 300                     requests per second, of all kinds together
  --times 1                      how often each
  --verbose                      tell everything that is said, at once
  --log file                     append what is printed to this file too
  --results file                 add the counts to those that this file has
  --write                        make docs/zero-downtime.md of the results; without a scenario, of those that the file has

Scenarios:
${SCENARIOS.map(({ name, what, promised }) => `  ${name.padEnd(30)} ${what} (promised: ${promised})`).join("\n")}`;

const { values } = parseArgs({
  options: {
    scenario: { type: "string" },
    tempo: { type: "string", default: "fast" },
    gateway: { type: "string", default: "signalbox" },
    apps: { type: "string", default: "20" },
    hosts: { type: "string", default: "4" },
    rate: { type: "string", default: "300" },
    times: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
    log: { type: "string" },
    results: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** All trials of a scenario at a gateway: told, counted. One that could not be carried out does not cost the others. */
async function tryOut(scenario: Scenario, gateway: GatewayName, results: string): Promise<void> {
  const tempo = oneOf("tempo", values.tempo, Object.keys(TEMPOS) as TempoName[]);
  const { replicas = 2, overDelete = false, xds } = scenario;
  const plan = {
    tempo,
    gateway,
    apps: wholeNumber("apps", values.apps),
    hosts: wholeNumber("hosts", values.hosts),
    perSecond: wholeNumber("rate", values.rate),
    replicas,
    overDelete,
    ...(xds === undefined ? {} : { xds }),
  };
  try {
    const stage = await setStage({ ...plan, ...(values.verbose ? { echo: tell } : {}) });
    const verdict = await trial(stage, scenario).finally(() => stage.lab.stop());
    if (verdict.broken.length > 0 && gateway === "signalbox") process.exitCode = 1;
    await addResult(results, resultOf(verdict, gateway, tempo));
    await print(gateway === "signalbox" ? storyOf(verdict) : `${gateway}: ${storyOf({ ...verdict, broken: [] })}`);
  } catch (error) {
    process.exitCode = 1;
    await print(`FAILED ${scenario.name}: ${inspect(error)}`); // with its cause
  }
}

/** The laboratory alone makes a load of 2 to 4; what is above were others. */
const busyText = (): string => `load average over the last 15 minutes ${loadavg()[2]?.toFixed(1)}`;

async function print(text: string): Promise<void> {
  console.log(text);
  if (values.log !== undefined) await appendFile(values.log, `${text}\n`);
}

function tell({ at, who, text }: { readonly at: number; readonly who: string; readonly text: string }): void {
  console.log(`${new Date(at).toISOString().slice(11, 23)} ${who}: ${text}`);
}

async function main(): Promise<void> {
  const { scenario = "", write, help } = values;
  if (help || (scenario === "" && !write)) return console.log(USAGE);
  const wanted = scenario === "all" ? SCENARIOS : scenariosNamed(scenario.split(",").filter((name) => name !== ""));
  const asked = oneOf("gateway", values.gateway, ["signalbox", "follows-ready", "both"]);
  const gateways: readonly GatewayName[] = asked === "both" ? ["signalbox", "follows-ready"] : [asked];
  const folder = await mkdtemp(join(tmpdir(), "signalbox-lab-results-"));
  const results = values.results ?? join(folder, "results.json");
  try {
    for (const one of wanted)
      for (const gateway of gateways.filter((name) => one.about === undefined || one.about === name))
        for (let i = 0; i < wholeNumber("times", values.times); i++) await tryOut(one, gateway, results);
    const versions = [...new Set(ENVOYS.map(({ version }) => version))].join(" and ");
    if (write) await writeFile(PAGE, pageOf(await readResults(results), `${machineLine(versions)}; ${busyText()}`));
  } finally {
    await rm(folder, { recursive: true });
  }
}

// An exit runs the handlers that end our children; a signal alone would not.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
await main();
