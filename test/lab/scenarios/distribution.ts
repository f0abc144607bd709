/** Each replica gets its share: an endpoint is a host, weighted by how many replicas are behind it. */
import { type App, hostnameOf, NAMESPACE } from "../cluster/deployments.ts";
import { doorsOf } from "../gateway/gateway.ts";
import type { Laboratory } from "../laboratory.ts";
import { answersEverywhere } from "./answers-everywhere.ts";
import { MEASURED, type Scenario } from "./scenario.ts";
import { whoAnswered } from "./who-answered.ts";

const APPS = 20;
/** Of each hostname through each proxy. */
const TIMES = 60;
/**
 * By how much a proxy's share over all hostnames may differ from what is right. Were each host chosen by chance, the share of APPS × TIMES requests would have a
 * standard deviation of 1.4 percent points; Envoy's balancer, which counts, stays nearer. Beyond ten is not chance, and an unweighted third replica
 * (50 % instead of 67 %) is 17 away.
 */
const MOST_OFF = 0.1;

/** Deployments whose replicas all go to two hosts, every other one to another pair. */
const appsOn = (hosts: number): readonly App[] => {
  const pairs = Math.floor(hosts / 2);
  if (pairs === 0) throw new Error("it takes two hosts");
  return Array.from({ length: APPS }, (_, i) => ({
    name: `app-pair${i + 1}`,
    replicas: 2,
    hostSelector: { pair: String(i % pairs) },
  }));
};

/** Names of the hosts of a deployment, that with most of its replicas first. */
function hostsOf({ watched }: Laboratory, name: string): readonly string[] {
  const hosts = new Map(watched.hosts.all().map((host) => [host.hostId, host.metadata.name]));
  const replicas = watched.workloads.all().filter(({ metadata }) => metadata.name.startsWith(`${name}-`));
  const groups = Map.groupBy(replicas, ({ status }) => hosts.get(status?.hostId ?? "") ?? "nowhere");
  return [...groups]
    .toSorted(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1))
    .map(([host]) => host);
}

/** Asks for all of them through every proxy. @throws unless all replicas answer, and the hosts with most replicas as often as they should. */
async function expectShare(lab: Laboratory, names: readonly string[], share: number): Promise<void> {
  const lines = await Promise.all(
    doorsOf(lab.gateway).map(async (door) => {
      let first = 0;
      let all = 0;
      for (const name of names) {
        const [most = ""] = hostsOf(lab, name);
        const { hosts, workloads } = await whoAnswered(door, hostnameOf(name), TIMES);
        const replicas = lab.watched.workloads.all().filter(({ metadata }) => metadata.name.startsWith(`${name}-`));
        // A third of 60 requests on average: that none comes has a chance of less than one in ten thousand millions.
        for (const { metadata } of replicas)
          if (!workloads.has(`${NAMESPACE}/${metadata.name}`))
            throw new Error(`${metadata.name} answered none of ${TIMES} requests through ${door.name}`);
        first += hosts.get(most) ?? 0;
        all += TIMES;
      }
      const found = first / all;
      if (Math.abs(found - share) > MOST_OFF)
        throw new Error(
          `through ${door.name} the host with most replicas answered ${percent(found)}, not ${percent(share)}`,
        );
      return `${door.name} ${percent(found)}`;
    }),
  );
  lab.timeline.note(MEASURED, `share of the host with most replicas, ${percent(share)} wanted: ${lines.join(", ")}`);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export const DISTRIBUTION: readonly Scenario[] = [
  {
    name: "distribution",
    what: `${APPS} deployments of two replicas on two hosts each (half of the requests to either), scaled to three (2 to 1)`,
    promised: "nothing",
    run: async ({ lab }) => {
      const apps = appsOn(lab.hosts.length);
      const names = apps.map(({ name }) => name);
      await Promise.all(apps.map((app) => lab.deployments.create(app)));
      await lab.deployments.settled(names);
      await Promise.all(names.map((name) => answersEverywhere(lab, hostnameOf(name))));
      for (const name of names) await lab.load.include({ hostname: hostnameOf(name), served: `${NAMESPACE}/${name}` });
      await expectShare(lab, names, 1 / 2);
      await Promise.all(names.map((name) => lab.deployments.scale(name, 3)));
      await lab.deployments.settled(names);
      await expectShare(lab, names, 2 / 3);
      await Promise.all(names.map((name) => lab.load.exclude(hostnameOf(name))));
    },
  },
];
