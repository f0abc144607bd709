/** The bootstrap with which an Envoy joins a fleet. */
import { anyOf } from "../codec/any.ts";
import type {
  Address,
  Bootstrap_DynamicResources,
  Cluster,
  ConfigSource,
  OverloadManager,
  TransportSocket,
} from "../codec/generated/messages.ts";
import { type JsonValue, toJson } from "../codec/json.ts";
import { ADMIN_CLUSTER, probeListener } from "./admin-window.ts";
import { configSourceOf } from "./config-source.ts";
import { durationOf } from "./duration.ts";
import { PROTOCOL_OPTIONS } from "./upstream-protocol.ts";
import { tlsSocketOf } from "./upstream-tls.ts";
import type { ProxyTransport } from "./variant.ts";
import { followedSocketOf } from "./xds-secrets.ts";

/** Name of the cluster in our bootstrap that leads to Signalbox: the default of a fleet's `xdsCluster`. Clusters of hostnames have a dot or a slash. */
export const XDS_CLUSTER = "signalbox";

/** How an Envoy asks for its configuration. `delta-ads` is the default; the others are for Envoys that cannot. */
export type BootstrapTransport = ProxyTransport;

/** TLS towards Signalbox's xDS port: files on the Envoy's machine. */
export interface BootstrapTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Name in Signalbox's certificate: sent as SNI and verified. */
  readonly serverName: string;
  /**
   * Folder with the files of `xdsSecretsOf`, on the Envoy's machine and absolute: Envoy then reads certificates anew when a file or link is renamed into
   * their folder, as the kubelet and `signalbox certgen` do. Undefined: Envoy reads them when it starts.
   */
  readonly secretsFolder: string | undefined;
}

/** What a bootstrap is made from. Addresses are `ip:port`, `name:port` or `[ipv6]:port`. */
export interface BootstrapOptions {
  /** Name of the fleet, told to Signalbox as node metadata `fleet`. */
  readonly fleet: string;
  /** "" leaves node id and cluster to Envoy's `--service-node` and `--service-cluster`. */
  readonly nodeId: string;
  readonly nodeCluster: string;
  /** Address of Signalbox's xDS port. A DNS name with several addresses (a headless Service) spreads Envoys over replicas. */
  readonly xdsAddress: string;
  /** Address of Envoy's admin port: keep it on loopback, it can stop Envoy. Port 0 takes any free one, if no probe has to find it. */
  readonly adminAddress: string;
  readonly transport: BootstrapTransport;
  /** mTLS towards Signalbox; undefined speaks plaintext. */
  readonly tls: BootstrapTls | undefined;
  /** Where `GET /ready` and `GET /stats/prometheus` are answered for probes, and nothing else; undefined for none. */
  readonly probeAddress: string | undefined;
  /** Downstream connections at most; more are closed at once. Default 50,000. */
  readonly maxConnections?: number;
  /** Heap at which Envoy sheds load, in bytes: memory is given back from 95 % of it, requests get 503 from 98 %. 0 (default) for no such limit. */
  readonly maxHeapBytes?: number;
}

/** An address that no bootstrap can be made with. The message tells all three. */
export class AddressFault extends Error {
  override readonly name = "AddressFault";
  readonly option: "xdsAddress" | "adminAddress" | "probeAddress";
  /** What is wrong, without a full stop. */
  readonly wrong: string;
  /** What to do, beginning with a verb, without a full stop. */
  readonly remedy: string;

  constructor(option: AddressFault["option"], wrong: string, remedy: string) {
    super(`${option}: ${wrong}. ${remedy}.`);
    this.option = option;
    this.wrong = wrong;
    this.remedy = remedy;
  }
}

/** The bootstrap as plain JSON in Envoy's own field names, for YAML or JSON. @throws AddressFault for an address that it cannot read. */
export function bootstrapOf(options: BootstrapOptions): Record<string, JsonValue> {
  const { fleet, nodeId, nodeCluster, probeAddress } = options;
  const admin = addressOf(options.adminAddress, "adminAddress", 0);
  const probe = probeAddress === undefined ? undefined : addressOf(probeAddress, "probeAddress", 0);
  if (probe !== undefined && admin.socketAddress?.portValue === 0)
    throw new AddressFault(
      "adminAddress",
      "port 0 cannot be found by the probe listener",
      "Give it a port, or have no probe listener",
    );
  const bootstrap = toJson("envoy.config.bootstrap.v3.Bootstrap", {
    node: {
      ...(nodeId === "" ? {} : { id: nodeId }),
      ...(nodeCluster === "" ? {} : { cluster: nodeCluster }),
      metadata: { fields: { fleet: { stringValue: fleet } } },
    },
    admin: { address: admin, ignoreGlobalConnLimit: true },
    dynamicResources: dynamicResourcesOf(options.transport),
    staticResources: {
      clusters: [xdsCluster(options), ...(probe === undefined ? [] : [staticCluster(ADMIN_CLUSTER, admin)])],
      listeners: probe === undefined ? [] : [probeListener(probe)],
    },
    overloadManager: overloadManagerOf(options.maxConnections ?? 50_000, options.maxHeapBytes ?? 0),
    // A cluster per hostname: with both, 10,000 of them take a third less memory (433 MB instead of 666, measured on Envoy 1.40.0 with 2 workers).
    deferredStatOptions: { enableDeferredCreationStats: true },
    clusterManager: { enableDeferredClusterCreation: true },
  });
  return bootstrap as Record<string, JsonValue>;
}

