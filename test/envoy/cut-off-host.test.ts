/** A host whose machine is gone while a request is under way: nobody resets the connection, nothing is ever acknowledged. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { startChild } from "../../src/cli/child.ts";
import { selfSigned } from "../cli/self-signed.ts";
import { eventually } from "../files/temporary-folder.ts";
import { fileDelivery } from "./file-delivery.ts";
import { benchFleet, endpointOf, startBench } from "./request-bench.ts";

const HOSTNAME = "cut-off.test";

test("a POST to a host that is cut off ends within TCP's patience, and a GET is answered by another host at once", async (t) => {
  const host = await startChild({
    name: "host",
    command: "python3",
    args: [join(import.meta.dirname, "cut-off-host.py")],
  });
  t.after(() => host.stop());
  const line = (pattern: RegExp): string | undefined => host.lastLines().find((one) => pattern.test(one));
  await eventually(
    () => line(/^port /) !== undefined,
    () => host.lastLines(),
  );
  const certificate = await selfSigned(t, ["DNS:edge.test"]);
  const spec = benchFleet(certificate);
  const bench = await startBench({
    spec: { ...spec, traffic: { ...spec.traffic, streamIdleTimeoutMs: 0 } }, // nothing else ends a request
    certificate,
    variant: { layout: "rds", source: { kind: "ads" }, endpoints: "eds" },
    delivery: await fileDelivery(),
    test: t,
  });
  const alive = await bench.host("alive", [HOSTNAME]);
  const cut = { ...endpointOf(alive, HOSTNAME), address: `127.0.0.1:${line(/^port /)?.slice(5)}`, workloadId: "w-cut" };
  const post = () => bench.raw(`POST / HTTP/1.1\nHost: ${HOSTNAME}\nContent-Length: 0\n\n`);
  await bench.place(HOSTNAME, [cut]);
  assert.equal((await post()).body, "cut off\n"); // Envoy keeps the connection
  process.kill(host.pid, "SIGUSR1");
  await eventually(
    () => line(/^cut$/) !== undefined,
    () => host.lastLines(),
  );
  assert.equal((await post()).status, 502);
  await bench.place(HOSTNAME, [cut, endpointOf(alive, HOSTNAME)]);
  for (let i = 0; i < 10; i++) assert.equal((await bench.seen(HOSTNAME)).host, "alive");
});
