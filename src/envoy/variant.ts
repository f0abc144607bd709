/** Which variant of a fleet's configuration a proxy is given: what the administrator wants, within what the proxy can do. */
import type { FleetSpec, Layout, Variant, XdsSource } from "./fleet-spec.ts";

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
  /** Name of the cluster in the bootstrap that leads to Signalbox: a proxy without ADS is told to use it for everything nested. */
  readonly xdsCluster: string;
}

/** The variant, and why it is this one: in a phrase for `status` and logs. */
export interface VariantChoice {
  readonly variant: Variant;
  readonly because: string;
}

/** Total: every proxy gets a variant. The first line that applies decides. */
export function variantOf(wish: VariantWish, proxy: ProxyAbilities): VariantChoice {
  const source = sourceOf(wish.xdsCluster, proxy.transport);
  const rds = (because: string): VariantChoice => ({ variant: { layout: "rds", source }, because });
  if (wish.layout === "rds") return rds("the fleet's layout is rds");
  // A scope's key is one exact hostname, so no scope can stand for all the others.
  if ("forward" in wish.unknownHostname) return rds("unknown hostnames are forwarded, which scopes cannot express");
  if (proxy.transport !== "delta-ads")
    return rds(`scoped routes need delta ADS, and the proxy uses ${proxy.transport}`);
  if (proxy.build === undefined) return rds("the proxy did not tell its version");
  // Before, Envoy never begins to fetch the scopes of a listener added after its start (changelog of 1.38.0).
  if (!atLeast(proxy.build, 1, 38))
    return rds(`scoped routes need Envoy 1.38, and the proxy is ${proxy.build.major}.${proxy.build.minor}`);
  return { variant: { layout: "scoped", source }, because: "delta ADS and Envoy 1.38 or later" };
}

function sourceOf(xdsCluster: string, transport: ProxyTransport): XdsSource {
  if (transport === "separate-delta" || transport === "separate-sotw") return { kind: transport, xdsCluster };
  return { kind: "ads" };
}

const atLeast = (build: { readonly major: number; readonly minor: number }, major: number, minor: number): boolean =>
  build.major > major || (build.major === major && build.minor >= minor);
