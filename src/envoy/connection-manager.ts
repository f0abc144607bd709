/** HTTP on a listener: hardened as Envoy's edge checklist says, except for what alters requests. Routing is by hostname alone, so paths pass untouched. */
import { anyOf } from "../codec/any.ts";
import type { HttpConnectionManager, HttpFilter } from "../codec/generated/messages.ts";
import { accessLog } from "./access-log.ts";
import { configSourceOf } from "./config-source.ts";
import { durationOf } from "./duration.ts";
import type { FleetSpec, ListenerSpec, Variant } from "./fleet-spec.ts";
import { localReplyOf } from "./local-reply.ts";
import { ROUTES_NAME } from "./names.ts";
import { clientHeaders, forwardedHost, workloadHeader } from "./request-headers.ts";
import { canonicalHost, scopedRoutesOf } from "./scoped-route.ts";

/** A connection without a request; Envoy's own default, said so that it stays. */
const IDLE_MS = 3_600_000;

/** From a request's first byte to the end of its headers. What slow or stalled clients may hold. */
const HEADERS_MS = 10_000;

/** The connection manager of one listener. */
export function connectionManagerOf(spec: FleetSpec, variant: Variant, listener: ListenerSpec): HttpConnectionManager {
  const { trustedHops } = listener;
  return {
    codecType: "AUTO", // HTTP/1.1, and HTTP/2 with prior knowledge: gRPC without TLS
    statPrefix: listener.name,
    ...(variant.layout === "rds"
      ? { rds: { routeConfigName: ROUTES_NAME, configSource: configSourceOf(variant.source, 0) } } // 0: without routes Envoy is not ready
      : { scopedRoutes: scopedRoutesOf(variant.source) }),
    httpFilters: filtersOf(spec, variant),
    accessLog: spec.accessLog ? [accessLog()] : [],
    localReplyConfig: localReplyOf(spec),

    // Who the client is. Hosts and ports are neither stripped here (that would come before X-Forwarded-Host is noted) nor believed.
    useRemoteAddress: { value: true },
    xffNumTrustedHops: trustedHops,
    earlyHeaderMutationExtensions: [forwardedHost(trustedHops)],
    preserveExternalRequestId: trustedHops > 0,
    // Behind a proxy one connection carries many clients; a bad request of one must not close it for all.
    streamErrorOnInvalidHttpMessage: { value: trustedHops > 0 },

    // Paths as they are, whatever Envoy's runtime says.
    normalizePath: { value: false },
    mergeSlashes: false,
    pathWithEscapedSlashesAction: "KEEP_UNCHANGED",

    commonHttpProtocolOptions: { idleTimeout: durationOf(IDLE_MS), headersWithUnderscoresAction: "ALLOW" },
    httpProtocolOptions: { acceptHttp10: true, enableTrailers: true }, // 1.0 with a Host is served as by runtime-gateway; without one it is a 400
    http2ProtocolOptions: {
      maxConcurrentStreams: { value: 100 },
      initialStreamWindowSize: { value: 65_536 },
      initialConnectionWindowSize: { value: 1_048_576 },
      allowConnect: true, // WebSocket over HTTP/2 (RFC 8441)
    },
    // Hosts answer an upgrade like any request today; an embedder's may accept it. Other upgrades get Envoy's 403, but for h2c, which Envoy ignores.
    upgradeConfigs: [{ upgradeType: "websocket" }],
    requestHeadersTimeout: durationOf(HEADERS_MS),
    requestTimeout: durationOf(0), // an upload takes as long as it takes
    streamIdleTimeout: durationOf(spec.traffic.streamIdleTimeoutMs),
    serverHeaderTransformation: "PASS_THROUGH",
  };
}

function filtersOf(spec: FleetSpec, variant: Variant): readonly HttpFilter[] {
  return [...(variant.layout === "scoped" ? [canonicalHost()] : []), clientHeaders(spec.traffic), ROUTER];
}

const ROUTER: HttpFilter = {
  name: "envoy.filters.http.router",
  typedConfig: anyOf("envoy.extensions.filters.http.router.v3.Router", {
    suppressEnvoyHeaders: true, // x-envoy-upstream-service-time and its like are nobody's business outside
    upstreamHttpFilters: [
      workloadHeader(),
      {
        name: "envoy.filters.http.upstream_codec",
        typedConfig: anyOf("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec", {}),
      },
    ],
  }),
};
