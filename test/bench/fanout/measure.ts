/** A crowd at one server: connected, told of changes, and come back to the server once it was started anew. */
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs } from "../clock.ts";
import { cpuSeconds, rssBytes } from "../process-cost.ts";
import { startRemote } from "../remote.ts";
import { Scenario } from "../scenario.ts";
import type { Target } from "./connected-socket.ts";
import type { CrowdCalls, Delivered } from "./crowd-process.ts";
import { progress } from "./progress.ts";
import type { Subject } from "./subject.ts";

/** How large, and how long. */
export interface Plan {
  readonly clients: number;
  readonly hostnames: number;
  /** Changes per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Each change waits until the one before it was acknowledged by all: no queue, and nothing goes together. */
  readonly oneByOne: boolean;
}

export interface Figures {
  /** Of connecting: how long, the server's CPU seconds, bytes to each client, RSS before and after. */
  readonly connected: {
    readonly ms: number;
    readonly cpu: number;
    readonly bytesEach: number;
    readonly rssBefore: number;
    readonly rssAfter: number;
  };
  readonly changes: number;
  /** From the change to the last client's acknowledgement, each in ms. */
  readonly deliveredMs: readonly number[];
  /** The server's CPU: all of it in seconds, as cores, and per change and client in microseconds. */
  readonly cpu: number;
  readonly cores: number;
  readonly cpuEachUs: number;
  /** Responses and bytes to all clients. */
  readonly messages: number;
  readonly bytes: number;
  /** Largest seen while changes came, once a second. */
  readonly rssMost: number;
  readonly blockMs: number | undefined;
}

/** All come back at once to a server that was started anew. */
export interface Return {
  readonly ms: number;
  /** Connections that the server ended before it had read all, and that came again. */
  readonly again: number;
  readonly cpu: number;
  /** Resources and bytes that were sent though everybody had everything; bytes include the answers that `ms` waited for. */
  readonly resources: number;
  readonly bytes: number;
  readonly rssMost: number;
  readonly blockMs: number | undefined;
}

export const HOSTS = 10;

/** Connects a crowd and measures; with `restarted`, also how it comes back. Ends both servers. */
export async function measure(
  plan: Plan,
  start: (scenario: Scenario) => Promise<Subject>,
  restarted?: (scenario: Scenario) => Promise<Subject>,
): Promise<{ readonly figures: Figures; readonly back: Return | undefined }> {
  await using ends = new AsyncDisposableStack();
  const scenario = new Scenario({ hostnames: plan.hostnames, hosts: HOSTS, envoys: 0, proxies: plan.clients });
  const crowd = startRemote<CrowdCalls>("fanout/crowd-process.ts");
  ends.defer(() => crowd.stop());
  const subject = await start(scenario);
  let stopped = false;
  ends.defer(async () => {
    if (!stopped) await subject.stop();
  });
  const connected = await connect(subject, crowd, plan.clients);
  await subject.blockMs();
  const figures = await changed({ plan, scenario, subject, crowd });
  await crowd.ask("leave", undefined);
  if (restarted === undefined) return { figures: { connected, ...figures }, back: undefined };
  stopped = true;
  await subject.stop();
  const anew = await restarted(scenario);
  ends.defer(() => anew.stop());
  await anew.blockMs();
  const peak = new Peak(anew.pid);
  const cpuBefore = cpuSeconds(anew.pid);
  const { ms, again } = await crowd.ask("comeBack", targetOf(anew));
  progress(`all back, ${(ms / 1000).toFixed(1)} s after they began`);
  const cpu = cpuSeconds(anew.pid) - cpuBefore;
  await sleep(1_000); // whatever is sent without need comes right behind
  const { resources, bytes } = await crowd.ask("received", undefined);
  await crowd.ask("leave", undefined);
  const back = { ms, again, cpu, resources, bytes, rssMost: peak.stop(), blockMs: await anew.blockMs() };
  return { figures: { connected, ...figures }, back };
}

