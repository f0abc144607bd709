/** Another implementation of gRPC at our transport: grpc-go, which tells what it saw (test/bench/go-control-plane/client). */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ResourceStore } from "../../../src/xds/store.ts";
import { CLUSTER, fleet, whole } from "../resources.ts";
import { withServer } from "../running-server.ts";

const run = promisify(execFile);

test("grpc-go is served: both variants, large responses, half-close, cancelled calls, and every refusal as the status that is meant", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-grpc-go-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const client = join(folder, "client");
  await run("go", ["build", "-o", client, "./client"], {
    cwd: join(import.meta.dirname, "../../bench/go-control-plane"),
    timeout: 900_000,
  });
  const store = new ResourceStore();
  const clusters = Array.from({ length: 300 }, (_, i) =>
    whole(CLUSTER, `c${i}`, "1", { bytes: new Uint8Array(10_000).fill(1) }),
  );
  store.apply([...fleet(), ...clusters.map((put) => ({ put }))]);
  store.markComplete();
  await withServer({ store, maxRequestBytes: 1_000_000 }, async ({ port }) => {
    const { stdout } = await run(client, [`127.0.0.1:${port}`], { timeout: 120_000 });
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "delta: 300 resources, 3000000 bytes",
      "half-closed: true",
      "state of the world: 300 resources",
      "cancelled: Canceled",
      "unknown method: Unimplemented",
      "garbage: InvalidArgument",
      "too large: ResourceExhausted",
      "still served: 1 resources",
    ]);
  });
});
