/** Deployments that come, go, grow and shrink. */
import { type App, hostnameOf, siteOf } from "../cluster/deployments.ts";
import type { Laboratory } from "../laboratory.ts";
import { answersEverywhere } from "./answers-everywhere.ts";
import type { Scenario } from "./scenario.ts";

const NEW = 20;

async function scaleAll(lab: Laboratory, names: readonly string[], replicas: number): Promise<void> {
  await Promise.all(names.map((name) => lab.deployments.scale(name, replicas)));
  await lab.deployments.settled(names);
}

export const SIZES: readonly Scenario[] = [
  {
    name: "create",
    what: `${NEW} new deployments at once, under load from the first answer of all proxies on`,
    promised: "nothing",
    run: async ({ lab }) => {
      const apps = Array.from({ length: NEW }, (_, i): App => ({ name: `app-new${i + 1}`, replicas: 2 }));
      await Promise.all(apps.map((app) => lab.deployments.create(app)));
      await Promise.all(
        apps.map(async (app) => {
          await answersEverywhere(lab, hostnameOf(app.name));
          await lab.load.include(siteOf(app));
        }),
      );
      await lab.deployments.settled(apps.map(({ name }) => name));
      await Promise.all(apps.map(({ name }) => lab.load.exclude(hostnameOf(name))));
      await Promise.all(apps.map(({ name }) => lab.deployments.delete(name)));
    },
  },
  {
    name: "scale",
    what: "all deployments from 2 replicas to 4 and back, arbitrary ones going",
    promised: "nothing",
    run: async ({ lab, names }) => {
      await scaleAll(lab, names, 4);
      await scaleAll(lab, names, 2);
    },
  },
  {
    name: "scale-down-too-far",
    what: "all deployments from 3 replicas to 1, the operator deleting more than that",
    promised: "measured",
    cause:
      "the operator counts replicas that are being deleted, deletes the last one too and then makes one anew: nothing serves until that has started",
    replicas: 3,
    overDelete: true,
    run: async ({ lab, names }) => scaleAll(lab, names, 1),
  },
];
