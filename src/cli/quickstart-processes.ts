/** The processes of a quickstart: pretended hosts, Signalbox and Envoy, each a child that ends with us. */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bootstrapOf } from "../envoy/bootstrap.ts";
import { type Child, lastWords, startChild } from "./child.ts";
import type { EnvoyBinary } from "./envoy-binary.ts";
import type { QuickstartFolder } from "./quickstart-folder.ts";
import { Refusal } from "./refusal.ts";

export interface QuickstartProcesses {
  /** By name of the host. */
  readonly hosts: ReadonlyMap<string, Child>;
  readonly signalbox: Child;
  readonly envoy: Child;
  /** Ends all of them, Envoy first, so that nobody is served errors by what is half gone. */
  stop(): Promise<void>;
}

/** What to start. */
export interface QuickstartPlan {
  readonly folder: QuickstartFolder;
  readonly envoy: EnvoyBinary;
  /** Gives up when aborted. */
  readonly stop: AbortSignal;
  /** Signalbox's log, line by line. */
  readonly onLog: (line: string) => void;
}

/** How to run this program again: the node that runs it, its switches and the main file. */
const SELF: readonly string[] = [process.execPath, ...process.execArgv, process.argv[1] ?? ""];

/**
 * Starts everything, each when what it needs is there: Signalbox once the hosts listen, Envoy once Signalbox is ready. Returns when Envoy serves.
 * @throws Refusal with the last words of what did not come up; everything started is ended then. The signal's reason if it was aborted.
 */
export async function startProcesses({ folder, envoy, stop, onLog }: QuickstartPlan): Promise<QuickstartProcesses> {
  const started: Child[] = [];
  const start = async (name: string, command: readonly string[], onLine = (_: string): void => {}): Promise<Child> => {
    const [executable = "", ...args] = command;
    const child = await startChild({ name, command: executable, args, onLine });
    started.push(child);
    return child;
  };
  const stopAll = async (): Promise<void> => {
    for (const child of started.toReversed()) await child.stop();
  };
  try {
    const hosts = new Map<string, Child>();
    for (const { name } of folder.hosts)
      hosts.set(name, await start(`host ${name}`, [...SELF, "demo-host", folder.objects, "--name", name]));
    for (const child of hosts.values()) await comesUp(child, stop, async () => child.lastLines().length > 0);
    const signalbox = await start("Signalbox", [...SELF, "serve", "--config", folder.configFile], onLog);
    await comesUp(signalbox, stop, () => answers200(`http://127.0.0.1:${folder.ports.admin}/readyz`));
    const bootstrap = join(dirname(folder.configFile), "envoy.json");
    await writeFile(bootstrap, JSON.stringify(bootstrapFor(folder), undefined, 2));
    const proxy = await start(`Envoy ${envoy.version}`, [envoy.path, ...envoyArguments(bootstrap)]);
    await comesUp(proxy, stop, () => answers200(`http://127.0.0.1:${folder.ports.envoyAdmin}/ready`));
    return { hosts, signalbox, envoy: proxy, stop: stopAll };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

const bootstrapFor = ({ ports }: QuickstartFolder): Record<string, unknown> =>
  bootstrapOf({
    fleet: "default",
    nodeId: "quickstart",
    nodeCluster: "default",
    xdsAddress: `127.0.0.1:${ports.xds}`,
    adminAddress: `127.0.0.1:${ports.envoyAdmin}`,
    transport: "delta-ads",
    tls: undefined,
    probeAddress: undefined,
  });

/** Hot restart would share memory with any other Envoy of this machine; a short drain lets Ctrl-C end at once. */
const envoyArguments = (bootstrap: string): readonly string[] =>
  ["--disable-hot-restart", "--config-path", bootstrap, "--concurrency", "1", "--log-level", "warning"].concat([
    "--drain-time-s",
    "1",
  ]);

/** Each of them needs well under a second; a machine that is busy gets more. */
const COMES_UP_MS = 30_000;

async function comesUp(child: Child, stop: AbortSignal, isUp: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + COMES_UP_MS;
  while (child.running && performance.now() < until) {
    stop.throwIfAborted();
    if (await isUp()) return;
    await sleep(20);
  }
  if (child.running)
    throw new Refusal(
      `${child.name} is not ready after ${COMES_UP_MS / 1_000} s`,
      `Try again on a quieter machine. ${lastWords(child)}`,
    );
  throw new Refusal(
    `${child.name} ended with ${await child.exited}`,
    `See to what it says, and try again. ${lastWords(child)}`,
  );
}

async function answers200(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