type Crowd = ReturnType<typeof startRemote<CrowdCalls>>;

/** How often a part that lasts tells how far it is, in ms. */
const TELL_MS = 10_000;

const targetOf = ({ port, tls }: Subject): Target => ({ port, tls });

async function connect(subject: Subject, crowd: Crowd, count: number): Promise<Figures["connected"]> {
  const { pid } = subject;
  const [rssBefore, cpuBefore, startedAt] = [rssBytes(pid), cpuSeconds(pid), monotonicMs()];
  const telling = setInterval(
    async () => progress(`${await crowd.ask("opened", undefined)} of ${count} connected`),
    TELL_MS,
  );
  await crowd.ask("open", { target: targetOf(subject), count }).finally(() => clearInterval(telling));
  const ms = monotonicMs() - startedAt;
  progress(`${count} connected, ${(ms / 1000).toFixed(1)} s after they began`);
  await sleep(500); // the last acknowledgements
  const cpu = cpuSeconds(pid) - cpuBefore;
  const { bytes } = await crowd.ask("received", undefined);
  return { ms, cpu, bytesEach: bytes / count, rssBefore, rssAfter: rssBytes(pid) };
}

interface Stage {
  readonly plan: Plan;
  readonly scenario: Scenario;
  readonly subject: Subject;
  readonly crowd: Crowd;
}

async function changed({ plan, scenario, subject, crowd }: Stage): Promise<Omit<Figures, "connected">> {
  const { clients, rate, seconds, oneByOne } = plan;
  const changedAt = new Map<string, number>();
  const recent: string[] = []; // hostnames that may be under way
  const delivered: Delivered[] = [];
  const peak = new Peak(subject.pid);
  const [cpuBefore, startedAt] = [cpuSeconds(subject.pid), monotonicMs()];
  let toldAt = startedAt;
  for (let made = 0; monotonicMs() - startedAt < seconds * 1000; made++) {
    if (monotonicMs() - toldAt >= TELL_MS) {
      toldAt = monotonicMs();
      progress(`${made} changes, ${((toldAt - startedAt) / 1000).toFixed(0)} of ${seconds} s`);
    }
    const { hostname, host } = scenario.move(undefined);
    if (recent.includes(hostname)) continue;
    if (recent.push(hostname) > scenario.shape.hostnames / 2) recent.shift();
    const workloadId = `w-change-${made}-`;
    await crowd.ask("expect", { name: hostname, marker: workloadId });
    changedAt.set(workloadId, await subject.change({ hostname, host, workloadId }));
    if (oneByOne) delivered.push(...(await crowd.ask("delivered", undefined)));
    await sleep(Math.max(0, startedAt + ((made + 1) / rate) * 1000 - monotonicMs()));
  }
  delivered.push(...(await crowd.ask("delivered", undefined)));
  progress(`${delivered.length} changes, acknowledged by all`);
  const wallMs = monotonicMs() - startedAt;
  const cpu = cpuSeconds(subject.pid) - cpuBefore;
  const { messages, bytes } = await crowd.ask("received", undefined);
  const changes = delivered.length;
  return {
    changes,
    deliveredMs: delivered.map(({ marker, lastAt }) => lastAt - (changedAt.get(marker) ?? Number.NaN)),
    cpu,
    cores: (cpu / wallMs) * 1000,
    cpuEachUs: (cpu * 1e6) / changes / clients,
    messages,
    bytes,
    rssMost: peak.stop(),
    blockMs: await subject.blockMs(),
  };
}

/** The largest RSS of a process while it is watched. */
class Peak {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #most: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.#most = rssBytes(pid);
    this.#timer = setInterval(() => this.#look(), 250).unref();
  }

  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#most;
  }

  /** Not the one to tell that the process has ended. */
  #look(): void {
    try {
      this.#most = Math.max(this.#most, rssBytes(this.#pid));
    } catch {
      clearInterval(this.#timer);
    }
  }
}
