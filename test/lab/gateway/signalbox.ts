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

/** Oldest that a connection over TLS gets, so that each is opened several times in a scenario, with the certificates of then. */
export const CONNECTION_AGE_MS = 2_000;

/** How it is started. */
export interface Started {
  /** The executable. Default: src/main.ts. */
  readonly main?: string;
  /** Options of Node. Default: none. */
  readonly nodeOptions?: readonly string[];
}

/** What a start is given that is not the usual. */
export interface Circumstances {
  /** In the place of the cluster's own: of somebody in between. */
  readonly kubeconfig?: string;
  /** The option `saved`. */
  readonly saved?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** A script of the shell that ends in `exec "$@"`, which is Signalbox: `ulimit -n 100; exec "$@"`. */
  readonly script?: string;
}

/** Its operator is ten times faster than a real one, too. */
const SAVED = { file: "state", everyMs: 1_000 };

/** What is configured for the one fleet of the laboratory, beside the defaults. */
export type FleetConfiguration = Readonly<Record<string, unknown>>;

/** Where one is to listen, and what it is to read. */
export interface SignalboxParts {
  /** In the timeline. */
  readonly name: string;
  /** Of its own, as a pod has one. */
  readonly address: string;
  /** 0 takes any free port. */
  readonly xdsPort: number;
  readonly kubeconfig: string;
  /** Folder with tls.crt, tls.key and ca.crt. Undefined: plaintext. */
  readonly certificates: string | undefined;
  readonly started: Started;
  readonly timeline: Timeline;
}

export class Signalbox {
  readonly xdsPort: number;
  readonly #parts: SignalboxParts;
  readonly #adminPort: number;
  readonly #folder: string;
  #child: Child | undefined;
  #circumstances: Circumstances = {};
  #fleet: FleetConfiguration = {};

  private constructor(parts: SignalboxParts, adminPort: number, folder: string) {
    this.xdsPort = parts.xdsPort;
    this.#parts = parts;
    this.#adminPort = adminPort;
    this.#folder = folder;
  }

  /** Starts it with this configuration (see `configure`); ready when this resolves. */
  static async start(parts: SignalboxParts, fleet: FleetConfiguration = {}): Promise<Signalbox> {
    const { address, xdsPort } = parts;
    const xds = xdsPort === 0 ? (await reservePort(address, 0)).port : xdsPort;
    const admin = await reservePort(address, 0);
    const folder = await mkdtemp(join(tmpdir(), "signalbox-lab-"));
    const signalbox = new Signalbox({ ...parts, xdsPort: xds }, admin.port, folder);
    await signalbox.configure(fleet);
    await signalbox.run();
    return signalbox;
  }

  get name(): string {
    return this.#parts.name;
  }

  get address(): string {
    return this.#parts.address;
  }

  /** Writes its configuration: defaults, but for what is given for its one fleet, for hosts, and as other sections. A running one takes it by itself. */
  async configure(
    fleet: FleetConfiguration,
    hosts: Readonly<Record<string, unknown>> = {},
    others: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    this.#fleet = fleet;
    const { address, certificates } = this.#parts;
    const { kubeconfig = this.#parts.kubeconfig, saved = SAVED } = this.#circumstances;
    const configuration = {
      source: { kubernetes: { kubeconfig } },
      saved,
      xds: {
        address: `${address}:${this.xdsPort}`,
        ...(certificates === undefined ? {} : { tls: tlsIn(certificates) }),
      },
      admin: { address: `${address}:${this.#adminPort}` },
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

  /** Ends it by this signal, and starts another in its place. Fulfilled when that is ready. */
  async restart(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.end(signal);
    await this.run();
  }

  /** Starts another in these circumstances, in the place of the running one; `{}` are the usual ones. Fulfilled when it is ready. */
  async restartIn(circumstances: Circumstances): Promise<void> {
    this.#circumstances = circumstances;
    await this.configure(this.#fleet);
    await this.restart("SIGTERM");
  }

  /** Fulfilled when it has ended. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.signal(signal);
    await this.#child?.exited;
    this.#parts.timeline.note("lab", `${this.name} has ended`);
  }

  /** Lets it go on existing, and do nothing: neither answer nor close a connection. */
  freeze(): void {
    this.signal("SIGSTOP");
  }

  thaw(): void {
    this.signal("SIGCONT");
  }

  /** To the running one, if there is one. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child?.running !== true) return;
    this.#parts.timeline.note("lab", `${signal} to ${this.name}`);
    process.kill(this.#child.pid, signal);
  }

  /** Starts it, after it has ended. Fulfilled when it is ready. */
  async run(): Promise<void> {
    const { name, timeline, started } = this.#parts;
    const { main = SOURCE, nodeOptions = [] } = started;
    const { env = {}, script } = this.#circumstances;
    const serve = [process.execPath, ...nodeOptions, main, "serve", "--config", this.#configuration];
    const [command = "", ...args] = script === undefined ? serve : ["/bin/sh", "-c", script, "sh", ...serve];
    this.#child = await startChild({
      name: "signalbox serve",
      command,
      args,
      env: { ...process.env, ...env },
      onLine: (line) => timeline.add(name, eventOfLog(line)),
    });
    const until = performance.now() + READY_MS;
    while (!(await this.#ready())) {
      if (this.#child.running && performance.now() < until) await sleep(20);
      else throw new Error(`signalbox serve is not ready:\n${this.#child.lastLines().join("\n")}`);
    }
    timeline.note("lab", `${name} is ready`);
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
    // A kept connection may be closed by the server while a request is on its way to it.
    return await fetch(`http://${this.address}:${this.#adminPort}${path}`, { headers: { connection: "close" } });
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

const tlsIn = (folder: string) => ({
  certFile: join(folder, "tls.crt"),
  keyFile: join(folder, "tls.key"),
  caFile: join(folder, "ca.crt"),
  maxConnectionAgeMs: CONNECTION_AGE_MS,
});

/** A clock that is further off was shifted by a scenario. */
const SAME_CLOCK_MS = 60_000;

/** Fields of the log that say nothing to whoever knows that it is Signalbox' log. */
const KNOWN = new Set(["level", "time", "pid", "hostname", "msg"]);

function eventOfLog(line: string): { readonly at: number; readonly text: string } {
  try {
    const log = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const rest = Object.entries(log).filter(
      ([field]) => !KNOWN.has(field) || (field === "hostname" && String(log[field]).includes(".test")),
    );
    const text = `${String(log["msg"])} ${rest.map(([field, value]) => `${field}=${JSON.stringify(value)}`).join(" ")}`;
    const at = Number(log["time"]) || Date.parse(String(log["time"]));
    return { at: Math.abs(at - wallMs()) < SAME_CLOCK_MS ? at : wallMs(), text: text.trim() };
  } catch {
    return { at: wallMs(), text: line };
  }
}
