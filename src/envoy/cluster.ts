/**
 * The cluster of one hostname: how its hosts are reached. Where they are stands in an assignment beside it, so that its bytes depend on the fleet and the
 * hostname only, and nothing that moves makes Envoy rebuild it; inside it only for proxies that pay more for the assignments than for that.
 */
import type {
  CircuitBreakers,
  Cluster,
  ClusterLoadAssignment,
  OutlierDetection,
  SocketOption,
} from "../codec/generated/messages.ts";
import { configSourceOf } from "./config-source.ts";
import { durationOf } from "./duration.ts";
import type { FleetSpec, UpstreamProtocol, XdsSource } from "./fleet-spec.ts";
import { clusterNameOf, statNameOf } from "./names.ts";
import { PROTOCOL_BYTES, PROTOCOL_OPTIONS } from "./upstream-protocol.ts";
import { socketMatchesOf } from "./upstream-tls.ts";

/** An assignment that does not come lets the cluster begin empty: it answers 503 instead of holding up Envoy's start. */
const FIRST_ASSIGNMENT_MS = 5_000;

/** Memory for one connection's backlog, as Envoy's edge checklist has it (1 MiB by default). */
export const CONNECTION_BUFFER_BYTES = 32_768;

/** Which protocol the hosts of a hostname are spoken to with: that of the host group its owner asks for. */
export function protocolOf(spec: Pick<FleetSpec, "hostGroups">, protocolGroup: string): UpstreamProtocol {
  return spec.hostGroups.find((group) => group.name === protocolGroup)?.protocol ?? "as-downstream";
}

/** The cluster of a hostname. `endpoints` says where Envoy asks for its assignment, or is the assignment. */
export function clusterOf(
  spec: Pick<FleetSpec, "hostGroups" | "traffic">,
  { hostname, protocol }: { readonly hostname: string; readonly protocol: UpstreamProtocol },
  endpoints: { readonly from: XdsSource } | { readonly inline: ClusterLoadAssignment },
): Cluster {
  const name = clusterNameOf(hostname, protocol);
  return {
    ...reachOf(spec.traffic.connectTimeoutMs),
    name,
    altStatName: statNameOf(name),
    ...("from" in endpoints
      ? { type: "EDS", edsClusterConfig: { edsConfig: configSourceOf(endpoints.from, FIRST_ASSIGNMENT_MS) } }
      : { type: "STATIC", loadAssignment: endpoints.inline }),
    typedExtensionProtocolOptions: { [PROTOCOL_OPTIONS]: PROTOCOL_BYTES[protocol] },
    transportSocketMatches: socketMatchesOf(spec.hostGroups),
  };
}

/** What all clusters share, the fallback's too. */
export function reachOf(connectTimeoutMs: number): Cluster {
  return {
    connectTimeout: durationOf(connectTimeoutMs),
    perConnectionBufferLimitBytes: { value: CONNECTION_BUFFER_BYTES },
    lbPolicy: "LEAST_REQUEST", // a host that has frozen or slowed down keeps its requests, and so gets fewer new ones
    circuitBreakers: BREAKERS,
    outlierDetection: OUTLIERS,
    commonLbConfig: {
      // Only where nothing is left do draining and ejected endpoints get requests; at Envoy's 50 % an ejected one would get them beside a good one.
      // Not 0: that would switch the refuge off, and a hostname whose last endpoint drains would answer 503.
      healthyPanicThreshold: { value: 1 },
      // Envoy holds back changes of weight, health and metadata for 1 s after the last change; ours are coalesced before they are sent.
      updateMergeWindow: durationOf(0),
    },
    upstreamBindConfig: { socketOptions: [USER_TIMEOUT] },
    // An idle stream to a host whose machine is gone ends after about 25 s instead of two hours.
    upstreamConnectionOptions: {
      tcpKeepalive: { keepaliveTime: { value: 10 }, keepaliveInterval: { value: 5 }, keepaliveProbes: { value: 3 } },
    },
  };
}

/**
 * A connection on which what was sent stays unacknowledged this long is given up: the host's machine is gone, or the way to it. The kernel would go on
 * for 15 minutes, and keepalive does not look while something is under way, so a POST hung until the client gave up; now it ends in a 502 (measured on Envoy
 * 1.36.2 and 1.40.0, Linux). An application that is slow, or frozen, has a kernel that acknowledges.
 */
const USER_TIMEOUT: SocketOption = {
  description: "TCP_USER_TIMEOUT",
  level: 6, // IPPROTO_TCP
  name: 18, // TCP_USER_TIMEOUT in Linux's tcp.h, in ms
  intValue: 15_000,
  state: "STATE_PREBIND",
};

/**
 * Envoy's defaults (1,024 requests, 3 retries at a time, per cluster) reject requests just when a host is lost: of 500 GETs under way on two hosts, 235 were
 * answered with an error when one of them died, 145 with a retry budget of 20 %, none with this (measured on Envoy 1.40.0). The floor is high since requests
 * that lost their host no longer count as active, so that a share of those says little. Memory is guarded where it is spent: by the limit of downstream
 * connections in the bootstrap.
 */
const BREAKERS: CircuitBreakers = {
  thresholds: [
    {
      maxConnections: { value: 100_000 },
      maxPendingRequests: { value: 100_000 },
      maxRequests: { value: 100_000 },
      retryBudget: { budgetPercent: { value: 100 }, minRetryConcurrency: { value: 10_000 } },
    },
  ],
};

/**
 * An endpoint is ejected when connecting to it fails three times in a row or its connections break, never for what an application answers: a 5xx is
 * the application's own. With split errors, Envoy's counters of 5xx and gateway errors see answers only, and they are switched off.
 * All endpoints may be ejected: then the panic threshold makes Envoy try all of them, which is what one would want.
 */
const OUTLIERS: OutlierDetection = {
  splitExternalLocalOriginErrors: true,
  consecutiveLocalOriginFailure: { value: 3 },
  enforcingConsecutiveLocalOriginFailure: { value: 100 },
  enforcingConsecutive5xx: { value: 0 },
  enforcingConsecutiveGatewayFailure: { value: 0 },
  enforcingSuccessRate: { value: 0 },
  enforcingLocalOriginSuccessRate: { value: 0 },
  interval: durationOf(5_000), // of the sweep that lets endpoints back in; it runs per cluster, so a shorter one costs at 10,000 hostnames
  baseEjectionTime: durationOf(5_000),
  maxEjectionTime: durationOf(30_000),
  maxEjectionPercent: { value: 100 },
};
