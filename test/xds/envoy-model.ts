/**
 * What an Envoy does with xDS, as far as ordering matters: it subscribes to the assignment of each cluster it has, applies what comes, answers when
 * told to, and comes back with what it has. No socket: a stream is called directly, and time is a number.
 */
import assert from "node:assert/strict";
import { decode } from "../../src/codec/decode.ts";
import type { DeltaDiscoveryRequest, DiscoveryRequest } from "../../src/codec/generated/messages.ts";
import { Gate } from "../../src/xds/delivery/gate.ts";
import { Stream } from "../../src/xds/protocol/stream.ts";
import { deltaVariant, sotwVariant } from "../../src/xds/protocol/variant.ts";
import type { ResourceStore } from "../../src/xds/store.ts";
import { quota } from "./quota.ts";
import { ASSIGNMENT, CLUSTER, LISTENER, ROUTE, ROUTES } from "./resources.ts";

/** The bound is never over: whatever is right must be right because of acknowledgements, not because somebody gave up waiting. */
export const BOUNDS = { ackBoundMs: 1_000_000_000, graceMs: 1_000 };

/** A response before it is applied. */
interface Arrived {
  readonly type: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly { readonly name: string; readonly version: string; readonly bytes: Uint8Array }[];
  readonly removed: readonly string[];
}

export type Socket = "clusters" | "listeners" | "routes";
export const SOCKETS: readonly Socket[] = ["clusters", "listeners", "routes"];

function socketOf(type: string): Socket {
  if (type === LISTENER) return "listeners";
  return type === ROUTE ? "routes" : "clusters";
}

type Contents = Map<string, { readonly version: string; readonly bytes: Uint8Array }>;

/** The parts of an Envoy that both variants of the protocol share. */
export abstract class EnvoyModel {
  readonly store: ResourceStore;
  readonly has = new Map<string, Contents>([CLUSTER, ASSIGNMENT, LISTENER, ROUTE].map((type) => [type, new Map()]));
  readonly #refuses: (name: string, bytes: Uint8Array) => boolean;
  /** What it says of a response that it refuses, of the names at fault and of all. */
  words: (bad: readonly string[], all: readonly string[]) => string = (bad) => `bad: ${bad.join(", ")}`;
  /** Responses in sockets: clusters and assignments in one, in order, as if every other type had its own. What ADS guarantees beyond that is not relied on. */
  protected arrived: Arrived[] = [];
  /** Clusters that wait for an assignment: Envoy keeps a changed one from use until it gets one. */
  readonly warming = new Set<string>();
  /** Names whose cluster went since assignments were last asked for. */
  protected readonly dropped = new Set<string>();
  #unsubscribed = false; // clusters changed, and their assignments are not asked for yet
  /** Names of resources in responses so far. */
  readonly sent: string[] = [];
  readonly rejections: string[] = [];
  /** Names whose newest assignment it refused. */
  protected readonly refusedEndpoints = new Set<string>();
  now = 0;

  constructor(store: ResourceStore, refuses: (name: string, bytes: Uint8Array) => boolean = () => false) {
    this.store = store;
    this.#refuses = refuses;
  }

  protected abstract receive(): Arrived | undefined;
  protected abstract answer(response: Arrived, error: string | undefined): void;
  protected abstract resubscribe(): void;
  protected abstract wholeState(type: string): boolean;
  abstract connect(): void;

  contents(type: string): Contents {
    const contents = this.has.get(type);
    if (contents === undefined) throw new Error(`no ${type} here`);
    return contents;
  }

  names(type: string): readonly string[] {
    return [...this.contents(type).keys()].sort();
  }

  /** The connection broke: responses in sockets are lost, and what is asked for is asked again. */
  protected forget(): void {
    this.arrived = [];
    this.#unsubscribed = false;
    // Known limit: a proxy that reconnects between a changed cluster and its assignment names both as it has them, so the assignment is not
    // sent again, and Envoy goes on with what it has after the initial_fetch_timeout of the assignment.
    this.warming.clear();
    for (const name of this.names(ASSIGNMENT))
      if (!this.contents(CLUSTER).has(name)) this.contents(ASSIGNMENT).delete(name);
  }

  /** Virtual hosts routed now. */
  hosts(): readonly string[] {
    const routes = this.contents(ROUTE).get(ROUTES);
    if (routes === undefined) return [];
    return (decode("envoy.config.route.v3.RouteConfiguration", routes.bytes).virtualHosts ?? []).map(
      (host) => host.name ?? "",
    );
  }

  /** Takes one response from the server into the socket; false if it has none. */
  pull(): boolean {
    const response = this.receive();
    if (response === undefined) return false;
    this.arrived.push(response);
    this.sent.push(...response.resources.map(({ name }) => name));
    return true;
  }

