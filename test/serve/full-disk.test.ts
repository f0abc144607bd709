/** A disk that is full under the saved state: serving goes on, the state of before stays, and it is saved again once there is room. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readState } from "../../src/sources/saved/state-file.ts";
import { PATIENCE_MS } from "../patience.ts";
import { envoyOf, hostNamed, servedBy } from "./requests.ts";
import { hostYaml, serving, workloadYaml } from "./serving.ts";

/** Its own small disk in a namespace of its own, which goes with the process; where that is not allowed, a bound on the size of files. */
const MAY_MOUNT = spawnSync("/bin/sh", ["-c", "unshare -rm true"]).status === 0;

const workloads = (count: number, on: string): string =>
  Array.from({ length: count }, (_, i) => workloadYaml(`shop-${i}`, `shop-${i}.test`, on)).join("---\n");

test("a full disk is told once, and the next state that fits is saved", async (t) => {
  const disk = await mkdtemp(join(tmpdir(), "signalbox-disk-"));
  t.after(() => rm(disk, { recursive: true, force: true }));
  const host = await hostNamed(t, "one", "shop-0.test", "shop-99.test");
  const script = MAY_MOUNT
    ? `exec unshare -rm sh -c 'mount -t tmpfs -o size=32k none ${disk} && exec "$@"' sh "$@"`
    : 'ulimit -f 32; exec "$@"'; // blocks of 512 bytes in sh
  const signalbox = await serving({
    test: t,
    script,
    // What was lost lately is saved too, but for so short holds: then fewer workloads are a smaller state.
    more: `saved: {file: ${disk}/state, everyMs: 1000}\nplacement: {hold: {holdMs: 0, windowMs: 1}}\nlog: {level: debug}`,
    objects: { "host.yaml": hostYaml("one", "127.0.0.1", host.port), "shop.yaml": workloads(1, "one") },
  });
  const file = MAY_MOUNT ? `/proc/${signalbox.child.pid}/root${disk}/state` : join(disk, "state");
  await signalbox.told("state saved");
  const before = await readFile(file);
  const port = await envoyOf(t, signalbox);

  await signalbox.write("shop.yaml", workloads(100, "one"));
  const failures = async (): Promise<number> =>
    Number(
      /^signalbox_saved_states_total\{result="failed"\} (\d+)$/m.exec(await signalbox.admin("/metrics"))?.[1] ?? 0,
    );
  const until = performance.now() + PATIENCE_MS;
  while ((await failures()) < 2 && performance.now() < until) await sleep(50);
  assert.ok((await failures()) >= 2, "it was tried again");
  const told = signalbox.log().filter(({ msg }) => msg.startsWith("the state cannot be saved"));
  assert.equal(told.length, 1, "and told once");
  assert.match(String(told[0]?.msg), MAY_MOUNT ? /ENOSPC/ : /EFBIG/);
  assert.deepEqual(await readFile(file), before, "what was saved before is there as it was");
  await servedBy(port, "shop-99.test", "one");

  const saved = signalbox.log().filter(({ msg }) => msg === "state saved").length;
  await signalbox.write("shop.yaml", workloads(2, "one"));
  await signalbox.told("state saved", saved);
  const state = await readState(file);
  assert.ok(state !== undefined && "records" in state);
  assert.equal(state.records.length, 3);
});
