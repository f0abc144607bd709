/** What one fleet's Envoys would be given, as JSON in Envoy's own names. Pure. */
import { messageNameOf } from "../codec/any.ts";
import { type JsonValue, toJson } from "../codec/json.ts";
import type { Resource, ResourcePart } from "../codec/resource.ts";
import type { FleetSettings } from "../config/settings.ts";
import type { Layout } from "../envoy/fleet-spec.ts";
import { translateFleet, translateHostname } from "../envoy/translate.ts";
import { usualVariantOf } from "../envoy/variant.ts";
import { viewOf } from "../placement/exposure.ts";
import type { Placement } from "../placement/placement.ts";
import type { Problem } from "../placement/problem.ts";

/** Kinds of resources by the names people give them, in the order in which they are written. */
export const RESOURCE_KINDS = {
  runtime: "type.googleapis.com/envoy.service.runtime.v3.Runtime",
  certificate: "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
  listener: "type.googleapis.com/envoy.config.listener.v3.Listener",
  route: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
  scope: "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration",
  cluster: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  endpoint: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
} as const;

export type ResourceKind = keyof typeof RESOURCE_KINDS;

/** Which resources are wanted; nothing given: all. */
export interface ResourceWish {
  /** Default: what the fleet's configuration says; where that leaves it to each Envoy, what the usual one gets. */
  readonly layout?: Layout | undefined;
  readonly kinds?: readonly ResourceKind[];
  /** Only what this hostname adds, in lower case. */
  readonly hostname?: string | undefined;
}

export interface FleetResources {
  readonly fleet: string;
  readonly layout: Layout;
  /** Why it is this layout, in a phrase. */
  readonly because: string;
  /** Each with "@type" first; by kind, then by name. */
  readonly resources: readonly JsonValue[];
  /** What is withheld, and why. */
  readonly problems: readonly Problem[];
  /** Hostnames that exist on the fleet, of those wanted. */
  readonly hostnames: number;
}

/** Translates what the fleet exposes of a placement. */
export function resourcesOf(placement: Placement, fleet: FleetSettings, wish: ResourceWish): FleetResources {
  const { variant, because } = usualVariantOf({ ...fleet.spec, ...fleet, layout: wish.layout ?? fleet.layout });
  const resources: Resource[] = [];
  const problems: Problem[] = [];
  const take = (translation: ReturnType<typeof translateFleet>): void => {
    if (translation.ok) resources.push(...translation.resources);
    else problems.push(...translation.problems);
  };
  take(translateFleet(fleet.spec, variant));
  let hostnames = 0;
  for (const placed of wish.hostname === undefined ? placement.values() : [placement.get(wish.hostname)]) {
    const exposed = placed === undefined ? undefined : viewOf(fleet.view, placed);
    if (exposed === undefined) continue;
    hostnames++;
    take(translateHostname(fleet.spec, variant, exposed));
  }
  const whole = composed(resources).filter((resource) => wish.hostname === undefined || concerns(resource, resources));
  const order = Object.values<string>(RESOURCE_KINDS);
  const kinds = (wish.kinds ?? []).map((kind): string => RESOURCE_KINDS[kind]);
  const shown = whole
    .filter(({ type }) => kinds.length === 0 || kinds.includes(type))
    .toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type) || (a.name < b.name ? -1 : 1));
  return { fleet: fleet.name, layout: variant.layout, because, resources: shown.map(jsonOf), problems, hostnames };
}

interface Whole {
  readonly kind: Resource["kind"];
  readonly type: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Every resource as a proxy that is ready for everything gets it: parts are appended to their head in the order of names. */
function composed(resources: readonly Resource[]): readonly Whole[] {
  const parts = resources.filter((resource): resource is ResourcePart => resource.kind === "part");
  return resources.flatMap((resource): readonly Whole[] => {
    if (resource.kind !== "composed") return resource.kind === "part" ? [] : [resource];
    const own = parts
      .filter((part) => part.type === resource.type && part.of === resource.name)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return [{ ...resource, bytes: Buffer.concat([resource.bytes, ...own.map(({ bytes }) => bytes)]) }];
  });
}

const OF_FLEETS: ReadonlySet<string> = new Set([
  RESOURCE_KINDS.runtime,
  RESOURCE_KINDS.certificate,
  RESOURCE_KINDS.listener,
]);

/** Of the fleet's own resources, one hostname concerns only the composed one that it is a part of. */
function concerns({ kind, type, name }: Whole, resources: readonly Resource[]): boolean {
  if (kind === "composed")
    return resources.some((part) => part.kind === "part" && part.type === type && part.of === name);
  return !OF_FLEETS.has(type);
}

function jsonOf({ type, bytes }: Whole): JsonValue {
  const name = messageNameOf(type);
  if (name === undefined) throw new Error(`a resource of a type that the codec does not know: ${type}`);
  return { "@type": type, ...(toJson(name, bytes) as { readonly [key: string]: JsonValue }) };
}
