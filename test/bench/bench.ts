/**
 * `npm run bench`: how long a change takes until it is served, and what Signalbox costs, with real Envoys, a real API server and real sockets. In the same
 * run and by the same client, the floor: a minimal server that pushes the same bytes from memory. Only ratios of one run mean much.
 */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { oneOf, wholeNumber } from "../command-options.ts";
import { machineLine } from "./machine.ts";
import type { Amounts } from "./measure.ts";
import { pageOf } from "./page.ts";
import { reportOf, shapeText } from "./report.ts";
import { type RunResult, run, type SystemName } from "./run.ts";
import type { Shape } from "./scenario.ts";

const ROOT = join(import.meta.dirname, "../..");
const HOSTS = 10;

const USAGE = `npm run bench -- [options]
  --hostnames 100,1000,5000  installations of so many hostnames on ${HOSTS} hosts behind one Envoy; "" for none
  --fleet 500x50x3           one more: hostnames x hosts x Envoys; "" for none
  --crowds 5000x10,5000x1000 more: hostnames x proxies, of which one is an Envoy and the others only speak the protocol; "" for none
  --source both              folder, kubernetes or both; the floor is always measured
  --moves 200  --new 50      measured changes, idle and under load each
  --rate 25                  other moves per second under load
  --burst 1000               new hostnames at once
  --layout auto              auto, rds or scoped
  --main src/main.ts         what is measured; after \`npm run build\`, dist/main.js is what users get
  --json file                raw figures
  --write                    put the tables into docs/performance.md`;

const { values } = parseArgs({
  options: {
    hostnames: { type: "string", default: "100,1000,5000" },
    fleet: { type: "string", default: "500x50x3" },
    crowds: { type: "string", default: "5000x10,5000x1000" },
    source: { type: "string", default: "both" },
    moves: { type: "string", default: "200" },
    new: { type: "string", default: "50" },
    rate: { type: "string", default: "25" },
    burst: { type: "string", default: "1000" },
    layout: { type: "string", default: "auto" },
    main: { type: "string", default: "src/main.ts" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function shapesOf({
  hostnames,
  fleet,
  crowds,
}: {
  hostnames: string;
  fleet: string;
  crowds: string;
}): readonly Shape[] {
  const shapes: Shape[] = hostnames
    .split(",")
    .filter((text) => text !== "")
    .map((text) => ({ hostnames: wholeNumber("hostnames", text, 2), hosts: HOSTS, envoys: 1, proxies: 0 }));
  if (fleet !== "") {
    const [many = "", hosts = "", envoys = ""] = fleet.split("x");
    shapes.push({
      hostnames: wholeNumber("fleet", many, 2),
      hosts: wholeNumber("fleet", hosts, 2),
      envoys: wholeNumber("fleet", envoys, 1),
      proxies: 0,
    });
  }
  for (const crowd of crowds.split(",").filter((text) => text !== "")) {
    const [many = "", proxies = ""] = crowd.split("x");
    shapes.push({
      hostnames: wholeNumber("crowds", many, 2),
      hosts: HOSTS,
      envoys: 1,
      proxies: wholeNumber("crowds", proxies, 2) - 1,
    });
  }
  return shapes;
}

async function main(): Promise<void> {
  if (values.help) return console.log(USAGE);
  const source = oneOf("source", values.source, ["folder", "kubernetes", "both"]);
  const layout = oneOf("layout", values.layout, ["auto", "rds", "scoped"]);
  const amounts: Amounts = {
    moves: wholeNumber("moves", values.moves, 1),
    news: wholeNumber("new", values.new, 1),
    rate: wholeNumber("rate", values.rate, 0),
    burst: wholeNumber("burst", values.burst, 1),
    gapMs: 60,
  };
  const systems: readonly SystemName[] = source === "both" ? ["floor", "folder", "kubernetes"] : ["floor", source];
  const results: RunResult[] = [];
  for (const shape of shapesOf(values))
    for (const system of systems) {
      if (system === "floor" && shape.proxies > 0) continue; // it keeps no stream from flooding it
      console.error(`${shapeText(shape)}: ${system} …`);
      try {
        results.push(await run({ shape, system, amounts, layout, main: resolve(ROOT, values.main) }));
      } catch (error) {
        console.error(error); // what the other runs have measured is not thrown away for it
        process.exitCode = 1;
      }
    }
  const machine = machineLine(results[0]?.envoyVersion ?? "?");
  const report = { machine, layout, amounts, results };
  console.log(reportOf(report));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 1)}\n`);
  if (values.write) await writeFile(join(ROOT, "docs/performance.md"), pageOf(report));
}

// An exit runs the handlers that end our children, API server and etcd among them; a signal alone would not.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
await main();
