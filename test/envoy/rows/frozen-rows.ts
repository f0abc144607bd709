/** What becomes of requests at a host that takes them and does not answer: never, or not soon. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { DemoAnswer } from "../../../src/cli/demo-answer.ts";
import { statNameOf } from "../../../src/envoy/names.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { arrivals, endpointOf, type RequestBench } from "../request-bench.ts";
import type { RequestRow } from "./row.ts";

export const FROZEN_ROWS: readonly RequestRow[] = [
  {
    name: "a host that takes requests and never answers: every GET is answered by the other, and soon it is asked no more; a POST is not repeated",
    run: async (bench) => {
      const frozen = await bench.host("frozen", ["frozen.test"]);
      const alive = await bench.host("thawed", ["frozen.test"]);
      await bench.place("frozen.test", [endpointOf(frozen, "frozen.test"), endpointOf(alive, "frozen.test")]);
      await frozen.setMode("frozen");
      for (let spared = false; !spared; ) {
        const ejection = await ejectedByBursts(bench, "frozen.test");
        const { arrived } = frozen;
        assert.ok(arrived >= 3, `three failures in a row eject: ${arrived}`);
        for (let i = 0; i < 20; i++) answeredByThawed(await bench.seen("frozen.test"));
        // After 5 s Envoy lets it in again, which says nothing against an ejection; then once more.
        spared = isDeepStrictEqual(await ejectionsOf(bench, "frozen.test"), ejection);
        if (spared) assert.equal(frozen.arrived, arrived, "while it is ejected it is not asked");
      }
      const { arrived } = frozen;
      await bench.place("post-frozen.test", [endpointOf(frozen, "frozen.test")]);
      const post = await bench.raw("POST / HTTP/1.1\nHost: post-frozen.test\nContent-Length: 0\n\n");
      assert.deepEqual([post.status, frozen.arrived - arrived], [504, 1]);
    },
  },
  {
    name: "an application that is slow but answers is waited for, though it is asked more than once",
    run: async (bench) => {
      const slow = await bench.host("slow", ["slow.test"]);
      await bench.place("slow.test", [endpointOf(slow, "slow.test")]);
      await slow.setMode("frozen");
      const answer = bench.raw("GET / HTTP/1.1\nHost: slow.test\n\n");
      await arrivals(slow, 2);
      await slow.setMode("answering");
      assert.equal((await answer).status, 200);
    },
  },
];

interface Ejections {
  readonly active: number;
  /** Since the start: one more whenever a host is ejected again. */
  readonly total: number;
}

/**
 * Asks, 20 at a time, until the frozen host is ejected. Twenty at once, since a request that gets a connection to the host sets Envoy's count of
 * failures back to none: three of them have to fail with none begun in between. If they arrive so slowly that too few meet there, another twenty follow.
 */
async function ejectedByBursts(bench: RequestBench, hostname: string): Promise<Ejections> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const ejections = await ejectionsOf(bench, hostname);
    if (ejections.active === 1) return ejections;
    if (performance.now() > until) throw new Error(`${hostname}: no host is ejected`);
    for (const answer of await Promise.all(Array.from({ length: 20 }, () => bench.seen(hostname))))
      answeredByThawed(answer);
  }
}

async function ejectionsOf({ envoy }: RequestBench, hostname: string): Promise<Ejections> {
  const prefix = `cluster.${statNameOf(hostname)}.outlier_detection.ejections_`;
  const stats = await envoy.stats(`${prefix}(active|enforced_total)$`);
  const [active, total] = [stats.get(`${prefix}active`), stats.get(`${prefix}enforced_total`)];
  assert.ok(active !== undefined && total !== undefined);
  return { active, total };
}

/** Answered by the other host, which sees nothing of what the router was told. */
function answeredByThawed({ host, headers }: DemoAnswer): void {
  assert.deepEqual([host, headers["x-workload-id"]], ["thawed", "w-thawed"]);
  for (const told of ["x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-hedge-on-per-try-timeout"])
    assert.equal(told in headers, false);
}
