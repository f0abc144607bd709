/**
 * `npm run bench:fanout`: what it costs to keep a crowd of proxies up to date, and what it costs when all of them come back at once; and, in the same run
 * and with the same client, the xDS server beside a server on go-control-plane. Proxies only speak the protocol.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeConfiguration } from "../configuration.ts";
import { machineLine } from "../machine.ts";
import { Content } from "./content.ts";
import { startCore } from "./core-subject.ts";
import { startGo } from "./go-subject.ts";
import { HOSTS, measure, type Plan } from "./measure.ts";
import { type ClientTls, makeMutualTls } from "./mutual-tls.ts";
import { progress } from "./progress.ts";
import { type Compared, pageOf, type Report, type Served, tablesOf } from "./report.ts";
import { startServe, writeObjects } from "./serve-subject.ts";

const ROOT = join(import.meta.dirname, "../../..");

const USAGE = `npm run bench:fanout -- [options]
  --clients 1000           proxies of \`signalbox serve\`; 0 leaves that part out
  --hostnames 5000         hostnames
  --tls both               with mutual TLS as well as in plaintext; "no": in plaintext alone, "yes": with TLS alone
  --rate 25                changes per second
  --seconds 300            for so long, each
  --main dist/main.js      what is measured: what \`npm run build\` makes, as users get it
  --beside 1,100,1000      clients of the xDS server alone and of go-control-plane, one change at a time; "" for none
  --beside-hostnames 5000  hostnames there; several sizes by commas
  --beside-seconds 30      for so long each
  --json file              raw figures
  --write                  put the tables into docs/fanout.md`;

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "1000" },
    hostnames: { type: "string", default: "5000" },
    tls: { type: "string", default: "both" },
    rate: { type: "string", default: "25" },
    seconds: { type: "string", default: "300" },
    main: { type: "string", default: "dist/main.js" },
    beside: { type: "string", default: "1,100,1000" },
    "beside-hostnames": { type: "string", default: "5000" },
    "beside-seconds": { type: "string", default: "30" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function number(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text !== "" && Number.isFinite(value) && value >= least) return value;
  throw new Error(`--${option} ${text}: write a number from ${least} on`);
}

const numbers = (option: string, text: string, least: number): readonly number[] =>
  text === "" ? [] : text.split(",").map((one) => number(option, one, least));

type Wire = Served["wire"];

function wires(text: string): readonly Wire[] {
  if (text === "both") return ["plaintext", "mTLS"];
  if (text === "no") return ["plaintext"];
  if (text === "yes") return ["mTLS"];
  throw new Error(`--tls ${text}: write both, no or yes`);
}

interface Prepared {
  readonly folder: string;
  readonly configuration: string;
  readonly tls: ClientTls | undefined;
}

/** A folder with the configuration that all servers share, and its content. Removed afterwards. */
async function inFolder<Result>(wire: Wire, work: (prepared: Prepared) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-fanout-"));
  try {
    const source = { folder: join(folder, "objects") };
    const tls = wire === "mTLS" ? await makeMutualTls(folder) : undefined;
    const wanted = { source, listenerPort: 10_000, layout: "scoped", tls: tls?.server } as const;
    return await work({ folder, configuration: await writeConfiguration(folder, wanted), tls: tls?.client });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function served(plan: Plan, wire: Wire): Promise<Served> {
  return inFolder(wire, async (prepared) => {
    const { folder } = prepared;
    const start = () => startServe({ ...prepared, main: resolve(ROOT, values.main) });
    const first = async ({ placed }: { readonly placed: ReadonlyMap<string, number> }) => {
      await writeObjects(folder, placed, HOSTS);
      return start();
    };
    const { figures, back } = await measure(plan, first, start);
    if (back === undefined) throw new Error("nobody came back");
    return { plan, wire, figures, back };
  });
}

function compared(plan: Plan): Promise<Compared> {
  return inFolder("plaintext", async ({ configuration }) => {
    const content = await Content.of(configuration);
    const own = await measure(plan, ({ placed }) => startCore(content, placed));
    const go = await measure(plan, ({ placed }) => startGo(content, placed));
    return { plan, own: own.figures, go: go.figures };
  });
}

async function main(): Promise<void> {
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const rate = number("rate", values.rate, 0.1);
  const clients = number("clients", values.clients, 0);
  const report: { served: Served[]; compared: Compared[] } & Pick<Report, "machine"> = {
    machine: machineLine(undefined),
    served: [],
    compared: [],
  };
  if (clients > 0) {
    const hostnames = number("hostnames", values.hostnames, 2);
    const seconds = number("seconds", values.seconds, 1);
    for (const wire of wires(values.tls)) {
      progress(`signalbox serve, ${wire}: ${clients} proxies, ${hostnames} hostnames, ${seconds} s …`);
      report.served.push(await served({ clients, hostnames, rate, seconds, oneByOne: false }, wire));
    }
  }
  const seconds = number("beside-seconds", values["beside-seconds"], 1);
  for (const hostnames of numbers("beside-hostnames", values["beside-hostnames"], 2))
    for (const many of numbers("beside", values.beside, 1)) {
      progress(`beside go-control-plane: ${many} clients, ${hostnames} hostnames, ${seconds} s each …`);
      report.compared.push(await compared({ clients: many, hostnames, rate, seconds, oneByOne: true }));
    }
  console.log(tablesOf(report));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 1)}\n`);
  if (values.write) await writeFile(join(ROOT, "docs/fanout.md"), pageOf(report));
}

// An exit runs the handlers that end our children; a signal alone would not.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
await main();
