/** Where a hostname is served right now: the one resource that a move changes, about 130 bytes. */
import type { ClusterLoadAssignment, HealthStatus, LbEndpoint, Metadata, Struct } from "../codec/generated/messages.ts";
import type { Endpoint, ExposedHostname } from "../placement/fleet.ts";
import type { FleetSpec } from "./fleet-spec.ts";
import { socketOf } from "./socket-address.ts";

/** Key of endpoint metadata that our own filters and the access log read: `signalbox:workload`. Envoy keeps pools when only metadata changes. */
export const ENDPOINT_METADATA = "signalbox";

/** Key of endpoint metadata that Envoy matches against `transport_socket_matches` of the cluster. Envoy prescribes the name. */
const SOCKET_METADATA = "envoy.transport_socket_match";

/** What a host group with TLS is called in that metadata. */
export const SOCKET_MATCH_KEY = "group";

// A draining endpoint gets a new request only where no ready one is left; requests it has go on. Neither needs a health check of Envoy's own.
const HEALTH: Readonly<Record<Endpoint["phase"], HealthStatus>> = { ready: "HEALTHY", draining: "DRAINING" };

/**
 * The assignment of one hostname: equal endpoints, equal bytes. Without any it is empty, never missing: Envoy answers 503 and does not warm.
 * An authority other than the hostname is a locality too. Envoy 1.36.2 keeps the `hostname` that an address had first, so that a host which has become
 * contaminated would go on being asked by the name that it mixes up; an endpoint whose locality differs is made anew (measured; 1.40.0 takes both).
 */
export function assignmentOf(
  spec: Pick<FleetSpec, "hostGroups">,
  clusterName: string,
  { hostname, endpoints }: Pick<ExposedHostname, "hostname" | "endpoints">,
): ClusterLoadAssignment {
  const sorted = endpoints.toSorted((a, b) => (a.address < b.address ? -1 : 1)); // by code unit: localeCompare would let versions depend on the machine
  const localities = Map.groupBy(sorted, ({ authority }) => (authority === hostname ? "" : authority));
  return {
    clusterName,
    endpoints: [...localities].map(([subZone, ones]) => ({
      locality: subZone === "" ? undefined : { subZone },
      lbEndpoints: ones.map((endpoint) => lbEndpointOf(spec, endpoint)),
    })),
  };
}

function lbEndpointOf(spec: Pick<FleetSpec, "hostGroups">, endpoint: Endpoint): LbEndpoint {
  return {
    // `hostname` becomes the Host header of each attempt (auto_host_rewrite in virtual-host.ts), so a retry carries that of the endpoint it goes to.
    endpoint: { address: socketOf(endpoint.address), hostname: endpoint.authority },
    healthStatus: HEALTH[endpoint.phase],
    metadata: metadataOf(spec, endpoint),
    loadBalancingWeight: { value: endpoint.weight },
  };
}

function metadataOf(spec: Pick<FleetSpec, "hostGroups">, { workloadId, hostGroup }: Endpoint): Metadata | undefined {
  const filterMetadata: Record<string, Struct> = {};
  if (workloadId !== undefined) filterMetadata[ENDPOINT_METADATA] = structOf("workload", workloadId);
  if (spec.hostGroups.some((group) => group.name === hostGroup && group.tls !== undefined))
    filterMetadata[SOCKET_METADATA] = structOf(SOCKET_MATCH_KEY, hostGroup);
  return Object.keys(filterMetadata).length === 0 ? undefined : { filterMetadata };
}

const structOf = (key: string, stringValue: string): Struct => ({ fields: { [key]: { stringValue } } });
