/** Deployments that end before anything takes their place: what their clients are told meanwhile, and how soon they are served again. */
import { setTimeout as sleep } from "node:timers/promises";
import { type App, hostnameOf, siteOf } from "../cluster/deployments.ts";
import { answersEverywhere, forgottenEverywhere } from "./answers-everywhere.ts";
import { mayBeAway } from "./expecting.ts";
import { updateAll } from "./rollouts.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { recoveryOf, tellRecovery } from "./served-again.ts";

const EXTRA = 20;

/** Load on deployments before they go, in ms. */
const BEFORE_MS = 1_000;

/** Between a host's end of a replica and the word of it, requests reach a host that has none. */
export const UNBOUND =
  "a replica's host unbinds it before the operator says so, and no other is there to ask: for some ms requests get that host's empty 404; everything else meanwhile is the gateway's own 503";

/** Lets them be away, does this, and tells how soon they were served again; they have to answer again after that. */
async function throughAbsence(stage: Stage, act: () => Promise<void>): Promise<void> {
  const { lab, apps, names } = stage;
  const { deployments } = lab;
  await mayBeAway(lab, apps, ["no-replica"]);
  const recoveries = names.map((name) => recoveryOf(lab, { deployments, name, hostname: hostnameOf(name) }));
  await act();
  tellRecovery(lab, await Promise.all(recoveries));
  await lab.deployments.settled(names);
  await mayBeAway(lab, apps, []);
}

export const LIFECYCLES: readonly Scenario[] = [
  {
    name: "recreate",
    what: "new version of all deployments at once with deployPolicy Recreate: old replicas end before new ones are made",
    promised: "measured",
    cause: UNBOUND,
    run: async (stage) => {
      const apps = stage.apps.map((app): App => ({ ...app, deployPolicy: "Recreate" }));
      await throughAbsence(stage, () => updateAll({ ...stage, apps }));
    },
  },
  {
    name: "deployments-deleted",
    what: `${EXTRA} of ${2 * EXTRA} deployments are deleted at once; the others have to answer, and of those there is nobody to be had any more (503, then 404)`,
    promised: "nothing",
    run: async ({ lab }) => {
      const apps = Array.from({ length: EXTRA }, (_, i): App => ({ name: `app-extra${i + 1}`, replicas: 2 }));
      await Promise.all(apps.map((app) => lab.deployments.create(app)));
      await Promise.all(apps.map(({ name }) => answersEverywhere(lab, hostnameOf(name))));
      for (const app of apps) await lab.load.include(siteOf(app));
      await sleep(BEFORE_MS);
      await mayBeAway(lab, apps, ["no-replica", "unknown"]);
      await Promise.all(apps.map(({ name }) => lab.deployments.delete(name)));
      await Promise.all(apps.map(({ name }) => forgottenEverywhere(lab, hostnameOf(name))));
      for (const { name } of apps) await lab.load.exclude(hostnameOf(name));
    },
  },
  {
    name: "made-again",
    what: "all deployments deleted and made again at once under the same names",
    promised: "measured",
    cause: UNBOUND,
    run: async (stage) => {
      const { lab, apps } = stage;
      await throughAbsence(stage, async () => {
        await Promise.all(
          apps.map(async (app) => {
            await lab.deployments.delete(app.name);
            await lab.deployments.create(app);
          }),
        );
      });
    },
  },
  {
    name: "zero-and-back",
    what: "all deployments scaled to 0, and back when nothing serves any more",
    promised: "measured",
    cause: UNBOUND,
    run: async (stage) => {
      const { lab, names } = stage;
      await throughAbsence(stage, async () => {
        await Promise.all(names.map((name) => lab.deployments.scale(name, 0)));
        await lab.deployments.settled(names);
        await Promise.all(names.map((name) => answersEverywhere(lab, hostnameOf(name), 503)));
        await sleep(BEFORE_MS);
        await Promise.all(names.map((name) => lab.deployments.scale(name, 2)));
      });
    },
  },
];
