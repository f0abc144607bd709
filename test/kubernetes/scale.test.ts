/**
 * 100,000 Workloads of 5,000 hostnames. Asserted is work, which is the same on every machine; time and the longest block of the event loop are told
 * as diagnostics (budget: 5 s from start to ready, no block over 50 ms, on two cores). Of a block, what our thread worked is ours; the rest it waited
 * for a core, which it shares here with the server's thread, two collectors of garbage and whatever else runs.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Worker } from "node:worker_threads";
import { HttpKubernetesClient } from "../../src/kubernetes/client.ts";
import { Reflector } from "../../src/kubernetes/reflector.ts";
import { workloadOf } from "../../src/sources/workload.ts";
import { plainAccess, until } from "./observed-reflector.ts";

const OBJECTS = 100_000;

for (const way of ["streamed", "paged"] as const)
  test(`${OBJECTS} workloads, ${way}`, async (t) => {
    const workerData = { objects: OBJECTS, hostnames: 5_000, streams: way === "streamed" };
    const worker = new Worker(new URL("scale-server.ts", import.meta.url), { workerData });
    const [port] = (await once(worker, "message")) as [number];
    const client = new HttpKubernetesClient(plainAccess(`http://127.0.0.1:${port}`));
    const batches: number[] = [];
    let projections = 0;
    let comparisons = 0;
    const reflector = new Reflector({
      client,
      locate: async () => ({
        group: "runtime.wasmcloud.dev",
        version: "v1alpha1",
        plural: "workloads",
        namespace: undefined,
      }),
      project: (object) => {
        projections++;
        return workloadOf(object, "").record;
      },
      same: (a, b) => {
        comparisons++;
        return isDeepStrictEqual(a, b);
      },
      deliver: ({ upserts }) => batches.push(upserts.length),
      observer: {
        listed: () => undefined,
        events: () => undefined,
        failed: ({ cause }) => t.diagnostic(cause),
        recovered: () => undefined,
        threw: (_, e) => t.diagnostic(String(e)),
      },
      order: () => 1,
      clock: { now: () => performance.now(), sleep: async (ms, signal) => await sleep(ms, undefined, { signal }) },
      chance: () => 0.5,
    });
    const measure = async (what: string, fact: () => boolean) => {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      const began = performance.now();
      const turns = longestTurn();
      delay.enable();
      try {
        await until(what, fact);
      } finally {
        delay.disable();
        const [took, block, rss] = [performance.now() - began, delay.max / 1e6, process.memoryUsage().rss / 1e6];
        t.diagnostic(
          `${what}: ${Math.round(took)} ms, longest block ${Math.round(block)} ms, longest turn ${Math.round(turns.stop())} ms at work, ${Math.round(rss)} MB resident`,
        );
      }
    };
    try {
      reflector.start();
      await measure("first list", () => reflector.synced);
      assert.equal(reflector.size, OBJECTS);
      assert.equal(batches.length, OBJECTS / 500);
      assert.ok(
        batches.every((size) => size <= 500),
        "a receiver is never given more at once",
      );
      assert.deepEqual(
        [projections, comparisons],
        [OBJECTS, 0],
        "each object is projected once and compared with nothing",
      );

      let marks = 0;
      batches.length = 0;
      reflector.relist();
      await measure("the same list again", () => batches.length > 0 && reflector.state === "watching");
      marks += batches.length;
      assert.deepEqual([marks, batches[0]], [1, 0], "nothing changed: one empty batch that completes the list");
      assert.deepEqual([projections, comparisons], [2 * OBJECTS, OBJECTS]);
    } finally {
      await reflector.stop();
      client.close();
      await worker.terminate();
    }
  });

/** The most that this thread worked in one turn of its event loop, in ms of the processor. */
function longestTurn(): { stop(): number } {
  const worked = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let [longest, last, running] = [0, worked(), true];
  const turn = () => {
    const now = worked();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) setImmediate(turn);
  };
  turn();
  return {
    stop: () => {
      running = false;
      return longest;
    },
  };
}
