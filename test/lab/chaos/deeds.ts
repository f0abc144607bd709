/** How each kind of deed is done, and undone. Users insist: what they ask for while the API server is away, they ask for until it answers. */
import { setTimeout as sleep } from "node:timers/promises";
import { type App, Deployments, hostnameOf, siteOf } from "../cluster/deployments.ts";
import { signalboxOf } from "../gateway/gateway.ts";
import type { LabHost } from "../hosts/lab-host.ts";
import type { Laboratory } from "../laboratory.ts";
import { TEMPOS } from "../operator/tempo.ts";
import { answersEverywhere } from "../scenarios/answers-everywhere.ts";
import { throwIn } from "../scenarios/odd-objects.ts";
import { hostObjectOf } from "../scenarios/recovery.ts";
import type { Stage } from "../scenarios/scenario.ts";
import type { Deed, DeedKind } from "./schedule.ts";

/** An installation on which deeds are done, and what is wanted of its deployments now. */
export interface Ground {
  readonly lab: Laboratory;
  /** Runs before this one: what they made may still be on its way out, and no name comes twice. */
  readonly round: number;
  /** By position. */
  readonly apps: App[];
  /** Those of another namespace, which wants hostnames that have an owner. */
  readonly rivals: Deployments;
  /** Deployments of which a version that fails was asked for last. */
  readonly broken: Set<string>;
}

/** Nothing has happened on it yet in this run. */
export async function groundOf({ lab, apps }: Stage, round: number): Promise<Ground> {
  await lab.cluster.server.admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: RIVAL } });
  return { lab, round, apps: [...apps], rivals: new Deployments(lab.api, lab.watched, RIVAL), broken: new Set() };
}

const RIVAL = "rival";

/** Names what a deed makes. */
const numberOf = ({ round }: Ground, { number }: Deed): number => round * 1_000 + number;

type Doing = (ground: Ground, deed: Deed) => Promise<void>;

const MOST_REPLICAS = 4;
const AGAIN_MS = 200;
const INSIST_MS = 90_000;
/** Longer than any request of the load that goes well. */
const LONGEST_REQUEST_MS = 3_000;

async function insist<T>(what: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + INSIST_MS; ; await sleep(AGAIN_MS))
    try {
      return await what();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
}

/** One that another deed has made already is made: an answer may be lost with the API server. */
const made = async (what: () => Promise<unknown>): Promise<void> =>
  await insist(async () => {
    await what().catch((error: unknown) => {
      if (!/: 409 /.test(String(error))) throw error;
    });
  });

const appsOf = ({ apps }: Ground, deed: Deed): readonly App[] => deed.apps.flatMap((i) => apps[i] ?? []);

function hostOf({ lab }: Ground, deed: Deed): LabHost {
  const host = lab.hosts[deed.host];
  if (host === undefined) throw new Error(`there is no host ${deed.host}`);
  return host;
}

async function update(ground: Ground, app: App): Promise<void> {
  if (app.environment?.["FAIL"] === undefined) ground.broken.delete(app.name);
  else ground.broken.add(app.name);
  await insist(() => ground.lab.deployments.update(app));
}

async function restartHost(host: LabHost): Promise<void> {
  await host.kill();
  await host.start();
}

