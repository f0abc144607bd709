/** Envoys with bootstraps in the manner of other control planes': what they do differently from ours disturbs nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type EnvoyProcess, startEnvoy } from "../envoy/envoy-process.ts";
import { hostNamed, loadOn, servedBy } from "./requests.ts";
import { hostYaml, serving, workloadYaml } from "./serving.ts";

interface Manner {
  /** What is different about it. */
  readonly manner: string;
  readonly node: { readonly id: string; readonly cluster: string };
  /** undefined: without ADS. */
  readonly ads?: Readonly<Record<string, unknown>>;
  /** Of LDS and CDS. */
  readonly source: Readonly<Record<string, unknown>>;
  readonly transport: string;
}

/** Both call the cluster that leads to the control plane so, which no fleet here is told. */
const XDS_CLUSTER = "xds_cluster";

const THERE = { transport_api_version: "V3", grpc_services: [{ envoy_grpc: { cluster_name: XDS_CLUSTER } }] };

const MANNERS: readonly Manner[] = [
  {
    manner: "Envoy Gateway's: delta ADS, no end of the first fetch, the node on the first message only",
    node: { id: "envoy-default-eg-e41e7b31-7d5b6c9f8-x2x7q", cluster: "default/eg" },
    ads: { api_type: "DELTA_GRPC", set_node_on_first_message_only: true },
    source: { ads: {}, initial_fetch_timeout: "0s", resource_api_version: "V3" },
    transport: "ads-delta",
  },
  {
    manner: "Kourier's: SotW ADS, one node id for all pods, the node on every message",
    node: { id: "3scale-kourier-gateway", cluster: "kourier-knative" },
    ads: { api_type: "GRPC" },
    source: { ads: {}, resource_api_version: "V3" },
    transport: "ads-sotw",
  },
  {
    manner: "nobody's in particular: SotW without ADS, so that what is nested has to name the cluster",
    node: { id: "edge", cluster: "edge" },
    source: { api_config_source: { api_type: "GRPC", ...THERE }, resource_api_version: "V3" },
    transport: "separate-sotw",
  },
];

function bootstrapIn({ node, ads, source }: Manner, xdsPort: number): Readonly<Record<string, unknown>> {
  const address = { socket_address: { address: "127.0.0.1", port_value: xdsPort } };
  return {
    node,
    admin: {},
    dynamic_resources: {
      ...(ads === undefined ? {} : { ads_config: { ...ads, ...THERE } }),
      lds_config: source,
      cds_config: source,
    },
    static_resources: {
      clusters: [
        {
          name: XDS_CLUSTER,
          type: "STATIC",
          connect_timeout: "10s",
          load_assignment: { cluster_name: XDS_CLUSTER, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicit_http_config: {
                http2_protocol_options: { connection_keepalive: { interval: "30s", timeout: "5s" } },
              },
            },
          },
        },
      ],
    },
  };
}

for (const manner of MANNERS)
  test(`two Envoys with a bootstrap in the manner of ${manner.manner}`, async (t) => {
    const [one, two] = await Promise.all([hostNamed(t, "one", "Shop.test"), hostNamed(t, "two", "Shop.test")]);
    const signalbox = await serving({
      test: t,
      fleets: `  - {name: edge, proxies: {cluster: "${manner.node.cluster}"}, listeners: [{name: http, address: 127.0.0.1, port: 0}]}`,
      objects: {
        "hosts.yaml": [hostYaml("one", "127.0.0.1", one.port), hostYaml("two", "127.0.0.1", two.port)].join("---\n"),
        "shop.yaml": workloadYaml("shop", "Shop.test", "one"),
      },
    });
    const started = async (): Promise<EnvoyProcess> => {
      const envoy = await startEnvoy({ bootstrap: bootstrapIn(manner, signalbox.xdsPort), test: t });
      await envoy.ready();
      return envoy;
    };
    const [first, second] = await Promise.all([started(), started()]);
    const ports = [await first.port("http"), await second.port("http")];
    const everywhere = (name: string) => Promise.all(ports.map((port) => servedBy(port, "shop.TEST:8080", name)));
    await everywhere("one");
    const loads = ports.map((port) => loadOn(port, "shop.test"));
    for (const to of ["two", "one", "two"]) {
      await signalbox.write("shop.yaml", workloadYaml("shop", "Shop.test", to));
      await everywhere(to);
      await Promise.all(loads.map((load) => load.next()));
    }
    for (const { failures, asked } of await Promise.all(loads.map((load) => load.end()))) {
      assert.deepEqual(failures, []);
      assert.ok(asked > 2, "the load ran");
    }
    const shown = async () =>
      JSON.parse(await signalbox.admin("/debug/proxies")).proxies.map(
        (proxy: { readonly nodeId: string; readonly transport: string }) => `${proxy.nodeId} ${proxy.transport}`,
      );
    const name = `${manner.node.id} ${manner.transport}`;
    assert.deepEqual(await shown(), [name, name], "a proxy each, though they call themselves alike");

    // One of them goes: the other, of the same id, is not disturbed.
    await first.stop();
    await signalbox.write("shop.yaml", workloadYaml("shop", "Shop.test", "one"));
    await servedBy(ports[1] ?? 0, "shop.test", "one");
    assert.deepEqual(await shown(), [name]);
    for (const [stat, count] of await second.stats("update_rejected$|init_fetch_timeout$"))
      assert.equal(count, 0, stat);
  });
