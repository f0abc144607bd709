/** What every row of request-rows.ts has at hand: one Envoy, fed by some delivery, and pretended hosts behind it. */
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { DemoAnswer } from "../../src/cli/demo-answer.ts";
import { type DemoHost, startDemoHost } from "../../src/cli/demo-host.ts";
import type { Resource } from "../../src/codec/resource.ts";
import type { FleetSpec, Variant } from "../../src/envoy/fleet-spec.ts";
import { clusterNameOf } from "../../src/envoy/names.ts";
import { type Translation, translateFleet, translateHostname } from "../../src/envoy/translate.ts";
import type { Endpoint, ExposedHostname } from "../../src/placement/fleet.ts";
import { PATIENCE_MS } from "../patience.ts";
import { type EnvoyProcess, startEnvoy } from "./envoy-process.ts";
import type { Delivery } from "./file-delivery.ts";
import { type RawResponse, rawRequest } from "./raw-request.ts";

/** Listeners of the bench: clients reach Envoy directly; through one trusted proxy; with a PROXY protocol header. */
export type BenchListener = "direct" | "behind-proxy" | "proxy-protocol";

export interface RequestBench {
  readonly envoy: EnvoyProcess;
  readonly variant: Variant;
  readonly spec: FleetSpec;
  readonly certificate: BenchCertificate;
  /** A new pretended host that has a replica `w-<name>` of each hostname; ends with the bench. */
  host(
    name: string,
    spellings: readonly string[],
    options?: { readonly address?: string; readonly tls?: { readonly key: string; readonly cert: string } },
  ): Promise<DemoHost>;
  /** Places a hostname on endpoints. Fulfilled when Envoy has the route and exactly these endpoints. */
  place(hostname: string, endpoints: readonly Endpoint[], protocolGroup?: string): Promise<void>;
  port(listener: BenchListener): Promise<number>;
  /** One request as bytes. */
  raw(text: string, listener?: BenchListener): Promise<RawResponse>;
  /** `GET path` with a Host and more header lines, and what the host saw of it. Fails unless the host answered. */
  seen(
    hostHeader: string,
    options?: { readonly path?: string; readonly lines?: readonly string[]; readonly listener?: BenchListener },
  ): Promise<DemoAnswer>;
  stop(): Promise<void>;
}

/** The fleet of the bench. Idle streams are cut after 2 s and safe requests are hedged after 400 ms, so that a test can see it. */
export function benchFleet({ certFile }: BenchCertificate): FleetSpec {
  const tls = { sni: "edge.test", caFile: certFile, clientCertificate: undefined };
  return {
    name: "test",
    listeners: [
      { name: "direct", address: "127.0.0.1", port: 0, trustedHops: 0, proxyProtocol: false, tls: undefined },
      { name: "behind-proxy", address: "127.0.0.1", port: 0, trustedHops: 1, proxyProtocol: false, tls: undefined },
      { name: "proxy-protocol", address: "127.0.0.1", port: 0, trustedHops: 0, proxyProtocol: true, tls: undefined },
    ],
    unknownHostname: { respond: { status: 404, body: "100 % unknown hostname\n" } },
    hostGroups: [
      { name: "tls", tls, protocol: "as-downstream" },
      { name: "tls-other-name", tls: { ...tls, sni: "other.test" }, protocol: "as-downstream" },
      { name: "http1", tls: undefined, protocol: "http1" },
      { name: "http2", tls: undefined, protocol: "http2" },
    ],
    traffic: { connectTimeoutMs: 1_000, routeTimeoutMs: 0, streamIdleTimeoutMs: 2_000, hedgeAfterMs: 400, retries: 3 },
    contour: undefined,
    accessLog: true,
  };
}

/** What hosts of the group "tls" show, with names `edge.test` and 127.0.0.1. */
export interface BenchCertificate {
  readonly key: string;
  readonly cert: string;
  readonly certFile: string;
}

/** An endpoint of a pretended host, ready and with one replica unless said otherwise. */
export function endpointOf(host: DemoHost, authority: string, more: Partial<Endpoint> = {}): Endpoint {
  const { authority: address, hostId, name } = host;
  return {
    address,
    phase: "ready",
    authority,
    weight: 1,
    workloadId: `w-${name}`,
    hostId,
    hostGroup: "default",
    ...more,
  };
}

/** Fulfilled when so many requests have arrived at the host since its start. Fails when they never do. */
export async function arrivals(host: DemoHost, count: number): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (; host.arrived < count; await sleep(2))
    if (performance.now() > until) throw new Error(`${host.arrived} of ${count} requests arrived at ${host.name}`);
}

/** What comes of a question that was answered before Envoy would have asked once more for its slowness: only then do arrivals tell what else it repeats. */
export async function unhedged<T>({ spec }: RequestBench, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const askedAt = performance.now();
    const answer = await ask();
    if (performance.now() - askedAt < spec.traffic.hedgeAfterMs) return answer;
  }
}

