/**
 * A proxy in front of a fleet, configured by hand as Contour configures its Envoys for an HTTPProxy without further wishes: round robin over the pods of a
 * Service, no panic threshold, no retries, the Host kept, X-Forwarded-For appended. Endpoints come by EDS, here from a file, as pods come and go.
 */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { PATIENCE_MS } from "../patience.ts";
import { type EnvoyProcess, startEnvoy } from "./envoy-process.ts";

export interface FrontEnvoy {
  readonly envoy: EnvoyProcess;
  /** Where clients ask whose requests go on over HTTP/1.1, or over HTTP/2 without TLS (`protocol: h2c` of a Service in an HTTPProxy). */
  readonly ports: { readonly h1: number; readonly h2c: number };
  /** The Service's pods from now on, by port on loopback. Fulfilled when the proxy has exactly these. */
  pods(ports: readonly number[]): Promise<void>;
}

const UPSTREAMS = ["h1", "h2c"] as const;

export async function startFrontEnvoy(test: TestContext): Promise<FrontEnvoy> {
  const folder = await mkdtemp(join(tmpdir(), "front-envoy-"));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const write = async (ports: readonly number[]): Promise<void> => {
    for (const name of UPSTREAMS) {
      const path = join(folder, `${name}.json`);
      await writeFile(`${path}.new`, JSON.stringify({ resources: [assignmentOf(name, ports)] }));
      await rename(`${path}.new`, path);
    }
  };
  await write([]);
  const clusters = UPSTREAMS.map((name) => clusterOf(name, join(folder, `${name}.json`)));
  const bootstrap = {
    node: { id: "front", cluster: "front" },
    admin: {},
    static_resources: { clusters, listeners: UPSTREAMS.map(listenerOf) },
  };
  const envoy = await startEnvoy({ bootstrap, test });
  await envoy.ready();
  const pods = async (ports: readonly number[]): Promise<void> => {
    await write(ports);
    const wanted = ports.toSorted().join();
    const has = async (): Promise<boolean> => {
      const text = await envoy.admin("/clusters");
      return UPSTREAMS.every((name) => portsIn(text, name).toSorted().join() === wanted);
    };
    const until = performance.now() + PATIENCE_MS;
    while (!(await has())) if (performance.now() > until) throw new Error(`the front does not have the pods ${wanted}`);
  };
  return { envoy, ports: { h1: await envoy.port("h1"), h2c: await envoy.port("h2c") }, pods };
}

const portsIn = (clusters: string, name: string): readonly number[] =>
  [...clusters.matchAll(new RegExp(`^${name}::127\\.0\\.0\\.1:(\\d+)::cx_active::`, "gm"))].map(([, port]) =>
    Number(port),
  );

const assignmentOf = (cluster_name: string, ports: readonly number[]) => ({
  "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
  cluster_name,
  endpoints: [
    {
      lb_endpoints: ports.map((port_value) => ({
        endpoint: { address: { socket_address: { address: "127.0.0.1", port_value } } },
      })),
    },
  ],
});

function clusterOf(name: (typeof UPSTREAMS)[number], path: string): object {
  const http2 = {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: { http2_protocol_options: {} },
  };
  return {
    name,
    type: "EDS",
    eds_cluster_config: { eds_config: { path_config_source: { path }, resource_api_version: "V3" } },
    connect_timeout: "2s",
    lb_policy: "ROUND_ROBIN",
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    ...(name === "h1"
      ? {}
      : { typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2 } }),
  };
}

function listenerOf(name: (typeof UPSTREAMS)[number]): object {
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
  };
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: name,
    use_remote_address: true,
    normalize_path: true,
    preserve_external_request_id: true,
    http_filters: [router],
    route_config: {
      ignore_port_in_host_matching: true,
      virtual_hosts: [
        { name, domains: ["*.test"], routes: [{ match: { prefix: "/" }, route: { cluster: name, timeout: "0s" } }] },
      ],
    },
  };
  return {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
  };
}
