/** What a host does for the operator: one command after the other, a slow start in front of everything else, the probe of its life included. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DemoHost, DemoReplica } from "../../../src/cli/demo-host.ts";
import type { WorkloadSpec } from "../cluster/objects.ts";
import { type Component, componentOf } from "./component.ts";
import type { UnderWay } from "./under-way.ts";

/** An order to run a workload. */
interface Start {
  readonly workloadId: string;
  readonly workload: string;
  readonly namespace: string;
  readonly spec: WorkloadSpec;
}

interface WashletOptions {
  readonly host: DemoHost;
  readonly underWay: UnderWay;
  /** Shortest and longest start, in ms. */
  readonly startMs: readonly [number, number];
  readonly stopMs: number;
  readonly tell: (text: string) => void;
}

interface Running {
  readonly component: Component;
  readonly replica: DemoReplica;
  /** A service whose task has ended by itself: its route stays, and answers 503. */
  exited: boolean;
}

/** Between the end of a service's task and of its route, new requests get 503; in a real host some ms. */
const STOPPING_MS = 3;

export class Washlet {
  readonly #options: WashletOptions;
  readonly #running = new Map<string, Running>();
  readonly #failed = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: WashletOptions) {
    this.#options = options;
  }

  /** Fulfilled when all commands before it and it itself are done. */
  readonly handle = (call: string, body: unknown): Promise<unknown> => {
    const result = this.#last.then(() => this.#do(call, body));
    this.#last = result.catch(() => {});
    return result;
  };

  async #do(call: string, body: unknown): Promise<unknown> {
    if (call === "heartbeat") return {};
    if (call === "start") return await this.#start(body as Start);
    const { workloadId } = body as { readonly workloadId: string };
    if (call === "stop") return await this.#stop(workloadId);
    const running = this.#running.get(workloadId);
    if (running !== undefined) return running.exited ? "COMPLETED" : "RUNNING";
    return this.#failed.has(workloadId) ? "ERROR" : "UNKNOWN";
  }

  async #start({ workloadId, workload, namespace, spec }: Start): Promise<string> {
    if (this.#running.has(workloadId)) return "RUNNING";
    const { host, startMs, tell } = this.#options;
    const component = componentOf(spec, namespace);
    const [least, most] = startMs;
    await sleep(Number(component.environment["START_MS"] ?? least + Math.random() * (most - least)));
    if (component.names.length === 0 || Math.random() < Number(component.environment["FAIL"] ?? 0)) {
      this.#failed.add(workloadId);
      tell(`${workload} fails to start`);
      return "ERROR";
    }
    const replica = { workloadId, workload };
    this.#running.set(workloadId, { component, replica, exited: false });
    for (const name of component.names) host.bind(name, replica);
    tell(`${workload} is bound to ${component.names.join(", ")}`);
    const { EXIT_MS } = component.environment;
    if (EXIT_MS !== undefined) setTimeout(() => this.#exit(workloadId), Number(EXIT_MS));
    return "RUNNING";
  }

  /** Whether it is a service that has ended by itself. */
  hasExited(workloadId: string): boolean {
    return this.#running.get(workloadId)?.exited === true;
  }

  #exit(workloadId: string): void {
    const running = this.#running.get(workloadId);
    if (running === undefined) return;
    running.exited = true;
    const { component, replica } = running;
    this.#answer503(component, replica);
    this.#options.tell(`${replica.workload} has exited`);
  }

  /** Ends its task and what it was answering; its names stay. */
  #answer503({ names }: Component, replica: DemoReplica): void {
    const { host } = this.#options;
    for (const name of names) {
      host.unbind(name, replica.workloadId);
      host.bind(name, { ...replica, stopping: true });
    }
    this.#kill(replica);
  }

  async #stop(workloadId: string): Promise<void> {
    const running = this.#running.get(workloadId);
    if (running === undefined) return;
    const { host, stopMs, tell } = this.#options;
    await sleep(stopMs);
    const { component, replica } = running;
    this.#running.delete(workloadId);
    if (component.life === "service") {
      this.#answer503(component, replica);
      await sleep(STOPPING_MS);
    }
    if (component.life === "pooled") this.#kill(replica);
    for (const name of component.names) host.unbind(name, workloadId);
    tell(`${replica.workload} is unbound`);
  }

  #kill({ workloadId, workload }: DemoReplica): void {
    const killed = this.#options.underWay.kill(workloadId);
    for (const agent of killed) this.#options.tell(`${workload} is killed with request ${agent}`);
  }
}
