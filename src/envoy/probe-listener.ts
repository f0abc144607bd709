/** A window onto Envoy's admin port for kubelets, balancers and Prometheus: two paths, and GET only, since the admin port itself can stop Envoy. */
import { anyOf } from "../codec/any.ts";
import type { Address, Listener, Route } from "../codec/generated/messages.ts";
import { durationOf } from "./duration.ts";

/** The cluster in the bootstrap that leads to the admin port. */
export const ADMIN_CLUSTER = "signalbox_admin";

/** Answers 200 on /ready once Envoy has its first configuration, and 503 when it drains after /healthcheck/fail. */
export function probeListener(address: Address): Listener {
  return {
    name: "signalbox_probe",
    address,
    ignoreGlobalConnLimit: true, // a full Envoy is busy, not dead
    filterChains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typedConfig: anyOf("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
              statPrefix: "signalbox_probe",
              requestHeadersTimeout: durationOf(10_000),
              streamIdleTimeout: durationOf(60_000),
              httpFilters: [
                {
                  name: "envoy.filters.http.router",
                  typedConfig: anyOf("envoy.extensions.filters.http.router.v3.Router", {}),
                },
              ],
              routeConfig: {
                name: "signalbox_probe",
                virtualHosts: [
                  { name: "signalbox_probe", domains: ["*"], routes: [passed("/ready"), passed("/stats/prometheus")] },
                ],
              },
            }),
          },
        ],
      },
    ],
  };
}

const passed = (path: string): Route => ({
  match: { path, headers: [{ name: ":method", stringMatch: { exact: "GET" } }] },
  route: { cluster: ADMIN_CLUSTER, timeout: durationOf(10_000) },
});
