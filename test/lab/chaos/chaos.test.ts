/** Some seeds of chaos for every change: `npm run chaos` has them all. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ENVOYS } from "../gateway/envoys.ts";
import type { Stage } from "../scenarios/scenario.ts";
import { setStage } from "../trial.ts";
import { storyOf } from "./chaos-story.ts";
import { followLateness, runChaos } from "./run.ts";
import { scheduleOf } from "./schedule.ts";

/** The rest of a test run has the other core. */
const PLAN = {
  tempo: "crowded",
  gateway: "signalbox",
  apps: 10,
  replicas: 3,
  hosts: 4,
  perSecond: 100,
  overDelete: false,
} as const;
const SECONDS = 12;

let stage: Stage;
let unfollow: () => void;

before(async () => {
  stage = await setStage(PLAN);
  unfollow = followLateness(stage.lab);
});
after(async () => {
  unfollow?.();
  await stage?.lab.stop();
});

for (const seed of [1, 2])
  test(`seed ${seed}: no request fails but for a cause that nobody could prevent, and everything heals`, async (t) => {
    const { apps, hosts } = PLAN;
    const schedule = scheduleOf({ seed, seconds: SECONDS, apps, hosts, proxies: ENVOYS.length });
    const result = await runChaos(stage, schedule);
    const story = storyOf({ seed, schedule }, result);
    t.diagnostic(story);
    assert.ok(result.requests > 100, "the load was there");
    assert.deepEqual([result.undone, result.unhealed, result.violations], [[], [], []], story);
  });
