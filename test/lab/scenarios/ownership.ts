/** Two namespaces want the same hostnames: the older claims own them, and hosts that run both would mix them. */
import { setTimeout as sleep } from "node:timers/promises";
import { type App, Deployments, hostnameOf, siteOf } from "../cluster/deployments.ts";
import type { Laboratory } from "../laboratory.ts";
import type { Outcome } from "../load/outcome.ts";
import { answeredBy } from "./answers-everywhere.ts";
import { mayBeAway } from "./expecting.ts";
import { updateAll } from "./rollouts.ts";
import { MEASURED, type Scenario, type Stage } from "./scenario.ts";
import { spanText } from "./served-again.ts";

/** Of those who come too late. */
const RIVAL = "rival";

/** Load while both are there, in ms. */
const BOTH_MS = 1_500;

async function rivalsOf(lab: Laboratory): Promise<Deployments> {
  await lab.cluster.server.admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: RIVAL } });
  return new Deployments(lab.api, lab.watched, RIVAL);
}

/** The same hostnames, on the first host only or wherever the operator puts them. */
function rivalApps({ lab, apps }: Stage, where: "one host" | "every host"): readonly App[] {
  if (where === "every host") return apps.map(({ name }) => ({ name, replicas: lab.hosts.length }));
  const [first] = lab.hosts;
  const hostId = lab.watched.hosts.all().find(({ metadata }) => metadata.name === first?.name)?.hostId;
  if (hostId === undefined) throw new Error("the first host has no object");
  return apps.map(({ name }) => ({ name, replicas: 1, hostId }));
}

/** Made, put under load beside their owners, rolled out, and deleted. */
async function comeAndGo(stage: Stage, where: "one host" | "every host"): Promise<void> {
  const { lab, names } = stage;
  const rivals = await rivalsOf(lab);
  const apps = rivalApps(stage, where);
  await Promise.all(apps.map((app) => rivals.create(app)));
  await rivals.settled(names);
  await sleep(BOTH_MS);
  await Promise.all(apps.map(({ name, replicas }) => rivals.scale(name, replicas + 2)));
  await rivals.settled(names);
  await Promise.all(apps.map((app) => rivals.update(app)));
  await rivals.settled(names);
  await Promise.all(names.map((name) => rivals.delete(name)));
  await allGone(lab, rivals, names);
}

async function allGone(lab: Laboratory, deployments: Deployments, names: readonly string[]): Promise<void> {
  const gone = (): boolean => names.every((name) => deployments.replicasOf(name).length === 0);
  await lab.watched.until("their replicas are gone", gone, 60_000);
}

/** How many answers each namespace gave. */
function answersByNamespace(outcomes: readonly Outcome[]): readonly string[] {
  const counts = Map.groupBy(
    outcomes.flatMap(({ servedBy }) => servedBy ?? []),
    (replica) => replica.slice(0, replica.indexOf("/")),
  );
  return [`answers by namespace: ${[...counts].map(([namespace, ones]) => `${namespace} ${ones.length}`).join(", ")}`];
}

export const OWNERSHIP: readonly Scenario[] = [
  {
    name: "conflict-on-one-host",
    what: "another namespace comes, grows, rolls out and goes with the same hostnames on one of the hosts, which serves some of the owners' replicas too",
    promised: "nothing",
    sums: answersByNamespace,
    run: async (stage) => {
      await comeAndGo(stage, "one host");
      await stage.lab.deployments.settled(stage.names);
    },
  },
  {
    name: "conflict-on-every-host",
    what: "the same on all hosts: each would mix the two, so that none is asked (503) until the other namespace has gone",
    promised: "nothing",
    sums: answersByNamespace,
    run: async (stage) => {
      const { lab, apps, names } = stage;
      await mayBeAway(lab, apps, ["no-replica"]);
      await comeAndGo(stage, "every host");
      const back = await Promise.all(
        names.map((name) => answeredBy(lab, hostnameOf(name), (replica) => replica.startsWith(`lab/${name}-`))),
      );
      lab.timeline.note(MEASURED, `answered again after the others' last replica${spanText(back.flat())}`);
      await mayBeAway(lab, apps, []);
    },
  },
  {
    name: "conflict-beside-services",
    what: "the same on all hosts, where the owners have a Kubernetes Service: hosts are asked by the alias that no other namespace has",
    promised: "nothing",
    sums: answersByNamespace,
    run: async (stage) => {
      // The operator gives its alias to `incoming-handler` alone.
      const apps = stage.apps.map(({ name, replicas }): App => ({ name, replicas, service: `${name}-svc` }));
      await updateAll({ ...stage, apps });
      await stage.lab.deployments.settled(stage.names);
      await comeAndGo(stage, "every host");
    },
  },
  {
    name: "ownership-passes-on",
    what: "the owners' deployments are deleted, and the namespace that has waited with replicas of its own becomes the owner",
    promised: "measured",
    cause:
      "the owner's last replica is unbound before the operator says so: for some ms requests get its host's empty 404",
    sums: answersByNamespace,
    run: async (stage) => {
      const { lab, names, apps } = stage;
      const rivals = await rivalsOf(lab);
      const heirs = rivalApps(stage, "one host");
      await Promise.all(heirs.map((app) => rivals.create(app)));
      await rivals.settled(names);
      await sleep(BOTH_MS);
      await lab.load.expect(
        apps.map((app) => ({ ...siteOf(app), heir: siteOf(app, RIVAL).served, absences: ["no-replica", "unknown"] })),
      );
      const passed = names.map(async (name) => {
        await allGone(lab, lab.deployments, [name]);
        return await answeredBy(lab, hostnameOf(name), (replica) => replica.startsWith(`${RIVAL}/`));
      });
      await Promise.all(names.map((name) => lab.deployments.delete(name)));
      lab.timeline.note(
        MEASURED,
        `answered by the next owner after the last replica${spanText((await Promise.all(passed)).flat())}`,
      );
      await lab.load.expect(apps.map((app) => siteOf(app, RIVAL)));
      await sleep(BOTH_MS);
    },
  },
];
