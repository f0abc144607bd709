/** Four watches follow one API server: the first that finds it back wakes the others. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { KubernetesClient } from "../../src/kubernetes/client.ts";
import { ApiError } from "../../src/kubernetes/failure.ts";
import { KubernetesSource } from "../../src/sources/kubernetes.ts";
import type { Batch, ObjectChange } from "../../src/sources/source.ts";
import { until } from "../kubernetes/observed-reflector.ts";

const failed = (code: "unreachable" | "cut") => new ApiError({ code, cause: `it is ${code}`, remedy: "Wait" });
const line = (object: object): Buffer => Buffer.from(`${JSON.stringify(object)}\n`);
const bookmark = (annotations: object) =>
  line({ type: "BOOKMARK", object: { metadata: { resourceVersion: "5", annotations } } });

/** An API server without objects, of which one kind cannot be reached, and whose watches of another end when a test says so. */
class HalfAway implements KubernetesClient {
  readonly server = "https://api.test";
  away = "hosts";
  refused = 0;
  #cut = new AbortController();

  cut(): void {
    this.#cut.abort(failed("cut"));
    this.#cut = new AbortController();
  }

  async get(path: string, { signal }: { readonly signal: AbortSignal }): Promise<AsyncIterable<Buffer>> {
    const isDiscovery = !path.includes("?"); // where Hosts are
    if (this.away === "hosts" && (isDiscovery || path.includes("/hosts"))) {
      this.refused += 1;
      throw failed("unreachable");
    }
    if (isDiscovery) return some(line({ resources: [{ name: "hosts", namespaced: true }] }));
    if (path.includes("limit=1")) return some(line({ metadata: { resourceVersion: "5" }, items: [] }));
    const ends = path.includes("/workloads?") ? AbortSignal.any([signal, this.#cut.signal]) : signal;
    return watched(ends, path.includes("sendInitialEvents"));
  }
}

async function* some(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

async function* watched(signal: AbortSignal, begins: boolean): AsyncIterable<Buffer> {
  yield bookmark(begins ? { "k8s.io/initial-events-end": "true" } : {});
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

test("the watch that finds the API server back wakes those that wait for it", async (t) => {
  const client = new HalfAway();
  const quiet = { listed() {}, events() {}, failed() {}, recovered() {}, threw() {} };
  const source = new KubernetesSource({
    client,
    namespaces: [],
    observer: () => quiet,
    // Nobody lives through a wait: those of a failure last for ever unless they are hurried.
    clock: {
      now: () => performance.now(),
      sleep: async (ms, signal) => {
        if (ms === 0) return;
        if (!signal.aborted) await once(signal, "abort");
        throw signal.reason;
      },
    },
    chance: () => 0.5,
    tuning: { settledMs: 0 }, // a watch that worked is opened again at once
  });
  t.after(() => source.stop());
  let last: Batch<ObjectChange> | undefined;
  await source.start((batch) => {
    last = batch;
  });
  const watching = () => source.status().filter(({ state }) => state === "watching").length;
  await until("three watch and one waits", () => watching() === 3 && client.refused > 0);
  assert.notEqual(last?.stale, undefined);
  client.away = "nothing";
  client.cut();
  await until("all are current", () => watching() === 4 && last?.synced === true && last.stale === undefined);
});
