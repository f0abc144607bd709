/** What the outside learns of streams and proxies: events for logs and metrics, snapshots for people. */
import type { ResourceSubject, TypeUrl } from "../codec/resource.ts";
import type { HandshakeFailure } from "./handshake-failure.ts";
import type { LimitName } from "./limits.ts";

/** How a proxy speaks to us. Aggregated streams carry all types, separate ones one each. */
export type Transport = "ads-delta" | "ads-sotw" | "separate-delta" | "separate-sotw";

/** What an xDS client says of itself. Unauthenticated: good for choosing a fleet, not for trust. */
export interface NodeIdentity {
  readonly id: string;
  readonly cluster: string;
  /** Top-level string, number and boolean fields of the node's metadata, as text; others are left out. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly userAgentName: string;
  /** `1.40.0`, from user_agent_build_version, else user_agent_version; "" when it says neither. */
  readonly userAgentVersion: string;
}

/** Who asks: what `assign` decides by. */
export interface ProxyClient {
  readonly node: NodeIdentity;
  /** Remote address and port. */
  readonly peer: string;
  readonly transport: Transport;
  /** `:authority` of the call. An Envoy whose bootstrap sets none sends the name of the cluster by which it reaches us. The client chooses it. */
  readonly authority: string;
  /**
   * Subject alternative names of the certificate by which it proved who it is, each with its kind: `DNS:a.example`, `URI:spiffe://a/b`. Good for
   * trust. Undefined: it showed no certificate, since the port speaks plaintext.
   */
  readonly names: readonly string[] | undefined;
}

/** A client that may not have the fleet it asks for. */
export interface Denial {
  readonly fleet: string;
  /** Why, for both sides: the client is told it as the status of its stream, and its Envoy logs that. No full stop. */
  readonly denied: string;
}

/** A proxy in a log line. */
export interface ProxyLabel extends ProxyClient {
  /** Counts up from 1 since this process began; names this connection, not the machine. */
  readonly serial: number;
  readonly fleet: string;
}

/** A response in a log line. */
export interface ResponseFacts {
  readonly type: TypeUrl;
  readonly nonce: string;
  readonly resources: number;
  readonly removals: number;
  readonly bytes: number;
}

/** A version that a proxy refused. It is not sent to that proxy again. */
export interface Rejection {
  readonly type: TypeUrl;
  readonly name: string;
  /** The composed resource this is a part of, or undefined. */
  readonly of: string | undefined;
  readonly version: string;
  readonly subject: ResourceSubject | undefined;
  /** The proxy's own words. */
  readonly detail: string;
  /** The version it keeps, where that is known: of parts, and of resources in lists. */
  readonly kept?: string | undefined;
}

/** Why a rejection is over: other content is the newest and is tried, there is none any more, the proxy does not want it any more, or is gone. */
export type RejectionEnd = "changed" | "removed" | "unsubscribed" | "left";

/**
 * Told at once and on the event loop of the streams: must be quick and must not throw.
 * Every method may be left out.
 */
export interface XdsObserver {
  /** A proxy was given a fleet. */
  connected?(proxy: ProxyLabel): void;
  /** A proxy that matches no fleet. It is sent nothing, and its streams stay open. */
  unassigned?(client: ProxyClient): void;
  /** A client got no connection at all. Whoever reaches the port can cause it, as often as they like. */
  handshakeFailed?(peer: string, failure: HandshakeFailure): void;
  /** A client whose certificate does not admit it to the fleet it asks for: its stream was ended. It comes back again and again. */
  denied?(client: ProxyClient, denial: Denial): void;
  /** A stream was ended because of what it sent; `reason` names the field. */
  garbage?(peer: string, reason: string): void;
  /** A client came up against a limit; `what` says what became of it. May be told for every request of a client. */
  limited?(limit: LimitName, peer: string, what: string): void;
  /** A stream was ended because of a fault of ours. */
  fault?(error: unknown): void;
  /** A socket that is listened on had an error, so that connections may not have been taken. It is listened on all the same. */
  listeningFailed?(address: string, error: unknown): void;
  sent?(proxy: ProxyLabel, response: ResponseFacts): void;
  /** `waitedMs`: from handing the response to the socket to the answer. */
  acknowledged?(
    proxy: ProxyLabel,
    response: { readonly type: TypeUrl; readonly nonce: string; readonly waitedMs: number },
  ): void;
  /** A whole response was refused. The resource at fault is still looked for when it held several. */
  refused?(
    proxy: ProxyLabel,
    response: { readonly type: TypeUrl; readonly nonce: string; readonly detail: string },
  ): void;
  /** The resource at fault is found. Told again when refused content that had been replaced is the newest again. */
  rejected?(proxy: ProxyLabel, rejection: Rejection): void;
  /** What `rejected` told is over. Exactly once for each: with the change of the store, and before `closed` if the proxy leaves. */
  cleared?(proxy: ProxyLabel, rejection: Rejection, because: RejectionEnd): void;
  /** A reload left this proxy without a fleet (it keeps what it has) or gave it to another (it is ended, to come back). */
  reassigned?(proxy: ProxyLabel, outcome: "kept" | "ended"): void;
  /** The last stream of the proxy is gone. */
  closed?(proxy: ProxyLabel): void;
}

/** One type at one proxy. */
export interface TypeSnapshot {
  readonly type: TypeUrl;
  readonly wildcard: boolean;
  /** Resources there are that the proxy wants. */
  readonly subscribed: number;
  /** Of these, how many it has acknowledged in some version. */
  readonly acknowledged: number;
  /** Resources or parts that wait for what they require. */
  readonly withheld: number;
  /** Removals that wait for acknowledgements or the grace. */
  readonly leaving: number;
  /** Responses not answered yet, and since when the oldest waits. */
  readonly pending: number;
  readonly oldestPendingMs: number | undefined;
  readonly rejected: readonly Rejection[];
}

/** One proxy as it is now. */
export interface ProxySnapshot extends ProxyLabel {
  /** By the server's clock, as given. */
  readonly connectedAtMs: number;
  readonly streams: number;
  readonly types: readonly TypeSnapshot[];
}

/** How far one resource has come at one proxy. `unsubscribed`: it does not want it, or not yet. */
export type DeliveryState = "acknowledged" | "sent" | "withheld" | "rejected" | "behind" | "unsubscribed";

/** One proxy's state of one resource. */
export interface Delivery {
  readonly proxy: ProxyLabel;
  readonly state: DeliveryState;
}

/** One resource that one proxy wants. */
export interface ResourceStatus {
  readonly type: TypeUrl;
  readonly name: string;
  /** The newest; of a composed resource the composition sent last. Undefined where there is no such resource. */
  readonly content: { readonly version: string; pieces(): readonly Uint8Array[] } | undefined;
  readonly state: DeliveryState;
  /** Of it, or of its parts, what was refused and is still the newest. */
  readonly rejections: readonly Rejection[];
}

/** One proxy with all that it wants. */
export interface ProxyStatus {
  readonly proxy: ProxyLabel;
  /** Looked up as they are read, which may be done in pieces while things change; ends early when the proxy goes. */
  readonly resources: Iterable<ResourceStatus>;
}
