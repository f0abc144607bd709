/**
 * Room `envoy`: what a fleet's Envoys are given, made from what the fleet exposes.
 * Given: the fleet as its administrator wrote it, the variant a proxy understands, one exposed hostname at a time. Gives: encoded resources, or problems.
 * Must not import: node:*, a logger, a clock, src/xds, src/sources. The test "imports point one way" holds that.
 */
import type { Resource, ResourceRef, ResourceSubject } from "../codec/resource.ts";
import type { ExposedHostname } from "../placement/fleet.ts";
import type { Problem } from "../placement/problem.ts";
import { assignmentOf } from "./assignment.ts";
import { clusterOf, protocolOf } from "./cluster.ts";
import { DYNAMIC_RUNTIME, statsHealthListener } from "./contour.ts";
import { certificateName, certificateOf } from "./downstream-tls.ts";
import { fallbackOf } from "./fallback.ts";
import type { FleetSpec, Variant } from "./fleet-spec.ts";
import { listenerOf } from "./listener.ts";
import { ASSIGNMENT_TYPE, CLUSTER_TYPE, clusterNameOf, FALLBACK_CLUSTER, ROUTES_NAME } from "./names.ts";
import { routesHeadOf } from "./route-configuration.ts";
import { scopeOf } from "./scoped-route.ts";
import { composedRoutes, type Sealed, virtualHostPart, whole } from "./sealed.ts";
import { virtualHostOf } from "./virtual-host.ts";

/** All or nothing: every resource, or what is wrong with some of them. Whoever asked keeps what it had from an earlier translation. */
export type Translation =
  | { readonly ok: true; readonly resources: readonly Resource[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * What a fleet has without any hostname: its listeners with their certificates, what Contour's Envoys need, the head of its RouteConfiguration (layout rds), its fallback (if unknown hostnames are forwarded).
 * Equal arguments give equal bytes. Takes about a millisecond; of use once per reload of the configuration.
 */
export function translateFleet(spec: FleetSpec, variant: Variant): Translation {
  const subject: ResourceSubject = { kind: "Fleet", namespace: "", name: spec.name };
  const fallback = "forward" in spec.unknownHostname ? spec.unknownHostname.forward : undefined;
  const made: Sealed[] = spec.listeners.map((listener) =>
    whole("envoy.config.listener.v3.Listener", listener.name, listenerOf(spec, variant, listener), { subject }),
  );
  for (const { name, tls } of spec.listeners)
    if (tls !== undefined)
      made.push(
        whole("envoy.extensions.transport_sockets.tls.v3.Secret", certificateName(name), certificateOf(name, tls), {
          subject,
        }),
      );
  if (spec.contour !== undefined) {
    const listener = statsHealthListener(spec.contour);
    made.push(whole("envoy.config.listener.v3.Listener", listener.name ?? "", listener, { subject }));
    made.push(whole("envoy.service.runtime.v3.Runtime", DYNAMIC_RUNTIME.name ?? "", DYNAMIC_RUNTIME, { subject }));
  }
  if (variant.layout === "rds") {
    const requires = fallback === undefined ? [] : [{ type: CLUSTER_TYPE, name: FALLBACK_CLUSTER }];
    made.push(composedRoutes(ROUTES_NAME, routesHeadOf(spec), { requires, subject }));
  }
  if (fallback !== undefined)
    made.push(whole("envoy.config.cluster.v3.Cluster", FALLBACK_CLUSTER, fallbackOf(spec, fallback), { subject }));
  return translationOf(subject, made);
}

/**
 * What one hostname adds: a cluster and its assignment (companions, or one in the other), and a virtual host (part, layout rds) or a scope (layout scoped)
 * that requires the cluster. Endpoints reach the assignment only. Equal arguments give equal bytes.
 */
export function translateHostname(spec: FleetSpec, variant: Variant, exposed: ExposedHostname): Translation {
  const { hostname, owner } = exposed;
  const subject: ResourceSubject = { kind: "Hostname", namespace: owner, name: hostname };
  const protocol = protocolOf(spec, exposed.protocolGroup);
  const name = clusterNameOf(hostname, protocol);
  const assignment = assignmentOf(spec, name, exposed);
  const place = variant.endpoints === "inline" ? { inline: assignment } : { from: variant.source };
  const cluster = clusterOf(spec, { hostname, protocol }, place);
  const companion: ResourceRef = { type: ASSIGNMENT_TYPE, name };
  const route = { requires: [{ type: CLUSTER_TYPE, name }], subject };
  return translationOf(subject, [
    ...(variant.endpoints === "inline"
      ? [whole("envoy.config.cluster.v3.Cluster", name, cluster, { subject })]
      : [
          whole("envoy.config.cluster.v3.Cluster", name, cluster, { companion, subject }),
          whole("envoy.config.endpoint.v3.ClusterLoadAssignment", name, assignment, { subject }),
        ]),
    variant.layout === "rds"
      ? virtualHostPart(ROUTES_NAME, hostname, virtualHostOf(spec, hostname, name), route)
      : whole("envoy.config.route.v3.ScopedRouteConfiguration", hostname, scopeOf(spec, hostname, name), route),
  ]);
}

function translationOf(subject: ResourceSubject, made: readonly Sealed[]): Translation {
  const problems = made.flatMap((one) => ("broken" in one ? [invalid(subject, one.broken)] : []));
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, resources: made.flatMap((one) => ("resource" in one ? [one.resource] : [])) };
}

/** Config and placement let nothing through that Envoy would refuse, so this is our own fault; it is reported where its owner looks, since it stops there. */
function invalid(subject: ResourceSubject, broken: string): Problem {
  return {
    code: "resource-invalid",
    subject,
    cause: `Envoy would refuse what was made of it, so it is not sent: ${broken}`,
    remedy: "Report this as a fault of Signalbox; what was sent before stays in force",
  };
}
