/** Names of everything a fleet's Envoys are given. Those that are not made from a hostname contain `_` or `/`, which no hostname has, so they cannot collide with one. */
import { typeUrlOf } from "../codec/any.ts";
import type { UpstreamProtocol } from "./fleet-spec.ts";

export const CLUSTER_TYPE = typeUrlOf("envoy.config.cluster.v3.Cluster");
export const ASSIGNMENT_TYPE = typeUrlOf("envoy.config.endpoint.v3.ClusterLoadAssignment");
export const LISTENER_TYPE = typeUrlOf("envoy.config.listener.v3.Listener");
export const ROUTES_TYPE = typeUrlOf("envoy.config.route.v3.RouteConfiguration");
export const SCOPE_TYPE = typeUrlOf("envoy.config.route.v3.ScopedRouteConfiguration");

/** The RouteConfiguration of layout rds; the scopes' name in layout scoped. */
export const ROUTES_NAME = "signalbox_hostnames";

/** Where unknown hostnames are forwarded. */
export const FALLBACK_CLUSTER = "signalbox_fallback";

/**
 * The cluster, and the assignment, of a hostname: the hostname, so that Envoy's /clusters speaks in hostnames. Two exceptions carry the protocol:
 * - A protocol of its own. A changed protocol is a new cluster, so that routes move from one to the other and no request meets a cluster being rebuilt.
 * - A hostname of one label. A bootstrap's own clusters have such names ("contour", "xds"), Envoy ignores a cluster from xDS that has the name of
 *   one of those, and the workload's requests would go there (measured on Envoy 1.40.0).
 */
export function clusterNameOf(hostname: string, protocol: UpstreamProtocol): string {
  return protocol === "as-downstream" && hostname.includes(".") ? hostname : `${hostname}/${protocol}`;
}

/** The cluster's name in statistics: dots would be taken apart by Envoy's tags. Injective, since hostnames have no `_` and no empty label. */
export function statNameOf(clusterName: string): string {
  return clusterName.replaceAll(".", "_").replace("/", "__");
}
