/** What Signalbox is and has at a moment: what its metrics and /debug tell, and what the kernel counts of it. Linux only. */
import { readdirSync, readFileSync } from "node:fs";
import { cpuSeconds, rssBytes } from "../../bench/process-cost.ts";
import type { Signalbox } from "../gateway/signalbox.ts";

export interface Figures {
  readonly rssBytes: number;
  /** Objects of V8's heap: living ones, and garbage not collected yet. */
  readonly heapUsedBytes: number;
  /** What V8 has from the kernel for its heap. */
  readonly heapTotalBytes: number;
  /** Memory outside V8's heap that its objects hold: buffers above all. */
  readonly externalBytes: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Open handles of libuv. */
  readonly handles: number;
  readonly proxies: number;
  readonly streams: number;
  readonly hostnames: number;
  /** Resources that proxies have acknowledged, over all of them. */
  readonly held: number;
  readonly problems: number;
  /** Longest block of the event loop since the last time. */
  readonly blockMs: number;
  /** Since the process began. */
  readonly fullCollections: number;
  readonly collectingSeconds: number;
  readonly cpuSeconds: number;
}

/** As it is now. Rejects when Signalbox does not answer. */
export async function figuresOf(signalbox: Signalbox): Promise<Figures> {
  const { pid } = signalbox;
  const metrics = await (await signalbox.admin("/metrics")).text();
  const proxies = (await (await signalbox.admin("/debug/proxies")).json()) as Proxies;
  const types = proxies.proxies.flatMap((proxy) => proxy.types);
  return {
    rssBytes: rssBytes(pid),
    heapUsedBytes: sumOf(metrics, "nodejs_heap_size_used_bytes"),
    heapTotalBytes: sumOf(metrics, "nodejs_heap_size_total_bytes"),
    externalBytes: sumOf(metrics, "nodejs_external_memory_bytes"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: Number(/^Threads:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]),
    handles: sumOf(metrics, "nodejs_active_handles_total"),
    proxies: proxies.proxies.length + proxies.unassigned.length,
    streams: proxies.proxies.reduce((sum, { streams }) => sum + streams, 0),
    hostnames: sumOf(metrics, "signalbox_hostnames"),
    held: types.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    problems: sumOf(metrics, "signalbox_problems"),
    blockMs: Math.max(0, sumOf(metrics, "nodejs_eventloop_lag_max_seconds") * 1000 - TIMER_MS),
    fullCollections: sumOf(metrics, "nodejs_gc_duration_seconds_count", 'kind="major"'),
    collectingSeconds: sumOf(metrics, "nodejs_gc_duration_seconds_sum"),
    cpuSeconds: cpuSeconds(pid),
  };
}

interface Proxies {
  readonly proxies: readonly {
    readonly streams: number;
    readonly types: readonly { readonly acknowledged: number }[];
  }[];
  readonly unassigned: readonly unknown[];
}

/** Node's histogram counts the time between two timers that are this far apart (monitorEventLoopDelay's default). */
const TIMER_MS = 10;

/** Sum over all labels of one metric, or those lines that have this label; 0 where there is none. */
export function sumOf(exposition: string, name: string, label = ""): number {
  return exposition
    .split("\n")
    .filter((line) => line.startsWith(`${name} `) || (line.startsWith(`${name}{`) && line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
