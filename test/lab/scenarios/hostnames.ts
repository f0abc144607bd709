/** Hostnames change: in the template, by an alias, and in an object that was placed already. */
import { setTimeout as sleep } from "node:timers/promises";
import { rawRequest } from "../../envoy/raw-request.ts";
import { type App, hostnameOf, siteOf } from "../cluster/deployments.ts";
import { isDeleting, type Workload } from "../cluster/objects.ts";
import { doorsOf } from "../gateway/gateway.ts";
import type { Laboratory } from "../laboratory.ts";
import { answersEverywhere, forgottenEverywhere } from "./answers-everywhere.ts";
import { mayBeAwayWithReplicaSet } from "./expecting.ts";
import { updateAll } from "./rollouts.ts";
import { MEASURED, type Scenario, type Stage } from "./scenario.ts";

const GONE = ["no-replica", "unknown"] as const;

/** Load on an object whose hostname was edited, in ms. */
const EDITED_MS = 3_000;

/** Rolls these out, and puts each of these hostnames under load from the first answer of all proxies on. */
async function rollOutTo(stage: Stage, apps: readonly App[], added: readonly App[]): Promise<void> {
  const { lab, names } = stage;
  await updateAll({ ...stage, apps });
  await Promise.all(
    added.map(async (app) => {
      const site = siteOf(app);
      await answersEverywhere(lab, site.hostname);
      await lab.load.include(site);
    }),
  );
  await lab.deployments.settled(names);
}

/** Nobody has these any more, and nobody asks for them. */
async function forgotten(lab: Laboratory, hostnames: readonly string[]): Promise<void> {
  await Promise.all(hostnames.map((hostname) => forgottenEverywhere(lab, hostname)));
  for (const hostname of hostnames) await lab.load.exclude(hostname);
}

const HTTP = "wasi";

interface HttpEntry {
  readonly namespace?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/** An edit of the object itself, which the operator does not look at again, nor its host. */
async function renameInPlace({ api }: Laboratory, workload: Workload, hostname: string): Promise<void> {
  const entries = (workload.spec.hostInterfaces ?? []) as readonly HttpEntry[];
  const hostInterfaces = entries.map((entry) =>
    entry.namespace === HTTP ? { ...entry, config: { ...entry.config, host: hostname } } : entry,
  );
  await api.patch(workload, { spec: { hostInterfaces } });
}

export const HOSTNAMES: readonly Scenario[] = [
  {
    name: "hostname-edited",
    what: "another hostname in all templates, and so a rollout: the old one has to answer until its ReplicaSet is gone, the new one from the first answer of all proxies on",
    promised: "nothing",
    run: async (stage) => {
      const { lab, apps, names } = stage;
      const moved = apps.map((app): App => ({ ...app, hostname: `${app.name}.moved.test` }));
      mayBeAwayWithReplicaSet(lab, apps, GONE);
      await rollOutTo(stage, moved, moved);
      await forgotten(lab, names.map(hostnameOf));
    },
  },
  {
    name: "alias-added-and-removed",
    about: "signalbox",
    what: "an alias is added to all templates and taken away again, two rollouts: the hostname has to answer all the time, the alias while there is one",
    promised: "nothing",
    run: async (stage) => {
      const { lab, apps } = stage;
      const aliasOf = ({ name }: App): string => `${name}.alias.test`;
      const asked = apps.map((app): App => ({ ...app, hostname: aliasOf(app) }));
      await rollOutTo(
        stage,
        apps.map((app): App => ({ ...app, aliases: [aliasOf(app)] })),
        asked,
      );
      mayBeAwayWithReplicaSet(lab, asked, GONE);
      await rollOutTo(stage, apps, []);
      await forgotten(lab, apps.map(aliasOf));
    },
  },
  {
    name: "hostname-edited-in-place",
    what: "another hostname written into one placed Workload of each deployment, which its host does not notice; then that Workload is deleted, and replaced",
    promised: "nothing",
    run: async (stage) => {
      const { lab, names } = stage;
      const edited = names.map((name) => {
        const [workload] = lab.deployments.replicasOf(name).filter((one) => !isDeleting(one));
        if (workload === undefined) throw new Error(`${name} has no replica`);
        return { workload, hostname: `${name}.edited.test` };
      });
      await Promise.all(edited.map(({ workload, hostname }) => renameInPlace(lab, workload, hostname)));
      await sleep(EDITED_MS);
      const statuses = await Promise.all(
        edited.flatMap(({ hostname }) =>
          doorsOf(lab.gateway).map(async ({ port }) => {
            const asking = `GET / HTTP/1.1\nHost: ${hostname}\nUser-Agent: lab/probe\nConnection: close\n\n`;
            return (await rawRequest(port, asking)).status;
          }),
        ),
      );
      lab.timeline.note(MEASURED, `what was written in answers ${[...new Set(statuses)].join(", ")}`);
      await Promise.all(edited.map(({ workload }) => lab.api.delete(workload)));
      await lab.deployments.settled(names);
    },
  },
];
