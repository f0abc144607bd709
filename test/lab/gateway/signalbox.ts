/** Signalbox as it is run in a cluster, and what happens to it. Its ports stay the same, so that Envoys find it again. */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Child, startChild } from "../../../src/cli/child.ts";
import { reservePort } from "../../../src/cli/port-reservation.ts";
import type { Timeline } from "../timeline.ts";
import { wallMs } from "../wall-clock.ts";

const SOURCE = join(import.meta.dirname, "../../../src/main.ts");
const READY_MS = 60_000;
/** Node's histogram counts the time between two timers that are this far apart, in ms. */
const TIMER_MS = 10;

/** How it is started. */
export interface Started {
  /** The executable. Default: src/main.ts. */
  readonly main?: string;
  /** Options of Node. Default: none. */
  readonly nodeOptions?: readonly string[];
}

export class Signalbox {
  readonly xdsPort: number;
  readonly #adminPort: number;
  readonly #folder: string;
  readonly #kubeconfig: string;
  readonly #timeline: Timeline;
  readonly #started: Started;
  #child: Child | undefined;

  private constructor(given: {
    xdsPort: number;
    adminPort: number;
    folder: string;
    kubeconfig: string;
    timeline: Timeline;
    started: Started;
  }) {
    this.xdsPort = given.xdsPort;
    this.#adminPort = given.adminPort;
    this.#folder = given.folder;
    this.#kubeconfig = given.kubeconfig;
    this.#timeline = given.timeline;
    this.#started = given.started;
  }

  /** Starts it; ready when this resolves. */
  static async start(kubeconfig: string, timeline: Timeline, started: Started = {}): Promise<Signalbox> {
    const [xds, admin] = [await reservePort("127.0.0.1", 0), await reservePort("127.0.0.1", 0)];
    const folder = await mkdtemp(join(tmpdir(), "signalbox-lab-"));
    const [xdsPort, adminPort] = [xds.port, admin.port];
    const signalbox = new Signalbox({ xdsPort, adminPort, folder, kubeconfig, timeline, started });
    await signalbox.configure({});
    await signalbox.restart("SIGTERM");
    return signalbox;
  }

  /** Writes its configuration: defaults, but for what is given for its one fleet, for hosts, and as other sections. A running one takes it by itself. */
  async configure(
    fleet: Readonly<Record<string, unknown>>,
    hosts: Readonly<Record<string, unknown>> = {},
    others: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const configuration = {
      source: { kubernetes: { kubeconfig: this.#kubeconfig } },
      saved: { file: "state", everyMs: 1_000 }, // its operator is ten times faster than a real one, too
      xds: { address: `127.0.0.1:${this.xdsPort}` },
      admin: { address: `127.0.0.1:${this.#adminPort}` },
      hosts: { allowedNetworks: ["127.0.0.0/8", "::1/128"], ...hosts },
      fleets: [{ name: "edge", listeners: [{ name: "http", address: "127.0.0.1", port: 0 }], ...fleet }],
      ...others,
    };
    await writeFile(`${this.#configuration}.new`, JSON.stringify(configuration));
    await rename(`${this.#configuration}.new`, this.#configuration);
  }

  get #configuration(): string {
    return join(this.#folder, "signalbox.yaml");
  }

  /** Ends the running one, if any, by this signal, and starts another. Fulfilled when that is ready. */
  async restart(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.#child?.running === true) {
      this.#timeline.note("lab", `${signal} to Signalbox`);
      process.kill(this.#child.pid, signal);
      await this.#child.exited;
    }
    const { main = SOURCE, nodeOptions = [] } = this.#started;
    this.#child = await startChild({
      name: "signalbox serve",
      command: process.execPath,
      args: [...nodeOptions, main, "serve", "--config", this.#configuration],
      onLine: (line) => this.#timeline.add("signalbox", eventOfLog(line)),
    });
    const until = performance.now() + READY_MS;
    while (!(await this.#ready())) {
      if (this.#child.running && performance.now() < until) await sleep(20);
      else throw new Error(`signalbox serve is not ready:\n${this.#child.lastLines().join("\n")}`);
    }
    this.#timeline.note("lab", "Signalbox is ready");
  }

  async #ready(): Promise<boolean> {
    return await this.admin("/readyz").then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** Of the one that was started last. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Its admin address. */
  async admin(path: string): Promise<Response> {
    return await fetch(`http://127.0.0.1:${this.#adminPort}${path}`);
  }

  /** Sum of a metric over its labels, as it is now. @throws where it has no such metric: a slip in a name is not a zero. */
  async metric(name: string): Promise<number> {
    const metrics = await (await this.admin("/metrics")).text();
    if (!metrics.includes(`# TYPE ${name} `)) throw new Error(`Signalbox has no metric ${name}`);
    const values = [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))];
    return values.reduce((sum, [, value]) => sum + Number(value), 0);
  }

  /** Longest block of its event loop since it started or was last asked, in ms; on a busy machine with the time that others had the core. */
  async longestBlockMs(): Promise<number> {
    const metrics = await (await this.admin("/metrics")).text();
    const longest = Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(metrics)?.[1]) * 1000;
    return Math.round(Math.max(0, longest - TIMER_MS));
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Fields of the log that say nothing to whoever knows that it is Signalbox' log. */
const KNOWN = new Set(["level", "time", "pid", "hostname", "msg"]);

function eventOfLog(line: string): { readonly at: number; readonly text: string } {
  try {
    const log = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const rest = Object.entries(log).filter(
      ([field]) => !KNOWN.has(field) || (field === "hostname" && String(log[field]).includes(".test")),
    );
    const text = `${String(log["msg"])} ${rest.map(([field, value]) => `${field}=${JSON.stringify(value)}`).join(" ")}`;
    return { at: Number(log["time"]) || Date.parse(String(log["time"])) || wallMs(), text: text.trim() };
  } catch {
    return { at: wallMs(), text: line };
  }
}
