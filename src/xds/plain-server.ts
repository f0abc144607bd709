/** An xDS server for any program, without the rest of Signalbox: published as `signalbox/xds`, described in docs/xds-server.md. */
import type { ResourceChange, ResourceRef, TypeUrl, WholeResource } from "../codec/resource.ts";
import { versionOf } from "../codec/version.ts";
import type { ListenFailure } from "./listen.ts";
import type { Delivery, Denial, ProxyClient, ProxySnapshot } from "./observer.ts";
import { type TlsOptions, XdsServer, type XdsServerOptions } from "./server.ts";
import { ResourceStore } from "./store.ts";

/** A resource as a program has it. */
export interface PlainResource {
  /** `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
  readonly type: TypeUrl;
  readonly name: string;
  /** The encoded message. Not to be written to afterwards: it is sent as it is, to every client. */
  readonly bytes: Uint8Array;
  /** Default: a hash of the bytes, so that replicas and restarts agree. One of your own must differ when the bytes do. */
  readonly version?: string;
  /** What a client must have acknowledged before it is given this (a route its clusters). Default: nothing. */
  readonly requires?: readonly ResourceRef[];
  /** Follows this resource whenever that changes. A cluster of type EDS names its assignment, or Envoy warms a changed cluster for 15 s. Default: none. */
  readonly companion?: ResourceRef;
}

/** All may be left out. Those of XdsServerOptions are told there. */
export interface PlainServerOptions extends Omit<XdsServerOptions, "assign"> {
  /**
   * The group of resources that a client is given, by what it says of itself; undefined or a group that nothing was put into: nothing is sent to it
   * until that changes. Default: one group, "", for all. Must be quick and must not throw.
   */
  readonly groupOf?: (client: ProxyClient) => string | Denial | undefined;
}

/**
 * Holds resources and gives them to the clients that connect, in all four variants of the protocol.
 * - Each call that changes something is one step: no client is given a state from between.
 * - Nothing is sent to a group's clients before the first call that concerns it. An empty `replace` counts: then they are told that there is nothing.
 */
export class PlainServer {
  readonly #xds: XdsServer;
  readonly #groups = new Map([["", new ResourceStore()]]);

  constructor({ groupOf = () => "", ...options }: PlainServerOptions = {}) {
    this.#xds = new XdsServer({
      ...options,
      assign: (client) => {
        const fleet = groupOf(client);
        if (typeof fleet !== "string") return fleet;
        const store = this.#groups.get(fleet);
        return store === undefined ? undefined : { fleet, store };
      },
    });
  }

  /** Adds resources, or replaces those of the same type and name. Equal ones are no change. */
  put(resources: Iterable<PlainResource>, group = ""): void {
    this.#change(group, Array.from(resources, putOf));
  }

  /** Removes resources. A cluster or assignment goes when the client has acknowledged that nothing points at it, and `graceMs` later. */
  remove(resources: Iterable<ResourceRef>, group = ""): void {
    this.#change(
      group,
      Array.from(resources, ({ type, name }) => ({ remove: { type, name } })),
    );
  }

  /** From now on the group has exactly these. */
  replace(resources: Iterable<PlainResource>, group = ""): void {
    const puts = Array.from(resources, putOf);
    const kept = new Set(puts.map(({ put }) => keyOf(put)));
    this.#change(group, [
      ...this.#refs(group)
        .filter((ref) => !kept.has(keyOf(ref)))
        .map((remove) => ({ remove })),
      ...puts,
    ]);
  }

  /**
   * Listens on `address` (`127.0.0.1:18000`, `[::1]:0`, `unix:/path`); gives the port bound, or the reason why not. May be called for several.
   * It speaks plaintext, so that an address that is not of this machine alone must be asked for by name.
   */
  listen(
    address: string,
    { plaintextOffLoopback = false }: { readonly plaintextOffLoopback?: boolean } = {},
  ): Promise<{ readonly port: number } | ListenFailure> {
    if (!plaintextOffLoopback && !LOOPBACK.test(address)) return Promise.resolve(plaintextFailure(address));
    return this.#xds.listen(address);
  }

  /** Listens over mutual TLS: a client gets a connection if it shows a certificate that `credentials` verifies, and `groupOf` is told its names. */
  listenTls(address: string, options: TlsOptions): Promise<{ readonly port: number } | ListenFailure> {
    return this.#xds.listenTls(address, options);
  }

  /** Every connected client that has a group, and what it wants, has, and refused. */
  clients(): readonly ProxySnapshot[] {
    return this.#xds.snapshot();
  }

  /** How far one resource has come at every client that has a group. */
  deliveries(type: TypeUrl, name: string): readonly Delivery[] {
    return this.#xds.deliveries(type, name);
  }

  /** Ends all streams; connections still open after `graceMs` are cut. Settles when nothing is open. */
  close(graceMs = 1_000): Promise<void> {
    return this.#xds.close(graceMs);
  }

  #refs(group: string): readonly ResourceRef[] {
    const store = this.#groups.get(group);
    if (store === undefined) return [];
    return store.types().flatMap((type) => Array.from(store.names(type), (name) => ({ type, name })));
  }

  #change(group: string, changes: readonly ResourceChange[]): void {
    const store = this.#groups.get(group) ?? new ResourceStore();
    store.apply(changes);
    store.markComplete();
    if (this.#groups.has(group)) return;
    this.#groups.set(group, store);
    this.#xds.reassign(); // who waits for it is ended, and comes back
  }
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost):\d+$|^unix:/;

const plaintextFailure = (address: string): ListenFailure => ({
  address,
  code: "other",
  cause: `${address} cannot be listened on: it is not a loopback address, and xDS is plaintext`,
  remedy: "Listen on loopback, or say plaintextOffLoopback where something else protects it",
});

const keyOf = ({ type, name }: ResourceRef): string => `${type} ${name}`;

function putOf(resource: PlainResource): { readonly put: WholeResource } {
  const { type, name, bytes, version = versionOf(bytes), requires = [], companion } = resource;
  return { put: { kind: "whole", type, name, bytes, version, requires, companion, subject: undefined } };
}
