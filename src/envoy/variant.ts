/** Which variant of a fleet's configuration a proxy is given: what the administrator wants, within what the proxy can do. */
import { XDS_CLUSTER } from "./bootstrap.ts";
import { CONTOUR_XDS_CLUSTER } from "./contour.ts";
import type { EndpointsPlace, FleetSpec, Layout, Variant, XdsSource } from "./fleet-spec.ts";

/** How a proxy asks: the service it called and whether it calls it by deltas. */
export type ProxyTransport = "delta-ads" | "sotw-ads" | "separate-delta" | "separate-sotw";

/** What is known of a proxy when its first request has come. */
export interface ProxyAbilities {
  readonly transport: ProxyTransport;
  /** `user_agent_build_version` of its node; undefined if it told none (an Envoy always does). */
  readonly build: { readonly major: number; readonly minor: number } | undefined;
}

/** What the administrator says about it. */
export interface VariantWish extends Pick<FleetSpec, "unknownHostname"> {
  /** "auto" takes scoped where the proxy can, else rds. */
  readonly layout: "auto" | Layout;
  /** "auto" takes eds over ADS, else inline. */
  readonly endpoints: "auto" | EndpointsPlace;
  /** Name of the cluster in the bootstrap that leads to Signalbox: a proxy without ADS is told to use it for everything nested. */
  readonly xdsCluster: string;
}

/** The variant, and why it is this one: in a phrase for `status` and logs. */
export interface VariantChoice {
  readonly variant: Variant;
  readonly because: string;
}

/** What a fleet says, before any proxy has told the name of its xDS cluster. */
export interface FleetWish extends Omit<VariantWish, "xdsCluster">, Pick<FleetSpec, "contour"> {
  readonly xdsCluster: string | undefined;
}

/** What the proxies are given that the fleet most likely has: current Envoys with our bootstrap, or with Contour's. */
export function usualVariantOf({ contour, xdsCluster, ...wish }: FleetWish): VariantChoice {
  const build = { major: 1, minor: 40 };
  return contour === undefined
    ? variantOf({ ...wish, xdsCluster: xdsCluster ?? XDS_CLUSTER }, { transport: "delta-ads", build })
    : variantOf({ ...wish, xdsCluster: xdsCluster ?? CONTOUR_XDS_CLUSTER }, { transport: "separate-sotw", build });
}

/** Total: every proxy gets a variant. The first line that applies decides. */
export function variantOf(wish: VariantWish, proxy: ProxyAbilities): VariantChoice {
  const source = sourceOf(wish.xdsCluster, proxy.transport);
  const endpoints = endpointsOf(wish.endpoints, source);
  const rds = (because: string): VariantChoice => ({ variant: { layout: "rds", source, endpoints }, because });
  if (wish.layout === "rds") return rds("the fleet's layout is rds");
  // A scope's key is one exact hostname, so no scope can stand for all the others.
  if ("forward" in wish.unknownHostname) return rds("unknown hostnames are forwarded, which scopes cannot express");
  if (proxy.transport !== "delta-ads")
    return rds(`scoped routes need delta ADS, and the proxy uses ${proxy.transport}`);
  if (proxy.build === undefined) return rds("the proxy did not tell its version");
  // Before, Envoy never begins to fetch the scopes of a listener added after its start (changelog of 1.38.0).
  if (!atLeast(proxy.build, 1, 38))
    return rds(`scoped routes need Envoy 1.38, and the proxy is ${proxy.build.major}.${proxy.build.minor}`);
  return { variant: { layout: "scoped", source, endpoints }, because: "delta ADS and Envoy 1.38 or later" };
}

function sourceOf(xdsCluster: string, transport: ProxyTransport): XdsSource {
  if (transport === "separate-delta" || transport === "separate-sotw") return { kind: transport, xdsCluster };
  return { kind: "ads" };
}

/**
 * Without ADS, Envoy opens a stream per assignment and tells its node on each: at 1,000 hostnames 1,003 streams, 62 MB of requests and 353 MB in Envoy instead of
 * 3, 0.2 and 114; beyond 1,023 the streams no longer fit one connection, or the circuit breaker of its cluster, and Envoy is never ready (measured on 1.40.0
 * and 1.36.2). Inline a move costs Envoy a comparison of all clusters over SotW, about 20 ms at 1,000, and nothing over delta.
 */
function endpointsOf(wish: VariantWish["endpoints"], source: XdsSource): EndpointsPlace {
  if (wish !== "auto") return wish;
  return source.kind === "ads" ? "eds" : "inline";
}

const atLeast = (build: { readonly major: number; readonly minor: number }, major: number, minor: number): boolean =>
  build.major > major || (build.major === major && build.minor >= minor);
