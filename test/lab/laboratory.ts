/**
 * The laboratory: an installation of wasmCloud, Signalbox and Envoys, alive on one machine. API server, etcd, garbage collector, Signalbox and Envoys are real;
 * operator, hosts and their bus are played. They know nothing of each other but what the real ones know: objects, the bus, HTTP.
 */
import { type Broker, startBroker } from "./bus/broker.ts";
import { type Cluster, startCluster } from "./cluster/cluster.ts";
import { Deployments, NAMESPACE } from "./cluster/deployments.ts";
import { accessOf, KubeApi } from "./cluster/kube-api.ts";
import { conditionOf } from "./cluster/objects.ts";
import { Watched } from "./cluster/watched.ts";
import { ENVOYS, Envoy } from "./gateway/envoys.ts";
import { startFollowsReady } from "./gateway/follows-ready.ts";
import type { Gateway, GatewayName, GatewayNeeds } from "./gateway/gateway.ts";
import type { Started } from "./gateway/signalbox.ts";
import { Signalboxes } from "./gateway/signalboxes.ts";
import type { XdsPlan } from "./gateway/xds-plan.ts";
import { LabHost, type LabHostOptions } from "./hosts/lab-host.ts";
import { Load } from "./load/load.ts";
import { Operator } from "./operator/operator.ts";
import type { TempoName } from "./operator/tempo.ts";
import { type Said, Timeline } from "./timeline.ts";

export interface LaboratoryOptions {
  readonly tempo: TempoName;
  readonly gateway: GatewayName;
  readonly hosts: number;
  /** Requests of the load, all kinds together. */
  readonly perSecond: number;
  /** See Installation.overDelete. */
  readonly overDelete: boolean;
  /** How Signalbox is started. */
  readonly started?: Started;
  /** Of the gateway Signalbox. Default: one, reached directly. */
  readonly xds?: XdsPlan;
  /** Told of everything at once. */
  readonly echo?: (said: Said) => void;
}

export interface Laboratory {
  readonly options: LaboratoryOptions;
  readonly timeline: Timeline;
  readonly cluster: Cluster;
  readonly bus: Broker;
  readonly operator: Operator;
  readonly hosts: readonly LabHost[];
  readonly gateway: Gateway;
  readonly load: Load;
  readonly watched: Watched;
  readonly deployments: Deployments;
  /** Writes of the laboratory itself, as an administrator. */
  readonly api: KubeApi;
  /** Starts one more host, which is none of `hosts`: they are those that the scenarios about hosts take turns with. */
  addHost(options: Omit<LabHostOptions, "busPort" | "tempo" | "timeline">): Promise<LabHost>;
  stop(): Promise<void>;
}

const MOST_CHILDREN = 64;

/** How each is started; what it leaves to end goes on the stack, whatever comes after it. */
const GATEWAYS: Readonly<Record<GatewayName, (needs: GatewayNeeds, ends: AsyncDisposableStack) => Promise<Gateway>>> = {
  signalbox: async (needs, ends) => {
    const signalboxes = await Signalboxes.start(needs);
    ends.defer(() => signalboxes.stop());
    const envoys: Envoy[] = [];
    for (const kind of ENVOYS) envoys.push(new Envoy(kind, await signalboxes.doorFor(kind), needs.timeline));
    for (const envoy of envoys) ends.defer(() => envoy.stop());
    await Promise.all(envoys.map((envoy) => envoy.start()));
    return {
      name: "signalbox",
      signalboxes,
      get signalbox() {
        return signalboxes.first;
      },
      envoys,
    };
  },
  "follows-ready": async ({ kubeconfig, timeline }, ends) => {
    const proxy = await startFollowsReady({ kubeconfig }, timeline);
    ends.defer(() => proxy.stop());
    return { name: "follows-ready", proxy };
  },
};

/** Starts everything; hosts are Ready when this resolves. Nothing is left running when it rejects. */
export async function startLaboratory(options: LaboratoryOptions): Promise<Laboratory> {
  const { tempo, overDelete } = options;
  process.setMaxListeners(Math.max(process.getMaxListeners(), MOST_CHILDREN)); // each child has an exit handler
  await using ends = new AsyncDisposableStack();
  const timeline = new Timeline(options.echo);
  const cluster = await startCluster([NAMESPACE]);
  ends.defer(() => cluster.stop());
  const bus = await startBroker();
  ends.defer(() => bus.lose());
  const kubeconfig = cluster.adminKubeconfig;
  const access = await accessOf(kubeconfig);
  const watched = new Watched(access, timeline);
  ends.defer(() => watched.stop());
  await watched.start();
  const operator = new Operator({ kubeconfig, busPort: bus.port, tempo, overDelete }, timeline);
  ends.defer(() => operator.kill());
  await operator.start();
  const hostOf = (given: Parameters<Laboratory["addHost"]>[0]): LabHost =>
    new LabHost({ ...given, busPort: bus.port, tempo, timeline });
  // Each host has an address of its own, as pods and machines have.
  const hosts = Array.from({ length: options.hosts }, (_, i) =>
    hostOf({ address: `127.0.0.${11 + i}`, labels: { pair: String(Math.floor(i / 2)) } }),
  );
  for (const host of hosts) ends.defer(() => host.stop());
  await Promise.all(hosts.map((host) => host.start()));
  const gateway = await GATEWAYS[options.gateway](
    {
      kubeconfig: options.gateway === "signalbox" ? cluster.signalboxKubeconfig : kubeconfig,
      xds: options.xds ?? {},
      started: options.started ?? {},
      timeline,
    },
    ends,
  );
  const load = new Load(options.perSecond);
  ends.defer(() => load.end());
  const api = new KubeApi(access);
  ends.defer(() => api.close());
  const ready = () =>
    hosts.every(({ name }) =>
      watched.hosts.all().some((host) => host.metadata.name === name && conditionOf(host, "Ready") === "True"),
    );
  await watched.until("hosts are Ready", ready, 60_000);
  const deployments = new Deployments(api, watched);
  const kept = ends.move();
  const parts = {
    options,
    timeline,
    cluster,
    bus,
    operator,
    hosts,
    gateway,
    load,
    watched,
    deployments,
    api,
  };
  const addHost: Laboratory["addHost"] = async (given) => {
    const host = hostOf(given);
    kept.defer(() => host.stop());
    await host.start();
    const isReady = () =>
      watched.hosts.all().some((one) => one.metadata.name === host.name && conditionOf(one, "Ready") === "True");
    await watched.until(`${host.name} is Ready`, isReady, 60_000);
    return host;
  };
  return { ...parts, addHost, stop: () => kept.disposeAsync() };
}