export interface BenchOptions {
  readonly spec: FleetSpec;
  readonly certificate: BenchCertificate;
  readonly variant: Variant;
  readonly delivery: Delivery;
  readonly test: TestContext;
  /** Exactly this release of Envoy. Default: whatever is found. */
  readonly version?: string;
}

/** Starts the bench; it ends with the test. */
export async function startBench({
  spec,
  certificate,
  variant,
  delivery,
  test,
  version,
}: BenchOptions): Promise<RequestBench> {
  const hosts: DemoHost[] = [];
  const exposed = new Map<string, readonly Resource[]>();
  const fleet = resourcesOf(translateFleet(spec, variant));
  await delivery.deliver(fleet);
  const envoy = await startEnvoy({
    bootstrap: delivery.bootstrap,
    test,
    ...(version === undefined ? {} : { version }),
  });
  await envoy.ready();
  const bench: RequestBench = {
    envoy,
    variant,
    spec,
    certificate,
    host: async (name, spellings, options = {}) => {
      const host = await startDemoHost({ name, hostId: `id-${name}`, ...options });
      hosts.push(host);
      for (const spelling of spellings) host.bind(spelling, { workload: `shop/${name}`, workloadId: `w-${name}` });
      return host;
    },
    place: async (hostname, endpoints, protocolGroup = "") => {
      const placed: ExposedHostname = { hostname, owner: "shop", protocolGroup, endpoints };
      exposed.set(hostname, resourcesOf(translateHostname(spec, variant, placed)));
      await delivery.deliver([...fleet, ...[...exposed.values()].flat()]);
      const protocol = spec.hostGroups.find(({ name }) => name === protocolGroup)?.protocol ?? "as-downstream";
      await taken(envoy, hostname, clusterNameOf(hostname, protocol), endpoints);
    },
    port: (listener) => envoy.port(listener),
    raw: async (text, listener = "direct") => rawRequest(await envoy.port(listener), text),
    seen: async (hostHeader, { path = "/", lines = [], listener = "direct" } = {}) => {
      const request = [`GET ${path} HTTP/1.1`, `Host: ${hostHeader}`, "Accept: application/json", ...lines, "", ""];
      const { status, body } = await rawRequest(await envoy.port(listener), request.join("\n"));
      if (status !== 200) throw new Error(`${hostHeader} answered ${status}: ${body}`);
      return JSON.parse(body) as DemoAnswer;
    },
    stop: async () => {
      await envoy.stop();
      await delivery.stop();
      await Promise.all(hosts.map((host) => host.stop()));
    },
  };
  test.after(() => bench.stop());
  return bench;
}

export function resourcesOf(translation: Translation): readonly Resource[] {
  if (translation.ok) return translation.resources;
  throw new Error(translation.problems.map(({ cause }) => cause).join("\n"));
}

/** Waits until Envoy itself shows the route and these endpoints with their phases and authorities. */
async function taken(
  envoy: EnvoyProcess,
  hostname: string,
  cluster: string,
  endpoints: readonly Endpoint[],
): Promise<void> {
  const wanted = endpoints.map((e) => [e.address, e.phase, e.weight, e.authority, e.workloadId ?? ""].join(" ")).sort();
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const dump = JSON.stringify(await envoy.configDump());
    const status = (await envoy.clusters()).cluster_statuses?.find(({ name }) => name === cluster) as
      | ClusterStatus
      | undefined;
    const shown = (status?.host_statuses ?? []).map(shownEndpoint).sort();
    const same = status !== undefined && JSON.stringify(shown) === JSON.stringify(wanted.map(stripWorkload).sort());
    if (same && routed(dump, hostname, cluster) && metadataShown(dump, cluster, endpoints)) return;
    await sleep(20);
  }
  throw new Error(
    `Envoy did not take ${hostname} on ${wanted.join(", ")}. Its log ends:\n${envoy.log().slice(-3_000)}`,
  );
}

const stripWorkload = (text: string): string => text.split(" ").slice(0, 4).join(" ");

/** Routes are shown with their cluster wherever they come from. */
const routed = (dump: string, hostname: string, cluster: string): boolean =>
  dump.includes(`"name":"${hostname}"`) && dump.includes(`"cluster":"${cluster}"`);

const metadataShown = (dump: string, _cluster: string, endpoints: readonly Endpoint[]): boolean =>
  endpoints.every(({ workloadId }) => workloadId === undefined || dump.includes(`"workload":"${workloadId}"`));

interface ClusterStatus {
  readonly name: string;
  readonly host_statuses?: readonly HostStatus[];
}

interface HostStatus {
  readonly address: { readonly socket_address: { readonly address: string; readonly port_value: number } };
  readonly health_status?: { readonly eds_health_status?: string };
  readonly weight?: number;
  readonly hostname?: string;
}

function shownEndpoint({ address, health_status, weight = 1, hostname = "" }: HostStatus): string {
  const { address: ip, port_value: port } = address.socket_address;
  const phase = health_status?.eds_health_status === "DRAINING" ? "draining" : "ready";
  return [ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`, phase, weight, hostname].join(" ");
}
