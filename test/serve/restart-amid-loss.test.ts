/** All Hosts are lost at once while they go on serving, and Signalbox restarts: what it doubted, and what it would have doubted, it doubts again (rule 9). */
import assert from "node:assert/strict";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { loadSettings } from "../../src/config/load.ts";
import { ControlPlane } from "../../src/serve/control-plane.ts";
import { Story } from "../../src/serve/story.ts";
import { filesSource } from "../../src/sources/files.ts";
import { readState, writeState } from "../../src/sources/saved/state-file.ts";
import { eventually, temporaryFolder } from "../files/temporary-folder.ts";
import { configText, hostYaml, workloadYaml } from "./serving.ts";

const HOSTS = [hostYaml("one", "127.0.0.1", 81), hostYaml("two", "127.0.0.1", 82)].join("---\n");

/** A folder with two hosts, both of which serve shop.test, and a place for a saved state. */
async function installation(t: TestContext) {
  const folder = temporaryFolder(t);
  const objects = join(folder, "objects");
  const state = join(folder, "state");
  await mkdir(objects);
  await writeFile(join(objects, "hosts.yaml"), HOSTS);
  const workloads = [workloadYaml("a", "shop.test", "one"), workloadYaml("b", "shop.test", "two")];
  await writeFile(join(objects, "shop.yaml"), workloads.join("---\n"));
  /** Started, and everything known. */
  const start = async (at: { readonly file: string | undefined } = { file: state }): Promise<ControlPlane> => {
    const loaded = loadSettings(configText({}), "signalbox.yaml");
    assert.ok("settings" in loaded);
    const settings = { ...loaded.settings, saved: { ...at, afterMs: 60_000, everyMs: 10 } };
    const log = pino({ level: "silent" });
    const story = new Story(log, () => performance.now());
    const source = filesSource({ folder: objects });
    const plane = new ControlPlane(settings, { source, reporting: undefined, log, story, version: "test" });
    t.after(() => plane.stop(0));
    await plane.start();
    await eventually(
      () => plane.complete,
      () => "not complete",
    );
    return plane;
  };
  return { objects, state, start, loseHosts: () => rm(join(objects, "hosts.yaml")) };
}

const serving = (plane: ControlPlane): string => {
  const replicas = plane.pipeline.placement.get("shop.test")?.replicas ?? [];
  return replicas.map(({ workload, phase }) => `${workload} ${phase}`).join(", ");
};
const isServing = (plane: ControlPlane, wanted: string) =>
  eventually(
    () => serving(plane) === wanted,
    () => serving(plane),
  );

const DRAINING = "a draining, b draining";

test("ended while it doubts: the next one doubts too, and so does the one after that", async (t) => {
  const { start, loseHosts } = await installation(t);
  const first = await start();
  assert.equal(serving(first), "a ready, b ready");
  await loseHosts();
  await isServing(first, DRAINING);
  await first.stop(0);
  const second = await start();
  assert.equal(serving(second), DRAINING, "as soon as anything is served");
  await second.stop(0);
  assert.equal(serving(await start()), DRAINING);
});

test("killed before it knew, and the state on disk is the one before the loss: what is gone since is doubted", async (t) => {
  const { state, start, loseHosts } = await installation(t);
  const first = await start();
  await first.stop(0);
  await copyFile(state, `${state}.left`);
  await loseHosts();
  assert.equal(serving(await start({ file: `${state}.left` })), DRAINING);
});

test("hosts that are back before the hold ends are ready", async (t) => {
  const { objects, start, loseHosts } = await installation(t);
  const first = await start();
  await first.stop(0);
  await loseHosts();
  const second = await start();
  await writeFile(join(objects, "hosts.yaml"), HOSTS);
  await isServing(second, "a ready, b ready");
});

const ages: readonly (readonly [what: string, agoMs: number])[] = [
  ["from longer ago than a hold lasts", 121_000],
  ["of an hour ago", 3_600_000],
  ["from the future, by a clock that was put back", -60_000],
];
for (const [what, agoMs] of ages)
  test(`a saved state ${what} brings nothing back`, async (t) => {
    const { state, start, loseHosts } = await installation(t);
    const first = await start();
    await first.stop(0);
    await loseHosts();
    const saved = await readState(state);
    assert.ok(saved !== undefined && "records" in saved);
    await writeState(state, { ...saved, savedAtMs: Date.now() - agoMs });
    assert.equal(serving(await start()), "");
  });

test("where nothing is saved, what the first complete state lacks is not known to have been", async (t) => {
  const { start, loseHosts } = await installation(t);
  const first = await start({ file: undefined });
  await first.stop(0);
  await loseHosts();
  assert.equal(serving(await start({ file: undefined })), "");
});
