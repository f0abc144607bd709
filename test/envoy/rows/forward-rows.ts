/** A fleet that forwards unknown hostnames to another gateway. */
import assert from "node:assert/strict";
import { type DemoHost, startDemoHost } from "../../../src/cli/demo-host.ts";
import { endpointOf } from "../request-bench.ts";
import type { RequestRow } from "./row.ts";

/** Starts the gateway that a forwarding bench points at: it has "legacy.test" and "Legacy.test". */
export async function startFallback(): Promise<DemoHost> {
  const fallback = await startDemoHost({ name: "fallback", hostId: "fallback" });
  for (const name of ["legacy.test", "Legacy.test", "legacy.test."])
    fallback.bind(name, { workload: "legacy/app", workloadId: "w-legacy" });
  return fallback;
}

export const FORWARD_ROWS: readonly RequestRow[] = [
  {
    name: "unknown hostname: forwarded with the same Host, path and query, without X-Workload-Id",
    run: async (bench) => {
      for (const sent of ["legacy.test", "Legacy.test:8080", "legacy.test."]) {
        const seen = await bench.seen(sent, { path: "/a//b?c=%20", lines: ["X-Workload-Id: chosen-by-client"] });
        assert.deepEqual([seen.host, seen.authority, seen.path], ["fallback", sent, "/a//b?c=%20"]);
        assert.equal(seen.headers["x-workload-id"], undefined);
        assert.equal(seen.headers["x-forwarded-host"], sent);
        assert.equal(seen.headers["x-real-ip"], "127.0.0.1");
      }
    },
  },
  {
    name: "known hostname: never forwarded, with or without an endpoint",
    run: async (bench) => {
      const host = await bench.host("new", ["moved.test"]);
      await bench.place("moved.test", [endpointOf(host, "moved.test")]);
      assert.equal((await bench.seen("Moved.test.")).host, "new");
      await bench.place("moved.test", []);
      assert.deepEqual((await bench.raw("GET / HTTP/1.1\nHost: moved.test\n\n")).status, 503);
    },
  },
];
