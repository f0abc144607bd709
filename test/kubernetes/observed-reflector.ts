/** A reflector of widgets with everything it tells written down, and a clock that does not wait. */
import { setTimeout as sleep } from "node:timers/promises";
import { HttpKubernetesClient } from "../../src/kubernetes/client.ts";
import type { Failure } from "../../src/kubernetes/failure.ts";
import type { Access } from "../../src/kubernetes/kubeconfig.ts";
import { Reflector } from "../../src/kubernetes/reflector.ts";
import type { Batch, ReflectorTuning } from "../../src/kubernetes/reflector-options.ts";
import type { Resource } from "../../src/kubernetes/resource.ts";
import { PATIENCE_MS } from "../patience.ts";
import { WIDGETS, type Widget } from "./fake-api.ts";

export interface Kept {
  readonly name: string;
  readonly colour: string;
}

export class ObservedReflector {
  readonly reflector: Reflector<Kept>;
  readonly client: HttpKubernetesClient;
  readonly batches: Batch<Kept>[] = [];
  readonly failures: Failure[] = [];
  readonly waits: number[] = [];
  readonly thrown: string[] = [];
  readonly recoveries: number[] = [];
  /** Waits that the clock was asked for. */
  readonly sleeps: number[] = [];
  lists = 0;
  /** What the batches add up to. */
  readonly colours: Record<string, string> = {};
  /** Called in `project` and `deliver`, to throw. */
  trap: (where: "project" | "deliver", name: string) => void = () => undefined;
  #order = 0;

  constructor(access: Access, tuning: ReflectorTuning = {}, resource: Resource = WIDGETS) {
    this.client = new HttpKubernetesClient(access);
    this.reflector = new Reflector<Kept>({
      client: this.client,
      locate: async () => resource,
      project: (object) => {
        const { metadata, colour } = object as Widget;
        this.trap("project", metadata.name);
        return colour === "invisible" ? undefined : { name: metadata.name, colour };
      },
      same: (a, b) => a.colour === b.colour,
      deliver: (batch) => {
        for (const { name } of batch.upserts) this.trap("deliver", name);
        this.batches.push(batch);
        for (const { name, colour } of batch.upserts) this.colours[name] = colour;
        for (const { name } of batch.removals) delete this.colours[name];
      },
      observer: {
        listed: () => {
          this.lists++;
        },
        events: () => undefined,
        failed: (failure, waitMs) => {
          this.failures.push(failure);
          this.waits.push(waitMs);
        },
        recovered: (staleMs) => this.recoveries.push(staleMs),
        threw: (where, error) => this.thrown.push(`${where}: ${(error as Error).message}`),
      },
      order: () => ++this.#order,
      // The waits themselves are facts to be read, not to be lived through.
      clock: {
        now: () => performance.now(),
        sleep: async (ms, signal) => {
          this.sleeps.push(ms);
          await sleep(1, undefined, { signal });
        },
      },
      chance: () => 0.5,
      tuning,
    });
  }

  /** Counts up, as whoever receives batches does. */
  order(): number {
    return ++this.#order;
  }

  async stop(): Promise<void> {
    await this.reflector.stop();
    this.client.close();
  }
}

/** Access without credentials, as to a fake. */
export function plainAccess(server: string): Access {
  return {
    origin: "test",
    inPod: false,
    cluster: { name: "test", server, skipTLSVerify: false },
    user: { name: "test" },
    namespace: "",
  };
}

/** Waits for a fact, not for a time; a fact that never comes fails the test by name. */
export async function until(what: string, fact: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!fact()) {
    if (performance.now() > deadline) throw new Error(`did not happen: ${what}`);
    await sleep(2);
  }
}
