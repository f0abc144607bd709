/** Layout scoped: a scope per hostname, with its routes inline, so that an addition costs Envoy the same at 1,000 and at 100,000 hostnames. */
import { anyOf } from "../codec/any.ts";
import type { HttpFilter, ScopedRouteConfiguration, ScopedRoutes } from "../codec/generated/messages.ts";
import { configSourceOf } from "./config-source.ts";
import type { FleetSpec, XdsSource } from "./fleet-spec.ts";
import { ROUTES_NAME } from "./names.ts";
import { scopeVirtualHostOf } from "./virtual-host.ts";

/** The scope of a hostname. Its key is compared exactly, see `canonicalHost`. */
export function scopeOf(spec: Pick<FleetSpec, "traffic">, hostname: string, cluster: string): ScopedRouteConfiguration {
  return {
    name: hostname,
    key: { fragments: [{ stringKey: hostname }] },
    routeConfiguration: {
      name: hostname,
      virtualHosts: [scopeVirtualHostOf(spec, hostname, cluster)],
      // Inline, unlike by RDS, Envoy checks that the cluster is there and rejects the whole response if it is not: "route: unknown cluster" (measured on
      // 1.40.0), which poisons the good scopes beside it. Whether the cluster is there is for the xDS server to see to.
      validateClusters: { value: false },
    },
  };
}

/** How a listener finds scopes. 0: an Envoy without scopes is not ready. */
export function scopedRoutesOf(source: XdsSource): ScopedRoutes {
  return {
    name: ROUTES_NAME,
    scopeKeyBuilder: { fragments: [{ headerValueExtractor: { name: ":authority", index: 0 } }] },
    scopedRds: { scopedRdsConfigSource: configSourceOf(source, 0) },
  };
}

/**
 * Brings the Host into the form of scope keys (lower case, no port, no trailing dot) and lets Envoy look for the scope again. Envoy looks before any filter
 * runs, so a Host that is in that form already, nearly every one, costs one comparison. Nothing in Envoy but Lua can change case.
 */
export function canonicalHost(): HttpFilter {
  return {
    name: "signalbox.canonical_host",
    typedConfig: anyOf("envoy.extensions.filters.http.lua.v3.Lua", { defaultSourceCode: { inlineString: SCRIPT } }),
  };
}

const SCRIPT = `function envoy_on_request(request)
  local sent = request:headers():get(":authority")
  local name = sent:lower():gsub(":%d*$", ""):gsub("%.$", "")
  if name == sent then return end
  request:headers():replace(":authority", name)
  request:clearRouteCache()
end
`;
