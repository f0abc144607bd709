/** HTTP as it is spoken to a host. */
import { anyOf } from "../codec/any.ts";
import type { Any, Http1ProtocolOptions, Http2ProtocolOptions } from "../codec/generated/messages.ts";
import { durationOf } from "./duration.ts";
import type { UpstreamProtocol } from "./fleet-spec.ts";

/** Under this name Envoy looks for the options in a cluster's `typed_extension_protocol_options`. */
export const PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** Hosts close no idle connection by themselves, but what lies between may (balancers at 60 to 350 s). 90 s is what runtime-gateway does. */
const IDLE_MS = 90_000;

/** Response trailers of HTTP/1.1 reach the client (and gRPC-Web bridges); Envoy drops them by default. */
const HTTP1: Http1ProtocolOptions = { enableTrailers: true };

/** Windows as Envoy's edge checklist has them. A ping finds a connection whose host is gone without a word, before a request is lost on it. */
const HTTP2: Http2ProtocolOptions = {
  initialStreamWindowSize: { value: 65_536 },
  initialConnectionWindowSize: { value: 1_048_576 },
  connectionKeepalive: { interval: durationOf(30_000), timeout: durationOf(5_000) },
};

/** Every cluster of one protocol shares these bytes. */
export const PROTOCOL_BYTES: Readonly<Record<UpstreamProtocol | "by-alpn", Any>> = {
  "as-downstream": optionsOf({
    useDownstreamProtocolConfig: { httpProtocolOptions: HTTP1, http2ProtocolOptions: HTTP2 },
  }),
  http1: optionsOf({ explicitHttpConfig: { httpProtocolOptions: HTTP1 } }),
  http2: optionsOf({ explicitHttpConfig: { http2ProtocolOptions: HTTP2 } }),
  "by-alpn": optionsOf({ autoConfig: { httpProtocolOptions: HTTP1, http2ProtocolOptions: HTTP2 } }), // over TLS only: plaintext has no ALPN
};

type Choice = Parameters<typeof anyOf<"envoy.extensions.upstreams.http.v3.HttpProtocolOptions">>[1];

function optionsOf(choice: Choice): Any {
  return anyOf("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", {
    commonHttpProtocolOptions: { idleTimeout: durationOf(IDLE_MS) },
    ...choice,
  });
}
