/** The bench works: tiny, and nothing is asserted about how long anything took. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { quantile } from "./quantile.ts";
import type { Report } from "./report.ts";
import { Scenario } from "./scenario.ts";

const AMOUNTS = ["--moves", "3", "--new", "2", "--rate", "5", "--burst", "5"];

async function bench(t: { after(ends: () => Promise<void>): void }, ...options: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const json = join(folder, "report.json");
  const script = join(import.meta.dirname, "bench.ts");
  const args = [script, ...AMOUNTS, ...options, "--json", json];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 600_000 });
  return { stdout, report: JSON.parse(await readFile(json, "utf8")) as Report };
}

function assertMeasured({ results }: Report, systems: readonly string[]): void {
  assert.deepEqual(
    results.map(({ system }) => system),
    systems,
  );
  for (const { figures, readyMs, fleetMs } of results) {
    for (const { servedMs } of [figures.moveIdle, figures.moveLoaded]) assert.equal(servedMs.length, 3);
    for (const { servedMs } of [figures.newIdle, figures.newLoaded]) {
      assert.equal(servedMs.length, 2);
      for (const ms of servedMs) assert.ok(ms > 0, "an answer cannot come before its change");
    }
    assert.equal(figures.burst.hostnames, 5);
    assert.equal(figures.noCluster, 0);
    assert.ok(figures.bytesPerMove > 0 && figures.rssBytes.end > 0 && readyMs > 0 && fleetMs > 0);
  }
}

test("ten hostnames, three moves: floor, folder and API server, a table with a row for each", async (t) => {
  const { stdout, report } = await bench(t, "--hostnames", "10", "--fleet", "", "--crowds", "");
  assertMeasured(report, ["floor", "folder", "kubernetes"]);
  assert.match(stdout, /\| 10 hostnames \| move, idle \|/);
});

test("several Envoys of one fleet share a port, and each is asked; proxies that only speak the protocol stand beside one", async (t) => {
  const { stdout, report } = await bench(
    t,
    "--hostnames",
    "",
    "--fleet",
    "6x4x2",
    "--crowds",
    "8x3",
    "--source",
    "folder",
    "--layout",
    "rds",
  );
  assertMeasured(report, ["floor", "folder", "folder"]);
  assert.match(stdout, /6 hostnames, 4 hosts behind 2 Envoys/);
  assert.match(stdout, /8 hostnames, 3 proxies/);
});

test("a quantile is a value that was measured, by nearest rank", () => {
  assert.equal(quantile([3, 1, 2], 0.5), 2);
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2);
  assert.equal(quantile([5, 1], 0.99), 5);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test("a move changes the host, and never of the hostname that is spared", () => {
  const scenario = new Scenario({ hostnames: 3, hosts: 2, envoys: 1, proxies: 0 });
  for (let i = 0; i < 100; i++) {
    const before = new Map(scenario.placed);
    const { hostname, host } = scenario.move("app-1.bench.test");
    assert.notEqual(hostname, "app-1.bench.test");
    assert.notEqual(before.get(hostname), host);
  }
});
