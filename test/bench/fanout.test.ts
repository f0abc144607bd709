/** The fan-out bench works: tiny, and nothing is asserted about how long anything took. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { Report } from "./fanout/report.ts";

test("a crowd follows serve and comes back to it without being sent anything; the same crowd at both servers", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-fanout-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const json = join(folder, "report.json");
  const script = join(import.meta.dirname, "fanout/fanout.ts");
  const sizes = ["--clients", "3", "--hostnames", "20", "--seconds", "1", "--main", "src/main.ts"];
  const beside = ["--beside", "2", "--beside-hostnames", "20", "--beside-seconds", "1"];
  const args = [script, ...sizes, ...beside, "--json", json];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 900_000 });
  const { served, compared } = JSON.parse(await readFile(json, "utf8")) as Report;
  assert.deepEqual(
    served.map(({ wire }) => wire),
    ["plaintext", "mTLS"],
  );
  for (const { wire, figures, back } of served) {
    assert.ok(figures.changes > 0, wire);
    assert.equal(back.resources, 0, `${wire}: nothing is sent again to who has it`);
  }
  for (const { own, go } of compared)
    for (const { changes, deliveredMs } of [own, go]) {
      assert.ok(changes > 0 && deliveredMs.length === changes);
      for (const ms of deliveredMs) assert.ok(ms > 0, "an acknowledgement cannot come before its change");
    }
  assert.equal(compared.length, 1);
  assert.match(stderr, /3 connected.*\n.*changes, acknowledged by all\n.*all back/, "a run tells how far it is");
  assert.match(stdout, /25\/s for 1 s, plaintext.*1 s, mTLS \|/);
  assert.match(stdout, /\| 20 \| 2 \| go-control-plane \|/);
});
