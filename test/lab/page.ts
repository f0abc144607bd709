/** docs/zero-downtime.md: the table between words that tell how to read it. Equal results, equal pages. */
import type { GatewayName } from "./gateway/gateway.ts";
import type { FailureClass } from "./judgement.ts";
import type { Result } from "./result.ts";
import { GROUPS, SCENARIOS, type ScenarioGroup } from "./scenarios/catalogue.ts";
import type { Promised, Scenario } from "./scenarios/scenario.ts";

const PROMISES: Readonly<Record<Promised, string>> = {
  nothing: "nothing fails",
  safe: "no safe request fails whose answer had not begun",
  measured: "",
};

const SCENARIO_BY_NAME: ReadonlyMap<string, Scenario> = new Map(SCENARIOS.map((one) => [one.name, one]));

const COLUMNS = [
  "what happens",
  "promised",
  "Signalbox: failed of requests",
  "by stops",
  "Follows Ready: failed of requests",
  "by stops",
  "cause",
];

/** A failure that only the host can prevent is not counted with the others. */
const COUNTED: readonly FailureClass[] = ["foreign", "safe", "unsafe", "begun"];

export function pageOf(results: readonly Result[], machine: string): string {
  const realistic = results.filter(({ tempo }) => tempo === "realistic");
  const others = results.filter(({ tempo }) => tempo !== "realistic");
  const tempos = [...new Set(others.map(({ tempo }) => tempo))].join(", ");
  return `# Zero downtime

Written by \`npm run lab -- --scenario all --write\`; do not edit.

Requests that failed while things moved, in [the laboratory](../test/lab/README.md): a real kube-apiserver with its garbage collector, \`signalbox serve\`, real Envoys (1.40.0 with scoped routes, 1.36.2 with one
RouteConfiguration, 1.40.0 over state-of-the-world streams), and a played operator and played hosts that do what wasmCloud 2.7.0 does. 20 deployments of 2 replicas (unless said otherwise) on 4 hosts, all of them moving and all under load: an
open loop of 300 requests per second of GET and POST, over connections kept and new, HTTP/1.1, HTTP/2, gRPC, uploads and streams of two seconds. Tempo: ${tempos}. ${machine}.

*Follows Ready* is a plain proxy in the same laboratory that does what wasmCloud's runtime-gateway 2.7.0 does: it follows \`Ready\` of workloads and hosts, and asks once. It does not speak HTTP/2, so it is spared
those requests; and it finds a host again that was Unknown, which that gateway forgets until each of its workloads changes.

${promisesKept(others)}

${[...GROUPS.flatMap((group) => sectionOf(group, others)), ...realisticSection(realistic)].join("\n\n")}

## How to read it
- *safe*: a request of a safe method (GET, HEAD) whose answer had not begun. *unsafe*: of another method, not begun. *begun*: the answer had begun, so that nobody could ask again.
- *By stops*: requests that the host itself ends when it stops a workload: those under way on pooled instances and services, and those that it hands to a service that is stopping (503) while another replica of the
  name runs beside it on the same host. They are counted apart, for every gateway, since the host alone decides them.
- *Told that nobody serves*: 503 with the text \`No backend available\`, or an empty 404, while a scenario leaves a hostname without any replica. No failure; anything else would be.
- What is not promised has its cause beside it.
`;
}

/** What the whole of it comes to. */
function promisesKept(results: readonly Result[]): string {
  const own = results.filter(({ gateway }) => gateway === "signalbox");
  const lines = (["nothing", "safe"] as const).map((promised) => {
    const rows = own.filter(({ scenario }) => SCENARIO_BY_NAME.get(scenario)?.promised === promised);
    const requests = rows.reduce((total, row) => total + row.requests, 0);
    const broken = rows.reduce((total, row) => total + row.broken, 0);
    return `- *${PROMISES[promised]}* is promised in ${rows.length} of ${own.length} scenarios: ${number(broken)} of ${number(requests)} requests broke it.`;
  });
  return lines.join("\n");
}

function sectionOf({ title, scenarios }: ScenarioGroup, results: readonly Result[]): readonly string[] {
  const rows = rowsOf(scenarios, results);
  return rows.length === 0 ? [] : [`## ${title}\n\n${tableOf(rows)}`];
}

/** The same scenarios at another pace, all in one table. */
function realisticSection(results: readonly Result[]): readonly string[] {
  const rows = GROUPS.flatMap(({ scenarios }) => rowsOf(scenarios, results));
  if (rows.length === 0) return [];
  const words = `Tempo realistic: intervals and time-outs of operator and hosts as wasmCloud 2.7.0 has them, ten times those above; components start in 150 to 500 ms.`;
  return [`## At the pace of the real operator\n\n${words}\n\n${promisesKept(results)}\n\n${tableOf(rows)}`];
}

function rowsOf(scenarios: readonly Scenario[], results: readonly Result[]): readonly (readonly string[])[] {
  return scenarios.flatMap((scenario) => {
    const of = (gateway: GatewayName): Result | undefined =>
      results.find((result) => result.scenario === scenario.name && result.gateway === gateway);
    const [own, other] = [of("signalbox"), of("follows-ready")];
    return own === undefined ? [] : [rowOf(scenario, own, other)];
  });
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(COLUMNS), line(COLUMNS.map(() => "---")), ...rows.map(line)].join("\n");
}

function rowOf({ what, promised, cause = "" }: Scenario, own: Result, other: Result | undefined): readonly string[] {
  return [what, PROMISES[promised], ...cellsOf(own), ...(other === undefined ? ["", ""] : cellsOf(other)), cause];
}

function cellsOf({ failed, requests, absent }: Result): readonly string[] {
  const sum = COUNTED.reduce((total, name) => total + failed[name], 0);
  const parts = COUNTED.filter((name) => failed[name] > 0).map((name) => `${number(failed[name])} ${name}`);
  const text = `${number(sum)} of ${number(requests)}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}${absent === 0 ? "" : `; ${number(absent)} told that nobody serves`}`;
  return [text, number(failed.killed + failed.stopping)];
}

const number = (value: number): string => value.toLocaleString("en");
