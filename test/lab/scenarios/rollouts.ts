/** New versions, made before the old ones go. */
import { setTimeout as sleep } from "node:timers/promises";
import { type App, hostnameOf } from "../cluster/deployments.ts";
import type { Scenario, Stage } from "./scenario.ts";

/** Gives all of these a new version at once. */
export async function updateAll({ lab, apps }: Stage): Promise<void> {
  await Promise.all(apps.map((app) => lab.deployments.update(app)));
}

/** The same, to the end. */
async function rollOut(stage: Stage): Promise<void> {
  await updateAll(stage);
  await stage.lab.deployments.settled(stage.names);
}

/** A stream takes two seconds. */
const LONGEST_REQUEST_MS = 3_000;

const isolated = (app: App): boolean => app.life === undefined || app.life === "plain";

export const ROLLOUTS: readonly Scenario[] = [
  {
    name: "rollout",
    what: "rolling update of one deployment after the other, 20 in all: hosts give the shortest notice then",
    promised: "nothing",
    run: async ({ lab, apps }) => {
      for (const app of Array.from({ length: 4 }, () => apps.slice(0, 5)).flat()) {
        await lab.deployments.update(app);
        await lab.deployments.settled([app.name]);
      }
    },
  },
  {
    name: "rollout-all",
    what: "rolling update of all deployments at once",
    promised: "nothing",
    run: rollOut,
  },
  {
    name: "rollout-back-to-back",
    what: "three rolling updates of all deployments, each as soon as the one before is over",
    promised: "nothing",
    run: async (stage) => {
      for (let i = 0; i < 3; i++) await rollOut(stage);
    },
  },
  {
    name: "rollout-of-one-replica",
    what: "rolling update of all deployments at once, one replica each",
    promised: "nothing",
    replicas: 1,
    run: rollOut,
  },
  {
    name: "rollout-that-fails",
    what: "a new version that never starts; its deployment goes on with the old one",
    promised: "nothing",
    run: async (stage) => {
      const { lab } = stage;
      const [broken] = stage.apps;
      if (broken === undefined) return;
      await lab.deployments.update({ ...broken, environment: { FAIL: "1" } });
      // Long enough for the operator to replace what failed.
      const { length } = lab.timeline.matching(/fails to start/, 0);
      const replaced = () => lab.timeline.matching(/fails to start/, 0).length >= length + 2 * broken.replicas;
      await lab.watched.until("replicas that failed were replaced, and failed again", replaced, 240_000);
      // Repairing it would be a rollout in a rollout: the operator would delete what serves. So it goes, unasked, and comes back.
      await lab.load.exclude(hostnameOf(broken.name));
      await sleep(LONGEST_REQUEST_MS);
      await lab.deployments.delete(broken.name);
      const gone = () =>
        lab.watched.workloads.all().every(({ metadata }) => !metadata.name.startsWith(`${broken.name}-`));
      await lab.watched.until("its replicas are gone", gone, 60_000);
      await lab.deployments.create(broken);
      await lab.deployments.settled(stage.names);
    },
  },
  {
    name: "rollout-in-rollout",
    what: "a second update while the first has not finished",
    promised: "measured",
    cause:
      "the operator deletes the serving ReplicaSet, which is neither the current nor the previous one any more, before the newest is Ready",
    run: async (stage) => {
      const { lab, names } = stage;
      const apps = stage.apps.filter(isolated).slice(0, 5);
      for (const app of apps) await lab.deployments.update({ ...app, environment: { START_MS: "1500" } });
      await sleep(500);
      for (const app of apps) await lab.deployments.update({ ...app, environment: { START_MS: "500" } });
      await lab.deployments.settled(names);
    },
  },
];
