/** The RouteConfiguration of layout rds, without its hostnames: those are parts, composed per proxy. */
import type { RouteConfiguration, VirtualHost } from "../codec/generated/messages.ts";
import { durationOf } from "./duration.ts";
import type { FleetSpec } from "./fleet-spec.ts";
import { FALLBACK_CLUSTER, ROUTES_NAME } from "./names.ts";
import { retryPolicyOf } from "./retry.ts";

/** The head: an unknown hostname finds no virtual host (flag NR; see local-reply.ts), unless the fleet forwards it. */
export function routesHeadOf(spec: Pick<FleetSpec, "unknownHostname" | "traffic">): RouteConfiguration {
  return {
    name: ROUTES_NAME,
    // Instead of strip_any_host_port, which runs before anything could note the Host as it was sent (measured on Envoy 1.40.0).
    ignorePortInHostMatching: true,
    virtualHosts: "forward" in spec.unknownHostname ? [fallbackVirtualHost(spec)] : [],
  };
}

/** Same Host, same path and query: only the place differs. */
function fallbackVirtualHost({ traffic }: Pick<FleetSpec, "traffic">): VirtualHost {
  return {
    name: FALLBACK_CLUSTER,
    domains: ["*"],
    routes: [
      {
        match: { prefix: "" },
        route: {
          cluster: FALLBACK_CLUSTER,
          timeout: durationOf(traffic.routeTimeoutMs),
          retryPolicy: retryPolicyOf(traffic.retries),
        },
      },
    ],
  };
}
