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

/** Between the end of a service's task and of its route, new requests get 503; in a real host some ms. */
const STOPPING_MS = 3;

export class Washlet {
  readonly #options: WashletOptions;
  readonly #running = new Map<string, { readonly component: Component; readonly replica: DemoReplica }>();
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
    if (this.#running.has(workloadId)) return "RUNNING";
    return this.#failed.has(workloadId) ? "ERROR" : "UNKNOWN";
  }

  async #start({ workloadId, workload, namespace, spec }: Start): Promise<string> {
    if (this.#running.has(workloadId)) return "RUNNING";
    const { host, startMs, tell } = this.#options;
    const component = componentOf(spec, namespace);
    const [least, most] = startMs;
    await sleep(Number(component.environment["START_MS"] ?? least + Math.random() * (most - least)));
    if (component.names.length === 0 || component.environment["FAIL"] !== undefined) {
      this.#failed.add(workloadId);
      tell(`${workload} fails to start`);
      return "ERROR";
    }
    const replica = { workloadId, workload };
    this.#running.set(workloadId, { component, replica });
    for (const name of component.names) host.bind(name, replica);
    tell(`${workload} is bound to ${component.names.join(", ")}`);
    return "RUNNING";
  }

  async #stop(workloadId: string): Promise<void> {
    const running = this.#running.get(workloadId);
    if (running === undefined) return;
    const { host, stopMs, tell } = this.#options;
    await sleep(stopMs);
    const { component, replica } = running;
    this.#running.delete(workloadId);
    if (component.life === "service") {
      for (const name of component.names) {
        host.unbind(name, workloadId);
        host.bind(name, { ...replica, stopping: true });
      }
      this.#kill(replica);
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