function dynamicResourcesOf(transport: BootstrapTransport): Bootstrap_DynamicResources {
  if (transport === "separate-delta" || transport === "separate-sotw") {
    const source = configSourceOf({ kind: transport, xdsCluster: XDS_CLUSTER }, 0);
    return { ldsConfig: source, cdsConfig: source };
  }
  const nested: ConfigSource = configSourceOf({ kind: "ads" }, 0); // 0: an Envoy that has not got its configuration is not ready
  return {
    adsConfig: {
      apiType: transport === "delta-ads" ? "DELTA_GRPC" : "GRPC",
      transportApiVersion: "V3",
      grpcServices: [{ envoyGrpc: { clusterName: XDS_CLUSTER, retryPolicy: { retryBackOff: COMES_BACK } } }],
      setNodeOnFirstMessageOnly: true,
    },
    ldsConfig: nested,
    cdsConfig: nested,
  };
}

/**
 * How soon an Envoy that has lost its stream asks again: after a random time below the first, then below twice as much each time, up to the last, until a response
 * arrives. Between two streams it follows nothing, so a restart, an upgrade or a connection's age must cost less than hosts give notice of (45 ms). By Envoy's own
 * 500 ms and 30 s that is 240 ms on average where a stream is ended, and 14 ms by these (measured on 1.40.0); and one whose control plane was away for a minute follows nothing for
 * up to half a minute more.
 */
const COMES_BACK = { baseInterval: durationOf(20), maxInterval: durationOf(2_000) };

function xdsCluster({ xdsAddress, tls }: BootstrapOptions): Cluster {
  const address = addressOf(xdsAddress, "xdsAddress", 1);
  return {
    ...staticCluster(XDS_CLUSTER, address),
    connectTimeout: durationOf(5_000),
    typedExtensionProtocolOptions: {
      [PROTOCOL_OPTIONS]: anyOf("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", {
        explicitHttpConfig: {
          http2ProtocolOptions: {
            // What a slow Envoy makes the control plane keep in its sockets. Envoy's own default is 16 MiB per stream.
            initialStreamWindowSize: { value: 262_144 },
            initialConnectionWindowSize: { value: 1_048_576 },
            // One that is frozen, or whose machine is gone, is followed for ten seconds at most; then another replica is.
            connectionKeepalive: { interval: durationOf(5_000), timeout: durationOf(5_000) },
          },
        },
      }),
    },
    upstreamConnectionOptions: {
      tcpKeepalive: { keepaliveTime: { value: 30 }, keepaliveInterval: { value: 5 }, keepaliveProbes: { value: 3 } },
    },
    ...(tls === undefined ? {} : { transportSocket: xdsSocket(tls) }),
  };
}

function xdsSocket({ caFile, certFile, keyFile, serverName, secretsFolder }: BootstrapTls): TransportSocket {
  return secretsFolder === undefined
    ? tlsSocketOf({ sni: serverName, caFile, clientCertificate: { certFile, keyFile } })
    : followedSocketOf(serverName, secretsFolder);
}

function staticCluster(name: string, address: Address): Cluster {
  const named = address.socketAddress?.address ?? "";
  return {
    name,
    ...(isLiteral(named) ? { type: "STATIC" } : { type: "STRICT_DNS", dnsLookupFamily: "V4_PREFERRED" }),
    connectTimeout: durationOf(1_000),
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] },
  };
}

function overloadManagerOf(maxConnections: number, maxHeapBytes: number): OverloadManager {
  const connections = {
    name: "envoy.resource_monitors.global_downstream_max_connections",
    typedConfig: anyOf("envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig", {
      maxActiveDownstreamConnections: maxConnections,
    }),
  };
  if (maxHeapBytes === 0) return { refreshInterval: durationOf(250), resourceMonitors: [connections] };
  const heap = "envoy.resource_monitors.fixed_heap";
  const from = (name: string, value: number) => ({ name, triggers: [{ name: heap, threshold: { value } }] });
  return {
    refreshInterval: durationOf(250),
    resourceMonitors: [
      connections,
      {
        name: heap,
        typedConfig: anyOf("envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig", {
          maxHeapSizeBytes: maxHeapBytes,
        }),
      },
    ],
    actions: [
      from("envoy.overload_actions.shrink_heap", 0.95),
      from("envoy.overload_actions.stop_accepting_requests", 0.98),
    ],
  };
}

const isLiteral = (host: string): boolean => /^[\d.]+$|:/.test(host);

/** `host:port` of an option. Names that need DNS are for the caller to judge. */
function addressOf(text: string, option: AddressFault["option"], leastPort: number): Address {
  const [, ipv6, name, port] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]/]+)):(\d+)$/.exec(text) ?? [];
  const address = ipv6 ?? name;
  const portValue = Number(port);
  const wrong = (what: string, remedy: string) => new AddressFault(option, `${JSON.stringify(text)} ${what}`, remedy);
  if (address === undefined) throw wrong("is no address", "Write it as ip:port, name:port or [ipv6]:port");
  if (portValue < leastPort || portValue > 65_535)
    throw wrong(`is no address: there is no port ${port}`, `Give a port from ${leastPort} to 65535`);
  return { socketAddress: { address, portValue } };
}