  /** Applies and answers the oldest response of one socket. */
  apply(socket: Socket): void {
    const at = this.arrived.findIndex(({ type }) => socketOf(type) === socket);
    const [response] = at === -1 ? [] : this.arrived.splice(at, 1);
    if (response === undefined) return;
    const bad = response.resources.filter(({ name, bytes }) => this.#refuses(name, bytes)).map(({ name }) => name);
    for (const name of response.type === ASSIGNMENT ? bad : []) this.refusedEndpoints.add(name);
    if (bad.length > 0) {
      this.answer(
        response,
        this.words(
          bad,
          response.resources.map(({ name }) => name),
        ),
      );
      return;
    }
    const contents = this.contents(response.type);
    const before = new Map(contents);
    if (this.wholeState(response.type)) contents.clear();
    for (const { name, version, bytes } of response.resources) {
      if (response.type === ASSIGNMENT && !this.contents(CLUSTER).has(name)) continue; // nobody watches it
      contents.set(name, { version, bytes });
      const changed = Buffer.compare(before.get(name)?.bytes ?? new Uint8Array(), bytes) !== 0;
      if (response.type === CLUSTER && changed) this.warming.add(name);
      if (response.type === ASSIGNMENT) this.warming.delete(name);
      if (response.type === ASSIGNMENT) this.refusedEndpoints.delete(name);
    }
    for (const name of response.removed) contents.delete(name);
    if (response.type === CLUSTER) this.#dropAssignments();
    this.answer(response, undefined);
    if (response.type === CLUSTER) this.#unsubscribed = true;
  }

  /** Asks for the assignments of the clusters there are, and drops those of others. */
  subscribe(): void {
    if (!this.#unsubscribed) return;
    this.#unsubscribed = false;
    this.resubscribe();
  }

  /** With a cluster goes its subscription: if it comes again, it asks again. */
  #dropAssignments(): void {
    const clusters = this.contents(CLUSTER);
    for (const name of [...this.names(ASSIGNMENT), ...this.warming]) {
      if (clusters.has(name)) continue;
      this.contents(ASSIGNMENT).delete(name);
      this.warming.delete(name);
      this.dropped.add(name);
    }
  }

  /** Everything is sent, applied and answered until nothing more comes. True if anything did. */
  flow(): boolean {
    let busy = false;
    for (;;) {
      const pulled = this.pull();
      if (!pulled && this.arrived.length === 0 && !this.#unsubscribed) return busy;
      for (const socket of SOCKETS)
        while (this.arrived.some(({ type }) => socketOf(type) === socket)) this.apply(socket);
      this.subscribe();
      busy = true;
    }
  }

  /** The same, time included. */
  settle(): void {
    for (let idle = 0; idle < 4; idle++) {
      if (this.flow()) idle = 0;
      this.now += BOUNDS.graceMs;
    }
  }

  /** Routes to a hostname whose cluster or assignment this Envoy does not have: what make before break forbids. */
  broken(): readonly string[] {
    return this.hosts().filter(
      (name) => !this.contents(CLUSTER).has(name) || !(this.contents(ASSIGNMENT).has(name) || this.isOpen(name)),
    );
  }

  /** Whether this Envoy has any assignment of the name is not for the server to know. */
  abstract isOpen(name: string): boolean;
}

/** An Envoy with one incremental aggregated stream. */
export class DeltaEnvoy extends EnvoyModel {
  #gate: Gate | undefined;
  #stream: Stream<DeltaDiscoveryRequest> | undefined;
  #subscribed = new Set<string>();
  #nonce = 0;

  get stream(): Stream<DeltaDiscoveryRequest> {
    if (this.#stream === undefined) throw new Error("not connected");
    return this.#stream;
  }

  connect(): void {
    this.#stream?.close();
    this.#gate?.close();
    this.forget();
    const gate = new Gate(this.store);
    this.#gate = gate;
    const variant = deltaVariant({ bounds: BOUNDS, reword: undefined });
    const nonce = () => String(++this.#nonce);
    this.#stream = new Stream({
      gate,
      onlyType: undefined,
      maxTypes: 32,
      channel: (type) => variant.channel({ store: this.store, gate, type, nonce, names: quota() }),
    });
    this.#subscribed = new Set(this.contents(CLUSTER).keys());
    this.#subscribe(CLUSTER, ["*"]);
    if (this.#subscribed.size > 0) this.#subscribe(ASSIGNMENT, [...this.#subscribed]);
    this.#subscribe(LISTENER, ["*"]);
    this.#subscribe(ROUTE, [ROUTES]);
  }

  #subscribe(typeUrl: string, resourceNamesSubscribe: readonly string[]): void {
    const versions = [...this.contents(typeUrl)].map(([name, { version }]) => [name, version]);
    this.request({ typeUrl, resourceNamesSubscribe, initialResourceVersions: Object.fromEntries(versions) });
  }

  request(request: DeltaDiscoveryRequest): void {
    const { answers } = this.stream.request(request, this.now);
    for (const answer of answers)
      if (answer.kind === "rejected" && answer.culprit !== undefined) this.rejections.push(answer.culprit.name);
  }

  protected receive(): Arrived | undefined {
    const { quiet } = this.stream;
    const response = this.stream.next(this.now);
    if (response === undefined) return undefined;
    assert.ok(!quiet, `${response.type} is sent by a stream that said it had nothing`);
    const decoded = decode("envoy.service.discovery.v3.DeltaDiscoveryResponse", Buffer.concat(response.pieces));
    return {
      type: response.type,
      nonce: response.nonce,
      version: "",
      removed: decoded.removedResources ?? [],
      resources: (decoded.resources ?? []).map(({ name = "", version = "", resource }) => ({
        name,
        version,
        bytes: resource?.value ?? new Uint8Array(),
      })),
    };
  }

  protected answer({ type, nonce }: Arrived, error: string | undefined): void {
    const answer = { typeUrl: type, responseNonce: nonce };
    this.request(error === undefined ? answer : { ...answer, errorDetail: { code: 3, message: error } });
  }

  protected resubscribe(): void {
    const clusters = new Set(this.contents(CLUSTER).keys());
    const added = [...clusters.difference(this.#subscribed.difference(this.dropped))];
    this.dropped.clear();
    const removed = [...this.#subscribed.difference(clusters)];
    if (added.length + removed.length === 0) return;
    this.#subscribed = clusters;
    this.request({ typeUrl: ASSIGNMENT, resourceNamesSubscribe: added, resourceNamesUnsubscribe: removed });
  }

  protected wholeState(): boolean {
    return false;
  }

  isOpen(): boolean {
    return false;
  }
}

/** An Envoy with one aggregated stream of state of the world. */
export class SotwEnvoy extends EnvoyModel {
  #gate: Gate | undefined;
  #stream: Stream<DiscoveryRequest> | undefined;
  #nonce = 0;
  #named = false;
  #cameBack = false;
  readonly #last = new Map<string, { readonly nonce: string; readonly version: string }>();

  connect(): void {
    this.#stream?.close();
    this.#gate?.close();
    this.forget();
    const gate = new Gate(this.store);
    this.#gate = gate;
    const variant = sotwVariant({ bounds: BOUNDS, reword: undefined });
    const nonce = () => String(++this.#nonce);
    this.#stream = new Stream({
      gate,
      onlyType: undefined,
      maxTypes: 32,
      channel: (type) => variant.channel({ store: this.store, gate, type, nonce, names: quota() }),
    });
    for (const type of [CLUSTER, ASSIGNMENT, LISTENER, ROUTE]) {
      const version = this.#last.get(type)?.version ?? "";
      if (type === ASSIGNMENT && version !== "") this.#cameBack = true;
      this.#last.set(type, { nonce: "", version });
      if (type === ASSIGNMENT) this.#named = this.contents(CLUSTER).size > 0;
      if (type !== ASSIGNMENT || this.#named) this.#request(type);
    }
  }

  #request(type: string, error?: string): void {
    if (this.#stream === undefined) throw new Error("not connected");
    const { nonce = "", version = "" } = this.#last.get(type) ?? {};
    const names = type === ASSIGNMENT ? this.names(CLUSTER) : type === ROUTE ? [ROUTES] : [];
    const request = { typeUrl: type, resourceNames: names, responseNonce: nonce, versionInfo: version };
    const { answers } = this.#stream.request(
      error === undefined ? request : { ...request, errorDetail: { code: 3, message: error } },
      this.now,
    );
    for (const answer of answers)
      if (answer.kind === "rejected" && answer.culprit !== undefined) this.rejections.push(answer.culprit.name);
  }

  protected receive(): Arrived | undefined {
    const response = this.#stream?.next(this.now);
    if (response === undefined) return undefined;
    const decoded = decode("envoy.service.discovery.v3.DiscoveryResponse", Buffer.concat(response.pieces));
    return {
      type: response.type,
      nonce: response.nonce,
      version: decoded.versionInfo ?? "",
      removed: [],
      resources: (decoded.resources ?? []).map(({ value = new Uint8Array() }) => ({
        name: nameIn(response.type, value),
        version: "",
        bytes: value,
      })),
    };
  }

  protected answer({ type, nonce, version }: Arrived, error: string | undefined): void {
    const before = this.#last.get(type)?.version ?? "";
    this.#last.set(type, { nonce, version: error === undefined ? version : before });
    this.#request(type, error);
  }

  protected resubscribe(): void {
    // Without names it would be a wildcard as long as none was named on this stream: Envoy has no subscription then, and sends nothing.
    this.#named ||= this.contents(CLUSTER).size > 0;
    if (this.#named) this.#request(ASSIGNMENT);
  }

  protected wholeState(type: string): boolean {
    return type === CLUSTER || type === LISTENER;
  }

  /** Coming back it names what it wants, and its version does not tell what of that it has: where it refuses the newest, it may have an older one, or none. */
  isOpen(name: string): boolean {
    return this.#cameBack && this.refusedEndpoints.has(name);
  }
}

/** The name inside a test resource: its body is `name` or `name content`; that of the route configuration is fixed. */
function nameIn(type: string, bytes: Uint8Array): string {
  if (type === ROUTE) return ROUTES;
  return new TextDecoder().decode(bytes.subarray(2)).split(" ")[0] ?? "";
}
