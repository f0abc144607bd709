/** Signalbox as a process of its own, started as its users start it. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Child, startChild } from "../../src/cli/child.ts";
import { monotonicMs } from "./clock.ts";
import type { Counters } from "./system.ts";

/** 5,000 files or objects are read in seconds; what takes longer has failed. */
const READY_BOUND_MS = 120_000;

export interface Signalbox {
  readonly pid: number;
  readonly xdsPort: number;
  readonly readyMs: number;
  counters(): Promise<Counters>;
  log(): string;
  stop(): Promise<void>;
}

/** Starts `serve` of the executable `main`; resolves when /readyz says so. */
export async function startSignalbox(configuration: string, main: string): Promise<Signalbox> {
  let listening: { readonly xds: string; readonly admin: string } | undefined;
  const startedAt = monotonicMs();
  const child = await startChild({
    name: "signalbox serve",
    command: process.execPath,
    args: [main, "serve", "--config", configuration],
    onLine: (line) => {
      if (!line.includes('"msg":"listening"')) return;
      listening = JSON.parse(line) as { readonly xds: string; readonly admin: string };
    },
  });
  const log = (): string => child.lastLines().join("\n");
  try {
    await until("listens", child, () => listening !== undefined);
    const { xds, admin } = listening as unknown as { readonly xds: string; readonly admin: string };
    await until("is ready", child, async () => (await fetch(`http://${admin}/readyz`)).ok);
    const readyMs = monotonicMs() - startedAt;
    const counters = async (): Promise<Counters> => countersOf(await (await fetch(`http://${admin}/metrics`)).text());
    return { pid: child.pid, xdsPort: portOf(xds), readyMs, counters, log, stop: () => child.stop() };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

const portOf = (address: string): number => Number(/(\d+)$/.exec(address)?.[1]);

async function until(what: string, child: Child, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = monotonicMs() + READY_BOUND_MS; !(await holds()); await sleep(5)) {
    if (child.running && monotonicMs() < end) continue;
    const why = child.running ? `within ${READY_BOUND_MS / 1000} s` : "before it ended";
    throw new Error(
      `signalbox serve was not seen to be so: ${what}, ${why}. It wrote:\n${child.lastLines().join("\n")}`,
    );
  }
}

/** Node's histogram counts the time between two timers that are this far apart, in ms (monitorEventLoopDelay's default, which prom-client keeps). */
const TIMER_MS = 10;

function countersOf(exposition: string): Counters {
  let sentBytes = 0;
  for (const match of exposition.matchAll(/^signalbox_xds_sent_bytes_total\{.*\} (\S+)$/gm))
    sentBytes += Number(match[1]);
  const longest = Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(exposition)?.[1]) * 1000;
  return { sentBytes, blockMs: Math.max(0, longest - TIMER_MS) };
}
