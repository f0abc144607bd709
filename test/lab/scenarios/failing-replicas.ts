/** Replicas that do not start, that start behind the operator's back, that end by themselves, and that are never let go of. */
import { setTimeout as sleep } from "node:timers/promises";
import { type App, hostnameOf, siteOf } from "../cluster/deployments.ts";
import { isDeleting, type Workload } from "../cluster/objects.ts";
import type { Laboratory } from "../laboratory.ts";
import { TEMPOS } from "../operator/tempo.ts";
import { answersEverywhere } from "./answers-everywhere.ts";
import { mayBeAway } from "./expecting.ts";
import { UNBOUND } from "./lifecycles.ts";
import { updateAll } from "./rollouts.ts";
import { MEASURED, type Scenario, type Stage } from "./scenario.ts";

/** Of wasmCloud's runtime-gateway before 2.7.0, which nobody takes off where that gateway is gone. */
const LEFTOVER = "runtime.wasmcloud.dev/gateway-workload-finalizer";

/** Load on what a scenario has brought about, in ms. */
const LOAD_MS = 2_000;

const MOST_MS = 120_000;

/** The order to start a workload is sent well before this, counted from the choice of its host, in ms. */
const SENT_MS = 500;

/** Puts this finalizer on every Workload that is not being deleted (none can be added to those), as that gateway did, or takes it off all again. */
async function leftovers(lab: Laboratory, change: "on" | "off"): Promise<void> {
  const all = lab.watched.workloads.all();
  const objects = change === "on" ? all.filter((workload) => !isDeleting(workload)) : all;
  await Promise.all(
    objects.map(async (workload) => {
      const others = (workload.metadata.finalizers ?? []).filter((one) => one !== LEFTOVER);
      const finalizers = change === "on" ? [...others, LEFTOVER] : others;
      await lab.api.patch(workload, { metadata: { finalizers: finalizers.length === 0 ? null : finalizers } });
    }),
  );
}

/** Only the leftover keeps it. */
const isStuck = (workload: Workload): boolean =>
  isDeleting(workload) && workload.metadata.finalizers?.join() === LEFTOVER;

/** Scales all of them, with the leftover on whatever goes by that. */
async function scaleLeaving({ lab, names }: Stage, replicas: number): Promise<void> {
  await leftovers(lab, "on");
  await Promise.all(names.map((name) => lab.deployments.scale(name, replicas)));
  await lab.deployments.settled(names, MOST_MS, isStuck);
}

/** Takes all leftovers off, or ReplicaSets, which count Workloads that are kept, would make no others; and scales up. */
async function letGo({ lab, names }: Stage): Promise<void> {
  lab.timeline.note(MEASURED, `${lab.watched.workloads.all().filter(isStuck).length} Workloads were left over`);
  await leftovers(lab, "off");
  await Promise.all(names.map((name) => lab.deployments.scale(name, 2)));
}

/** A second deployment of the same namespace for each hostname, on a host that serves it already: one pool with the first. */
const besidesOf = ({ lab, apps }: Stage, kind: string, differing: Partial<App>): readonly App[] =>
  apps.map((app, i) => {
    const [neighbour] = lab.deployments.replicasOf(app.name);
    const hostId = neighbour?.status?.hostId;
    if (hostId === undefined) throw new Error(`${app.name} is nowhere`);
    return { name: `app-${kind}${i + 1}`, hostname: hostnameOf(app.name), replicas: 1, hostId, ...differing };
  });

/** Made, and deleted while its only replica starts: the operator stops nothing that it does not know to be placed. */
async function startTooLate(lab: Laboratory, app: App): Promise<void> {
  await lab.deployments.create(app);
  const chosen = (): boolean => lab.deployments.replicasOf(app.name).some(({ status }) => status?.hostId !== undefined);
  await lab.watched.until("its host is chosen", chosen, MOST_MS);
  await sleep(SENT_MS);
  await lab.deployments.delete(app.name);
  await lab.watched.until("it is gone", () => lab.deployments.replicasOf(app.name).length === 0, MOST_MS);
  const bound = (): boolean => lab.timeline.matching(new RegExp(`${app.name}-\\S+ is bound`), 0).length > 0;
  await lab.watched.until("it was started", bound, MOST_MS);
}

