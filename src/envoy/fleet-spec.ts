/** What an administrator says about a fleet's Envoys, complete (defaults filled in by src/config). All durations in ms, 0 switches off where said. */

/** Where Envoy listens, and whom it believes. */
export interface ListenerSpec {
  /** Unique in the fleet; names the Listener resource and its statistics. */
  readonly name: string;
  /** IPv4 or IPv6 address to bind. Default `0.0.0.0`. */
  readonly address: string;
  readonly port: number;
  /** Proxies in front whose X-Forwarded-For is believed. Default 0: the peer is the client. */
  readonly trustedHops: number;
  /** The connection begins with a PROXY protocol header (v1 or v2), which tells the client's address. Default false. */
  readonly proxyProtocol: boolean;
  /** TLS with clients; undefined speaks plaintext. */
  readonly tls: ListenerTls | undefined;
}

/** Files on the Envoy's machine, absolute; read again when their folder changes. */
export interface ListenerTls {
  /** Certificate and chain, PEM. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** What the bootstrap of Contour's Envoys makes necessary. */
export interface ContourSpec {
  /** Where they answer `/ready` and `/stats`. Default 0.0.0.0:8002, which the readiness probe of Contour's manifests asks. */
  readonly statsAddress: { readonly ip: string; readonly port: number };
}

/** What a request gets whose hostname no workload claims. */
export type UnknownHostname =
  | { readonly respond: { readonly status: number; readonly body: string } }
  | { readonly forward: UpstreamAddress };

/** An upstream outside wasmCloud. */
export interface UpstreamAddress {
  /** IP address or DNS name. */
  readonly host: string;
  readonly port: number;
  readonly tls: UpstreamTls | undefined;
}

/** TLS towards an upstream. */
export interface UpstreamTls {
  /** Server name sent and verified; "" sends none. */
  readonly sni: string;
  /** File on the Envoy's machine with the CA certificates to verify by; "" trusts any certificate (asked for by `insecureSkipVerify`). */
  readonly caFile: string;
  /** Client certificate and key files on the Envoy's machine, or undefined. */
  readonly clientCertificate: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** "as-downstream" speaks HTTP/1.1 or HTTP/2 as the client did: wasmCloud's hosts serve both on one port. */
export type UpstreamProtocol = "as-downstream" | "http1" | "http2";

/** How hosts of one host group are spoken to. */
export interface HostGroupSpec {
  readonly name: string;
  readonly tls: UpstreamTls | undefined;
  /** Default "as-downstream". */
  readonly protocol: UpstreamProtocol;
}

/** Timeouts and limits of the data path. */
export interface TrafficSpec {
  /** TCP (and TLS) connect to a host. Default 1,000. */
  readonly connectTimeoutMs: number;
  /** Whole request; 0 (default) never cuts long streams. */
  readonly routeTimeoutMs: number;
  /** No byte in either direction on a stream; 0 never. Default 300,000 … see reference. */
  readonly streamIdleTimeoutMs: number;
  /** A safe request whose answer has not begun after this long is also sent to another endpoint, and the first answer counts. 0 never. Default 10,000. */
  readonly hedgeAfterMs: number;
  /** Retries of one request at most, each onto another endpoint. Default 3. */
  readonly retries: number;
}

/** How a proxy of this variant gets nested configuration. */
export type XdsSource =
  | { readonly kind: "ads" }
  | { readonly kind: "separate-delta" | "separate-sotw"; readonly xdsCluster: string };

/** rds: one RouteConfiguration with a virtual host per hostname. scoped: one scope per hostname. */
export type Layout = "rds" | "scoped";

/** eds: an assignment beside each cluster, which a move changes. inline: endpoints inside the cluster, which a move replaces. */
export type EndpointsPlace = "eds" | "inline";

/** Which bytes a proxy of a fleet gets: hostnames and endpoints are the same in all variants. */
export interface Variant {
  readonly layout: Layout;
  readonly source: XdsSource;
  readonly endpoints: EndpointsPlace;
}

/** A fleet as the translator needs it. */
export interface FleetSpec {
  readonly name: string;
  readonly listeners: readonly ListenerSpec[];
  readonly unknownHostname: UnknownHostname;
  readonly hostGroups: readonly HostGroupSpec[];
  readonly traffic: TrafficSpec;
  /** Its Envoys keep the bootstrap that `contour bootstrap` wrote; undefined: they have ours, or one like it. */
  readonly contour: ContourSpec | undefined;
  /** JSON access log on the Envoy's standard output. Default true. */
  readonly accessLog: boolean;
}
