/** The cluster that unknown hostnames are forwarded to: another gateway, while moving from it or to it. */
import type { Cluster } from "../codec/generated/messages.ts";
import { reachOf } from "./cluster.ts";
import type { FleetSpec, UpstreamAddress } from "./fleet-spec.ts";
import { FALLBACK_CLUSTER } from "./names.ts";
import { PROTOCOL_BYTES, PROTOCOL_OPTIONS } from "./upstream-protocol.ts";
import { tlsSocketOf } from "./upstream-tls.ts";

/** HTTP/1.1 in plaintext, since that is what everything speaks (runtime-gateway has no HTTP/2); what ALPN agrees on over TLS. */
export function fallbackOf(spec: Pick<FleetSpec, "traffic">, { host, port, tls }: UpstreamAddress): Cluster {
  const literal = /^[\d.]+$|:/.test(host);
  return {
    ...reachOf(spec.traffic.connectTimeoutMs),
    name: FALLBACK_CLUSTER,
    ...(literal ? { type: "STATIC" } : { type: "STRICT_DNS", dnsLookupFamily: "V4_PREFERRED", respectDnsTtl: true }),
    loadAssignment: {
      clusterName: FALLBACK_CLUSTER,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress: { address: host, portValue: port } } } }] }],
    },
    typedExtensionProtocolOptions: { [PROTOCOL_OPTIONS]: PROTOCOL_BYTES[tls === undefined ? "http1" : "by-alpn"] },
    ...(tls === undefined ? {} : { transportSocket: tlsSocketOf(tls) }),
  };
}