/** Both deployments of a hostname may answer. */
const sharedBy = (app: App, beside: App) => ({ ...siteOf(app), heir: siteOf(beside).served });

export const FAILING_REPLICAS: readonly Scenario[] = [
  {
    name: "starts-that-fail",
    what: "rollout of all deployments with 6 replicas, of whose starts every fifth fails until the operator has replaced them all",
    promised: "nothing",
    replicas: 6,
    run: async (stage) => {
      await updateAll({ ...stage, apps: stage.apps.map((app): App => ({ ...app, environment: { FAIL: "0.2" } })) });
      await stage.lab.deployments.settled(stage.names, MOST_MS);
    },
  },
  {
    name: "service-that-exits",
    what: "each hostname gets a third replica, a service that ends by itself: the operator goes on calling it Ready, and its host answers 503",
    promised: "safe",
    cause: "nothing tells a host's 503 from an application's, so only a safe request is asked elsewhere",
    run: async (stage) => {
      const { lab, apps } = stage;
      const exiting = apps.map((app, i): App => {
        const environment = { EXIT_MS: "3000" };
        return { name: `app-exit${i + 1}`, hostname: hostnameOf(app.name), replicas: 1, life: "service", environment };
      });
      await lab.load.expect(apps.map((app, i) => sharedBy(app, exiting[i] ?? app)));
      await Promise.all(exiting.map((app) => lab.deployments.create(app)));
      const exited = (): boolean => lab.timeline.matching(/ has exited$/, 0).length >= exiting.length;
      await lab.watched.until("all have exited", exited, MOST_MS);
      await sleep(LOAD_MS);
      await Promise.all(exiting.map(({ name }) => lab.deployments.delete(name)));
    },
  },
  {
    name: "starts-that-take-too-long",
    what: "replicas that start after the operator has given up waiting, and whose deployments are deleted: nobody stops them, and their hosts go on answering by them beside others of the name",
    promised: "nothing",
    sums: (outcomes) => {
      const late = outcomes.filter(({ servedBy }) => servedBy?.startsWith("lab/app-late") === true).length;
      return [`${late} of ${outcomes.length} answers by replicas that no object tells of`];
    },
    run: async (stage) => {
      const { lab, names } = stage;
      const apps = stage.apps.slice(0, 2);
      const START_MS = String(TEMPOS[lab.options.tempo].startTimeoutMs + 200);
      const late = besidesOf({ ...stage, apps }, "late", { environment: { START_MS } });
      await lab.load.expect(apps.map((app, i) => sharedBy(app, late[i] ?? app)));
      for (const app of late) await startTooLate(lab, app);
      await sleep(LOAD_MS);
      await updateAll(stage);
      await lab.deployments.settled(names);
    },
  },
  {
    name: "leftover-finalizers",
    what: "old Workloads that are never let go of, since a finalizer of wasmCloud's runtime-gateway was left on them: rolled out twice, scaled to 1 and back",
    promised: "nothing",
    run: async (stage) => {
      const { lab, names } = stage;
      for (let i = 0; i < 2; i++) {
        await leftovers(lab, "on");
        await updateAll(stage);
        await lab.deployments.settled(names, MOST_MS, isStuck);
      }
      await sleep(LOAD_MS);
      await scaleLeaving(stage, 1);
      await sleep(LOAD_MS);
      await letGo(stage);
      await lab.deployments.settled(names);
    },
  },
  {
    name: "leftover-finalizers-at-zero",
    what: "the same, scaled to 0 (503, although what was stopped is Ready by its objects) and back",
    promised: "measured",
    cause: UNBOUND,
    run: async (stage) => {
      const { lab, names, apps } = stage;
      await mayBeAway(lab, apps, ["no-replica"]);
      await scaleLeaving(stage, 0);
      await Promise.all(names.map((name) => answersEverywhere(lab, hostnameOf(name), 503)));
      await sleep(LOAD_MS);
      await letGo(stage);
      await Promise.all(names.map((name) => answersEverywhere(lab, hostnameOf(name))));
      await mayBeAway(lab, apps, []);
      await lab.deployments.settled(names);
    },
  },
];
