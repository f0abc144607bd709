/** What the xDS protocol itself says of types: their URLs, services, and the order in which they are sent and removed. */
import type { TypeUrl } from "../codec/resource.ts";

const url = (message: string): TypeUrl => `type.googleapis.com/${message}`;

/** Type URLs that the protocol orders. Any other type is served as well, after these. */
export const CLUSTER = url("envoy.config.cluster.v3.Cluster");
export const ASSIGNMENT = url("envoy.config.endpoint.v3.ClusterLoadAssignment");
export const LISTENER = url("envoy.config.listener.v3.Listener");
export const ROUTE = url("envoy.config.route.v3.RouteConfiguration");
export const SCOPED_ROUTE = url("envoy.config.route.v3.ScopedRouteConfiguration");
const SECRET = url("envoy.extensions.transport_sockets.tls.v3.Secret");
const RUNTIME = url("envoy.service.runtime.v3.Runtime");

/** Make before break (xDS protocol, "Eventual consistency considerations"): what is pointed at goes before what points. */
const ORDER: readonly TypeUrl[] = [SECRET, CLUSTER, ASSIGNMENT, LISTENER, SCOPED_ROUTE, ROUTE, RUNTIME];

/** Rank of a type within a turn; types unknown to the protocol come last. */
export function rankOf(type: TypeUrl): number {
  const rank = ORDER.indexOf(type);
  return rank === -1 ? ORDER.length : rank;
}

/** True for types whose removals come after all other types' changes were acknowledged, and a grace ("remove stale CDS clusters and related EDS endpoints" last). */
export function removedLast(type: TypeUrl): boolean {
  return type === CLUSTER || type === ASSIGNMENT;
}

/** True for types of which an Envoy without ADS has a stream for each resource; of others it has one, or a few. */
export function manyStreams(type: TypeUrl): boolean {
  return type === ASSIGNMENT;
}

/** True for types whose state-of-the-world response is complete, so that what is missing from it is deleted (LDS and CDS by the protocol, SRDS by Envoy). */
export function wholeState(type: TypeUrl): boolean {
  return type === CLUSTER || type === LISTENER || type === SCOPED_ROUTE;
}

/**
 * True for the type by which a client that comes back with everything is answered all the same. Envoy waits longer before each of its streams, up to 30 s, until a
 * response arrives on one: after nine that were told nothing, 24 s without a control plane (measured on 1.40.0). Listeners are few, and every Envoy asks for them.
 */
export function greeted(type: TypeUrl): boolean {
  return type === LISTENER;
}

/** One separate (non-aggregated) service: which type it serves, and its gRPC method names. */
export interface SeparateService {
  readonly type: TypeUrl;
  readonly service: string;
  readonly stream: string;
  readonly delta: string;
}

/** The separate services, with the names that Envoy's .proto files give them. */
export const SEPARATE_SERVICES: readonly SeparateService[] = [
  {
    type: CLUSTER,
    service: "envoy.service.cluster.v3.ClusterDiscoveryService",
    stream: "StreamClusters",
    delta: "DeltaClusters",
  },
  {
    type: ASSIGNMENT,
    service: "envoy.service.endpoint.v3.EndpointDiscoveryService",
    stream: "StreamEndpoints",
    delta: "DeltaEndpoints",
  },
  {
    type: LISTENER,
    service: "envoy.service.listener.v3.ListenerDiscoveryService",
    stream: "StreamListeners",
    delta: "DeltaListeners",
  },
  {
    type: ROUTE,
    service: "envoy.service.route.v3.RouteDiscoveryService",
    stream: "StreamRoutes",
    delta: "DeltaRoutes",
  },
  {
    type: SCOPED_ROUTE,
    service: "envoy.service.route.v3.ScopedRoutesDiscoveryService",
    stream: "StreamScopedRoutes",
    delta: "DeltaScopedRoutes",
  },
  {
    type: SECRET,
    service: "envoy.service.secret.v3.SecretDiscoveryService",
    stream: "StreamSecrets",
    delta: "DeltaSecrets",
  },
  {
    type: RUNTIME,
    service: "envoy.service.runtime.v3.RuntimeDiscoveryService",
    stream: "StreamRuntime",
    delta: "DeltaRuntime",
  },
];
