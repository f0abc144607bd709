/** What an Envoy that keeps Contour's bootstrap expects of its control plane beside routes. */
import type { Listener, Runtime } from "../codec/generated/messages.ts";
import { adminWindow } from "./admin-window.ts";
import type { ContourSpec } from "./fleet-spec.ts";

/** Name of the cluster in Contour's bootstrap that leads to its control plane. */
export const CONTOUR_XDS_CLUSTER = "contour";

/** Where the kubelet asks whether the pod is ready. Contour calls it so, and serves these paths; the cluster is in its bootstrap, the admin interface behind a unix socket. */
export function statsHealthListener({ statsAddress: { ip, port } }: ContourSpec): Listener {
  return adminWindow({
    name: "stats-health",
    address: { socketAddress: { address: ip, portValue: port, ...(ip === "::" ? { ipv4Compat: true } : {}) } },
    cluster: "envoy-admin",
    paths: ["/ready", "/stats", "/stats/prometheus"],
  });
}

/** The runtime layer that its bootstrap asks for: empty, so that Envoy's own defaults hold. Unanswered, or answered by nothing, Envoy's start waits 15 s for it (measured on 1.40.0). */
export const DYNAMIC_RUNTIME: Runtime = { name: "dynamic", layer: { fields: {} } };
