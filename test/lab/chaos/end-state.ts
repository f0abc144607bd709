/** What an installation has to come back to once nothing is done to it any more: asked of Signalbox, of its Envoys, and of the hosts. */
import { setTimeout as sleep } from "node:timers/promises";
import { hostnameOf } from "../cluster/deployments.ts";
import type { Envoy } from "../gateway/envoys.ts";
import { signalboxOf } from "../gateway/gateway.ts";
import type { Signalbox } from "../gateway/signalbox.ts";
import type { Laboratory } from "../laboratory.ts";
import { answersEverywhere } from "../scenarios/answers-everywhere.ts";
import { expectNoRejection } from "../scenarios/odd-objects.ts";
import { wallMs } from "../wall-clock.ts";
import { Availability } from "./availability.ts";
import { Endpoints } from "./endpoints.ts";
import { factsOf } from "./facts.ts";
import { livesOf } from "./lives.ts";

/** Until it has; longer than an Envoy waits before it connects again or lets an ejected host back in. */
const BOUND_MS = 60_000;

/** What is still wrong after a minute; empty when all is well. */
export async function endStateOf(lab: Laboratory, names: readonly string[]): Promise<readonly string[]> {
  const hostnames = names.map(hostnameOf);
  const answers = await Promise.allSettled(hostnames.map((hostname) => answersEverywhere(lab, hostname)));
  const silent = answers.flatMap((answer) => (answer.status === "rejected" ? [String(answer.reason)] : []));
  let wrong: readonly string[] = [];
  for (const end = performance.now() + BOUND_MS; ; await sleep(200)) {
    wrong = await wrongNow(lab, hostnames).catch((error: unknown) => [String(error)]);
    if (wrong.length === 0 || performance.now() > end) break;
  }
  const rejected = await expectNoRejection(lab).then(
    () => [],
    (error: unknown) => [String(error)],
  );
  return [...silent, ...wrong, ...rejected, ...crashesIn(lab)];
}

/** What an Envoy that crashes writes before it ends. */
function crashesIn({ timeline }: Laboratory): readonly string[] {
  return timeline
    .matching(/Caught (?:Segmentation fault|Aborted)|\[critical\]/, 0)
    .filter(({ who }) => who.startsWith("envoy-"))
    .map(({ who, text }) => `${who}: ${text}`);
}

async function wrongNow(lab: Laboratory, hostnames: readonly string[]): Promise<readonly string[]> {
  const truth = truthOf(lab, hostnames);
  const { signalboxes, envoys } = signalboxOf(lab.gateway);
  const wrong: string[] = [];
  for (const envoy of envoys) wrong.push(...differences(envoy.kind.name, truth, await membersOf(envoy)));
  let connected = 0;
  for (const one of signalboxes.all) {
    wrong.push(...differences(one.name, truth, await believedBy(one)));
    const { proxies } = (await (await one.admin("/debug/proxies")).json()) as Proxies;
    connected += proxies.length;
    for (const { nodeId, types } of proxies)
      for (const { type, pending, rejected } of types)
        if (pending > 0 || rejected.length > 0)
          wrong.push(`${nodeId}: ${type}: ${pending} pending, ${rejected.length} rejected`);
  }
  if (connected !== envoys.length) wrong.push(`${connected} proxies are connected, not ${envoys.length}`);
  return wrong;
}

/** Ready endpoints by hostname. */
async function believedBy(signalbox: Signalbox): Promise<ReadonlyMap<string, string>> {
  const { hostnames } = (await (await signalbox.admin("/debug/placement")).json()) as Placements;
  return new Map(
    hostnames.map(({ hostname, fleets }) => [
      hostname,
      hostsOf(fleets[0]?.endpoints.filter(({ phase }) => phase === "ready").map(({ address }) => address) ?? []),
    ]),
  );
}

interface Placements {
  readonly hostnames: readonly {
    readonly hostname: string;
    readonly fleets: readonly {
      readonly endpoints: readonly { readonly address: string; readonly phase: string }[];
    }[];
  }[];
}

interface Proxies {
  readonly proxies: readonly {
    readonly nodeId: string;
    readonly types: readonly {
      readonly type: string;
      readonly pending: number;
      readonly rejected: readonly unknown[];
    }[];
  }[];
}

/** Addresses of hosts of which objects say that they are Ready, and of which the hosts say so themselves. */
function truthOf({ timeline }: Laboratory, hostnames: readonly string[]): ReadonlyMap<string, string> {
  const facts = factsOf(timeline.matching(/(?:)/, 0));
  const endpoints = new Endpoints(livesOf(facts), new Availability(facts, 0));
  const now = wallMs();
  return new Map(
    hostnames.map((hostname) => {
      const ready = endpoints.at(hostname, now).filter(({ told, serving }) => serving && told.has("ready"));
      return [hostname, textOf(ready.map(({ address }) => address))];
    }),
  );
}

/** Healthy endpoints by cluster. */
async function membersOf(envoy: Envoy): Promise<ReadonlyMap<string, string>> {
  const { cluster_statuses = [] } = (await envoy.clusters()) as unknown as Clusters;
  return new Map(
    cluster_statuses.map(({ name, host_statuses = [] }) => [
      name,
      hostsOf(
        host_statuses
          .filter(({ health_status }) => health_status.eds_health_status === "HEALTHY")
          .map(({ address: { socket_address: at } }) => `${at.address}:${at.port_value}`),
      ),
    ]),
  );
}

interface Clusters {
  readonly cluster_statuses?: readonly {
    readonly name: string;
    readonly host_statuses?: readonly {
      readonly address: { readonly socket_address: { readonly address: string; readonly port_value: number } };
      readonly health_status: { readonly eds_health_status?: string };
    }[];
  }[];
}

const hostsOf = (addresses: readonly string[]): string =>
  textOf(addresses.map((address) => `host-${/^127\.0\.0\.(\d+):/.exec(address)?.[1] ?? address}`));

const textOf = (hosts: readonly string[]): string => [...new Set(hosts)].toSorted().join(", ") || "nobody";

const differences = (who: string, truth: ReadonlyMap<string, string>, held: ReadonlyMap<string, string>): string[] =>
  [...truth]
    .filter(([hostname, hosts]) => held.get(hostname) !== hosts)
    .map(
      ([hostname, hosts]) => `${hostname} is served by ${hosts}; ${who} has ${held.get(hostname) ?? "no such name"}`,
    );
