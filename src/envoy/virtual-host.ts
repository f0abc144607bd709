/** What happens to a request for one hostname: the same in a virtual host of the RouteConfiguration and in a scope. */
import type { Route, VirtualHost } from "../codec/generated/messages.ts";
import { durationOf } from "./duration.ts";
import type { FleetSpec, TrafficSpec } from "./fleet-spec.ts";
import { retryPolicyOf } from "./retry.ts";

/**
 * The virtual host of a hostname in layout rds. Envoy compares domains in lower case and without the port (see route-configuration.ts); a trailing dot
 * is a domain of its own, since Envoy's own stripping would also strip what X-Forwarded-Host is to tell.
 */
export function virtualHostOf(spec: Pick<FleetSpec, "traffic">, hostname: string, cluster: string): VirtualHost {
  return { name: hostname, domains: [hostname, `${hostname}.`], routes: [routeOf(spec.traffic, cluster)] };
}

/** The virtual host inside a hostname's scope: the scope's key has chosen already. */
export function scopeVirtualHostOf(spec: Pick<FleetSpec, "traffic">, hostname: string, cluster: string): VirtualHost {
  return { name: hostname, domains: ["*"], routes: [routeOf(spec.traffic, cluster)] };
}

/** Every path, unaltered, to one cluster. */
function routeOf(traffic: TrafficSpec, cluster: string): Route {
  return {
    match: { prefix: "" },
    route: {
      cluster,
      timeout: durationOf(traffic.routeTimeoutMs), // explicit: Envoy's default of 15 s would cut streams
      // The authority of each attempt is the `hostname` of its endpoint: the spelling registered there, which hosts up to 2.7.0 match by case.
      autoHostRewrite: { value: true },
      retryPolicy: retryPolicyOf(traffic.retries),
    },
  };
}
