/** Where a fleet's Envoys listen. A changed Listener drains its connections, so these bytes change only when the administrator or a release says so. */
import { anyOf } from "../codec/any.ts";
import type { Listener, ListenerFilter } from "../codec/generated/messages.ts";
import { CONNECTION_BUFFER_BYTES } from "./cluster.ts";
import { connectionManagerOf } from "./connection-manager.ts";
import { downstreamTlsOf } from "./downstream-tls.ts";
import type { FleetSpec, ListenerSpec, Variant } from "./fleet-spec.ts";

/** One listener of the fleet. */
export function listenerOf(spec: FleetSpec, variant: Variant, listener: ListenerSpec): Listener {
  const { address, port } = listener;
  return {
    name: listener.name,
    address: {
      socketAddress: { address, portValue: port, ...(address === "::" ? { ipv4Compat: true } : {}) }, // "::" means every address, as elsewhere
    },
    perConnectionBufferLimitBytes: { value: CONNECTION_BUFFER_BYTES },
    listenerFilters: listener.proxyProtocol ? [PROXY_PROTOCOL] : [],
    filterChains: [
      {
        ...(listener.tls === undefined ? {} : { transportSocket: downstreamTlsOf(listener.name, variant) }),
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typedConfig: anyOf(
              "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
              connectionManagerOf(spec, variant, listener),
            ),
          },
        ],
      },
    ],
  };
}

/** A connection without the header is closed: whoever could leave it out could choose the address we see. */
const PROXY_PROTOCOL: ListenerFilter = {
  name: "envoy.filters.listener.proxy_protocol",
  typedConfig: anyOf("envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol", {}),
};
