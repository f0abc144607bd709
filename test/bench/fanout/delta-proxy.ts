/**
 * A proxy that only speaks the protocol: delta ADS over one connection of its own, asking as Envoy does (clusters, listeners, scoped routes, and the assignments
 * of all clusters it is told of); everything is acknowledged at once and nothing is kept.
 */

import type { Socket } from "node:net";
import { encode } from "../../../src/codec/encode.ts";
import type { DeltaDiscoveryRequest } from "../../../src/codec/generated/messages.ts";
import { type DeltaResponse, deltaResponseOf } from "./delta-response.ts";
import { GrpcStream } from "./h2-client.ts";

const url = (message: string): string => `type.googleapis.com/${message}`;
export const LISTENER = url("envoy.config.listener.v3.Listener");
export const CLUSTER = url("envoy.config.cluster.v3.Cluster");
export const ASSIGNMENT = url("envoy.config.endpoint.v3.ClusterLoadAssignment");
export const SCOPED_ROUTE = url("envoy.config.route.v3.ScopedRouteConfiguration");
/** A type of which there is nothing: its answer tells that everything asked for before was read. */
const SECRET = url("envoy.extensions.transport_sockets.tls.v3.Secret");

const PATH = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

/** What a proxy tells. */
export interface ProxyEvents {
  /** A response, acknowledged already. */
  readonly took: (response: DeltaResponse) => void;
  readonly closed: (why: string) => void;
}

/** What proxies that were here before have: versions by type and name. */
export type Held = ReadonlyMap<string, ReadonlyMap<string, string>>;

export class DeltaProxy {
  readonly #stream: GrpcStream;
  readonly #on: ProxyEvents;

  constructor(socket: Socket, on: ProxyEvents) {
    this.#on = on;
    this.#stream = new GrpcStream(socket, PATH, {
      message: (bytes) => this.#take(deltaResponseOf(bytes)),
      closed: on.closed,
    });
  }

  get receivedBytes(): number {
    return this.#stream.receivedBytes;
  }

  /** Asks for everything, as a proxy that has nothing. */
  begin(id: string): void {
    this.#stream.send(request({ node: nodeOf(id), typeUrl: CLUSTER }));
    this.#stream.send(FRESH_LISTENERS);
    this.#stream.send(FRESH_ROUTES);
  }

  /** Asks again for what `held` says that it has; `requests` are those of `resumption`. */
  resume(id: string, requests: readonly Uint8Array[]): void {
    const [first, ...rest] = requests;
    // Protobuf appends: the node in front of the bytes that all have in common.
    this.#stream.send(Buffer.concat([request({ node: nodeOf(id) }), first ?? Buffer.alloc(0)]));
    for (const bytes of rest) this.#stream.send(bytes);
    this.#stream.send(request({ typeUrl: SECRET, resourceNamesSubscribe: ["is-everything-read"] }));
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #take(response: DeltaResponse): void {
    const { typeUrl, nonce, entries } = response;
    this.#stream.send(acknowledgement(typeUrl, nonce));
    if (typeUrl === CLUSTER && entries.length > 0)
      this.#stream.send(request({ typeUrl: ASSIGNMENT, resourceNamesSubscribe: entries.map(({ name }) => name) }));
    this.#on.took(response);
  }
}

/** Whether this answers the question at the end of `resume`. */
export const tellsRead = ({ typeUrl }: DeltaResponse): boolean => typeUrl === SECRET;

/** The first request of every type of a proxy that has this: the same for all but the node. */
export function resumption(held: Held): readonly Uint8Array[] {
  return [CLUSTER, ASSIGNMENT, LISTENER, SCOPED_ROUTE].map((typeUrl) => {
    const versions = held.get(typeUrl) ?? new Map<string, string>();
    const resourceNamesSubscribe = typeUrl === ASSIGNMENT ? [...versions.keys()] : [];
    return request({ typeUrl, resourceNamesSubscribe, initialResourceVersions: Object.fromEntries(versions) });
  });
}

const nodeOf = (id: string) => ({
  id,
  cluster: "bench",
  userAgentName: "envoy",
  userAgentBuildVersion: { version: { majorNumber: 1, minorNumber: 40, patch: 0 } },
});

const request = (message: DeltaDiscoveryRequest): Uint8Array =>
  encode("envoy.service.discovery.v3.DeltaDiscoveryRequest", message);

const FRESH_LISTENERS = request({ typeUrl: LISTENER });
const FRESH_ROUTES = request({ typeUrl: SCOPED_ROUTE });

const heads = new Map<string, Buffer>();

/** type_url 2 and response_nonce 6, by hand: ten thousand a second. */
function acknowledgement(typeUrl: string, nonce: string): Buffer {
  let head = heads.get(typeUrl);
  if (head === undefined) {
    head = Buffer.from(request({ typeUrl }));
    heads.set(typeUrl, head);
  }
  const out = Buffer.allocUnsafe(head.length + 2 + nonce.length);
  head.copy(out);
  out[head.length] = (6 << 3) | 2;
  out[head.length + 1] = nonce.length;
  out.write(nonce, head.length + 2, "latin1");
  return out;
}
