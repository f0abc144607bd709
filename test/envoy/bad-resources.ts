/** Resources as no validator of ours would let them pass: what a real Envoy refuses, made from good ones. */
import { decode } from "../../src/codec/decode.ts";
import { encode } from "../../src/codec/encode.ts";
import type { MessageTypes } from "../../src/codec/generated/messages.ts";
import type { Resource } from "../../src/codec/resource.ts";
import { versionOf } from "../../src/codec/version.ts";
import { ASSIGNMENT_TYPE, CLUSTER_TYPE, LISTENER_TYPE } from "../../src/envoy/names.ts";

/** The same resource with other content. */
function edited<Name extends keyof MessageTypes>(
  resource: Resource,
  type: Name,
  edit: (message: MessageTypes[Name]) => MessageTypes[Name],
): Resource {
  const bytes = encode(type, edit(decode(type, resource.bytes)));
  return { ...resource, bytes, version: versionOf(bytes) };
}

const TWO_OF_ONE_DOMAIN = ["one", "two"].map((name) => ({
  name,
  domains: ["*"],
  routes: [{ match: { prefix: "/" }, directResponse: { status: 200 } }],
}));

/** What Envoy 1.36.2 and 1.40.0 refuse, each found out at another place of theirs: while adding, while resolving, while compiling. */
export function bad(resource: Resource): Resource {
  switch (resource.type) {
    case CLUSTER_TYPE:
      return edited(resource, "envoy.config.cluster.v3.Cluster", (cluster) => ({ ...cluster, type: "STATIC" }));
    case ASSIGNMENT_TYPE:
      return edited(resource, "envoy.config.endpoint.v3.ClusterLoadAssignment", (assignment) => ({
        ...assignment,
        endpoints: [
          { lbEndpoints: [{ endpoint: { address: { socketAddress: { address: "no-ip", portValue: 1 } } } }] },
        ],
      }));
    case LISTENER_TYPE:
      return edited(resource, "envoy.config.listener.v3.Listener", (listener) => ({
        ...listener,
        address: { socketAddress: { address: "no-ip", portValue: 0 } },
      }));
    default:
      if (resource.kind !== "part")
        return edited(resource, "envoy.config.route.v3.ScopedRouteConfiguration", (scope) => ({
          ...scope,
          routeConfiguration: { ...scope.routeConfiguration, virtualHosts: TWO_OF_ONE_DOMAIN },
        }));
      return edited(resource, "envoy.config.route.v3.RouteConfiguration", ({ virtualHosts = [] }) => ({
        virtualHosts: virtualHosts.map((host) => ({
          ...host,
          routes: [{ match: { safeRegex: { regex: "(((" } }, directResponse: { status: 200 } }],
        })),
      }));
  }
}
