/** A window onto Envoy's admin interface for kubelets, balancers and Prometheus: some paths, and GET only, since the interface itself can stop Envoy. */
import { anyOf } from "../codec/any.ts";
import type { Address, Listener, Route } from "../codec/generated/messages.ts";
import { durationOf } from "./duration.ts";

/** The cluster in our bootstrap that leads to the admin port. */
export const ADMIN_CLUSTER = "signalbox_admin";

/** The window that our bootstrap has. */
export function probeListener(address: Address): Listener {
  return adminWindow({
    name: "signalbox_probe",
    address,
    cluster: ADMIN_CLUSTER,
    paths: ["/ready", "/stats/prometheus"],
  });
}

interface AdminWindow {
  readonly name: string;
  readonly address: Address;
  /** A cluster that leads to the admin interface. */
  readonly cluster: string;
  readonly paths: readonly string[];
}

/** `/ready` answers 200 once Envoy has its first configuration, and 503 when it drains after /healthcheck/fail. */
export function adminWindow({ name, address, cluster, paths }: AdminWindow): Listener {
  const routes = paths.map((path) => passed(path, cluster));
  return {
    name,
    address,
    ignoreGlobalConnLimit: true, // a full Envoy is busy, not dead
    filterChains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typedConfig: anyOf("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
              statPrefix: name,
              requestHeadersTimeout: durationOf(10_000),
              streamIdleTimeout: durationOf(60_000),
              httpFilters: [
                {
                  name: "envoy.filters.http.router",
                  typedConfig: anyOf("envoy.extensions.filters.http.router.v3.Router", {}),
                },
              ],
              routeConfig: { name, virtualHosts: [{ name, domains: ["*"], routes }] },
            }),
          },
        ],
      },
    ],
  };
}

const passed = (path: string, cluster: string): Route => ({
  match: { path, headers: [{ name: ":method", stringMatch: { exact: "GET" } }] },
  route: { cluster, timeout: durationOf(10_000) },
});