export const DOINGS: Readonly<Record<DeedKind, Doing>> = {
  rollout: async (ground, deed) => {
    await Promise.all(appsOf(ground, deed).map((app) => update(ground, app)));
  },
  scale: async (ground, deed) => {
    for (const position of deed.apps) {
      const app = ground.apps[position];
      if (app === undefined) continue;
      const replicas = 1 + Math.floor(deed.chance * MOST_REPLICAS);
      ground.apps[position] = { ...app, replicas };
      await insist(() => ground.lab.deployments.scale(app.name, replicas));
    }
  },
  recreate: async (ground, deed) => {
    for (const app of appsOf(ground, deed).slice(0, 1)) await update(ground, { ...app, deployPolicy: "Recreate" });
  },
  "failed-start": async (ground, deed) => {
    const apps = appsOf(ground, deed).slice(0, 2);
    await Promise.all(apps.map((app) => update(ground, { ...app, environment: { FAIL: "1" } })));
    await sleep(deed.lastsMs);
    // Their users give up, and go back; others may have repaired them meanwhile.
    await Promise.all(apps.filter(({ name }) => ground.broken.has(name)).map((app) => update(ground, app)));
  },
  "come-and-go": async (ground, deed) => {
    const { lab } = ground;
    const app: App = { name: `app-new${numberOf(ground, deed)}`, replicas: 2 };
    await made(() => lab.deployments.create(app));
    await insist(() => answersEverywhere(lab, hostnameOf(app.name))); // an Envoy that is being restarted refuses
    await lab.load.include(siteOf(app));
    await sleep(deed.lastsMs);
    lab.timeline.note("lab", `${app.name} is unmade`);
    await insist(() => lab.deployments.delete(app.name));
    await sleep(LONGEST_REQUEST_MS);
    await lab.load.exclude(hostnameOf(app.name));
  },
  "rival-claims": async (ground, deed) => {
    const { rivals } = ground;
    const apps = appsOf(ground, deed).slice(0, 4);
    const wanted = apps.map(
      ({ name }): App => ({ name: `${name}-x${numberOf(ground, deed)}`, hostname: hostnameOf(name), replicas: 1 }),
    );
    for (const app of wanted) await made(() => rivals.create(app));
    await sleep(deed.lastsMs);
    for (const { name } of wanted) await insist(() => rivals.delete(name));
  },
  "odd-objects": async (ground, deed) => {
    const { lab } = ground;
    let round = numberOf(ground, deed) * 100;
    const objects = await insist(() => throwIn(lab, round++));
    await sleep(deed.lastsMs);
    for (const object of objects) await insist(() => lab.api.delete(object));
  },
  "slow-starts": async (ground, deed) => {
    const { lab } = ground;
    const hostId = hostObjectOf(ground.lab, hostOf(ground, deed).name)?.hostId;
    if (hostId === undefined) return;
    const { hostTtlMs, probeTimeoutMs } = TEMPOS[lab.options.tempo];
    const name = `app-slow${numberOf(ground, deed)}`;
    const environment = { START_MS: String(hostTtlMs - 2 * probeTimeoutMs) };
    await made(() => lab.deployments.create({ name, replicas: 1, hostId, environment }));
    await sleep(deed.lastsMs);
    await insist(() => lab.deployments.delete(name));
  },
  "host-killed": async (ground, deed) => {
    const host = hostOf(ground, deed);
    await host.kill();
    await sleep(deed.lastsMs);
    await host.start();
  },
  "host-restarted": (ground, deed) => restartHost(hostOf(ground, deed)),
  "host-frozen": async (ground, deed) => {
    const host = hostOf(ground, deed);
    host.freeze();
    await sleep(deed.lastsMs);
    host.thaw();
  },
  "host-black-holed": async (ground, deed) => {
    const host = hostOf(ground, deed);
    await host.blackHole();
    await sleep(deed.lastsMs);
    await restartHost(host);
  },
  "host-drained": async (ground, deed) => {
    const object = hostObjectOf(ground.lab, hostOf(ground, deed).name);
    if (object === undefined) return;
    ground.lab.timeline.note("lab", `Host ${object.metadata.name} is to be drained`);
    await insist(() => ground.lab.api.delete(object));
  },
  "bus-lost": async ({ lab }, deed) => {
    lab.timeline.note("lab", "the bus is lost");
    await lab.bus.lose();
    await sleep(deed.lastsMs);
    await lab.bus.restore();
    lab.timeline.note("lab", "the bus is back");
  },
  "operator-restarted": async ({ lab }, deed) => {
    await lab.operator.kill();
    await sleep(deed.lastsMs);
    await lab.operator.start();
  },
  "api-restarted": ({ lab }) => restartApiServer(lab),
  "history-forgotten": async ({ lab }) => {
    await lab.cluster.server.compact();
    await restartApiServer(lab);
  },
  "signalbox-restarted": (ground, deed) => restartSignalbox(ground, deed, "SIGTERM"),
  "signalbox-killed": (ground, deed) => restartSignalbox(ground, deed, "SIGKILL"),
  reconfigured: async ({ lab }, { chance }) => {
    const fleet = { traffic: { retries: 2 + Math.floor(chance * 3) } };
    for (const one of signalboxOf(lab.gateway).signalboxes.all) await one.configure(fleet);
  },
  "envoy-restarted": async ({ lab }, deed) => {
    const envoy = signalboxOf(lab.gateway).envoys[deed.proxy];
    if (envoy === undefined) throw new Error(`there is no Envoy ${deed.proxy}`);
    await lab.load.leave(envoy.kind.name);
    await envoy.drain();
    await envoy.stop();
    await envoy.start();
    await lab.load.enter(envoy.door);
  },
};

/** One of them, where there are several. */
async function restartSignalbox({ lab }: Ground, { chance }: Deed, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const { signalboxes } = signalboxOf(lab.gateway);
  const one = signalboxes.all[Math.floor(chance * signalboxes.all.length)];
  if (one !== undefined) await signalboxes.restart(one, signal);
}

async function restartApiServer({ timeline, cluster }: Laboratory): Promise<void> {
  timeline.note("lab", "SIGKILL to the API server");
  await cluster.server.restart();
  timeline.note("lab", "the API server is ready");
}
