/** What every rule is tried with: the four variants of the protocol, and the types that are served. Method names as Envoy's .proto files have them. */
import type { ResourceChange } from "../../../src/codec/resource.ts";
import { ASSIGNMENT, CLUSTER, head, LISTENER, ROUTE, SCOPED_ROUTE, whole } from "../resources.ts";

/** One of the four variants (xDS protocol, "Four Variants"). */
export interface Variant {
  readonly name: string;
  /** Incremental; else state of the world. */
  readonly delta: boolean;
  /** All types on one stream (ADS); else a stream for each. */
  readonly aggregated: boolean;
}

export const VARIANTS: readonly Variant[] = [
  { name: "SotW, separate", delta: false, aggregated: false },
  { name: "SotW, ADS", delta: false, aggregated: true },
  { name: "delta, separate", delta: true, aggregated: false },
  { name: "delta, ADS", delta: true, aggregated: true },
];

/** One type of resource, and how tests make one. */
export interface Kind {
  readonly name: string;
  readonly type: string;
  /** Path of the separate service, and its two methods. */
  readonly service: readonly [path: string, sotw: string, delta: string];
  /** A SotW response of this type is complete: what is missing from it is deleted. */
  readonly complete: boolean;
  put(name: string, content: string): ResourceChange;
}

const entire = (type: string) => (name: string, content: string) => ({ put: whole(type, name, content) });

const RDS = ["envoy.service.route.v3.RouteDiscoveryService", "StreamRoutes", "DeltaRoutes"] as const;
const SRDS = [
  "envoy.service.route.v3.ScopedRoutesDiscoveryService",
  "StreamScopedRoutes",
  "DeltaScopedRoutes",
] as const;
export const CDS = ["envoy.service.cluster.v3.ClusterDiscoveryService", "StreamClusters", "DeltaClusters"] as const;
const EDS = ["envoy.service.endpoint.v3.EndpointDiscoveryService", "StreamEndpoints", "DeltaEndpoints"] as const;
const LDS = ["envoy.service.listener.v3.ListenerDiscoveryService", "StreamListeners", "DeltaListeners"] as const;

/** Every type that can have resources. RDS twice: route configurations as they are, and composed per proxy of parts (here of none). */
export const KINDS: readonly Kind[] = [
  { name: "LDS", type: LISTENER, service: LDS, complete: true, put: entire(LISTENER) },
  { name: "CDS", type: CLUSTER, service: CDS, complete: true, put: entire(CLUSTER) },
  { name: "EDS", type: ASSIGNMENT, service: EDS, complete: false, put: entire(ASSIGNMENT) },
  { name: "RDS", type: ROUTE, service: RDS, complete: false, put: entire(ROUTE) },
  {
    name: "RDS, composed",
    type: ROUTE,
    service: RDS,
    complete: false,
    put: (name, content) => ({ put: head(name, content) }),
  },
  { name: "SRDS", type: SCOPED_ROUTE, service: SRDS, complete: true, put: entire(SCOPED_ROUTE) },
];

/** Types that Envoys may ask for and nobody fills. */
export const SDS: Omit<Kind, "put"> = {
  name: "SDS",
  type: "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
  service: ["envoy.service.secret.v3.SecretDiscoveryService", "StreamSecrets", "DeltaSecrets"],
  complete: false,
};
export const RTDS: Omit<Kind, "put"> = {
  name: "RTDS",
  type: "type.googleapis.com/envoy.service.runtime.v3.Runtime",
  service: ["envoy.service.runtime.v3.RuntimeDiscoveryService", "StreamRuntime", "DeltaRuntime"],
  complete: false,
};

/** The gRPC method of a kind in a variant; undefined on an aggregated stream, which has its own. */
export function methodOf({ aggregated, delta }: Variant, { service }: Pick<Kind, "service">): string | undefined {
  const [path, sotw, incremental] = service;
  return aggregated ? undefined : `/${path}/${delta ? incremental : sotw}`;
}
