/**
 * Any client of the protocol, as far as it keeps to the rules: it asks for names and gives them up, turns wildcards on and off, answers late or never, refuses
 * some contents, and comes back with what it has. Written from the protocol's text. No socket: streams are called directly, and time is a number.
 */
import { decode } from "../../src/codec/decode.ts";
import type { DeltaDiscoveryRequest, DiscoveryRequest } from "../../src/codec/generated/messages.ts";
import { Gate } from "../../src/xds/delivery/gate.ts";
import { Stream } from "../../src/xds/protocol/stream.ts";
import { deltaVariant, sotwVariant } from "../../src/xds/protocol/variant.ts";
import type { ResourceStore } from "../../src/xds/store.ts";
import { quota } from "./quota.ts";
import { CLUSTER, LISTENER, SCOPED_ROUTE } from "./resources.ts";

/** Short: a client may ask for routes and never for the clusters that they require. */
export const BOUNDS = { ackBoundMs: 1_000, graceMs: 100 };

/** Which of the four variants a client speaks. */
export interface ModelVariant {
  readonly delta: boolean;
  readonly aggregated: boolean;
}

interface Arrived {
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly { readonly name: string; readonly version: string; readonly bytes: Uint8Array }[];
  readonly removed: readonly string[];
}

type AnyStream = Pick<Stream<DeltaDiscoveryRequest & DiscoveryRequest>, "request" | "next" | "close">;

/** One type at the client. */
class Subscription {
  readonly type: string;
  readonly names = new Set<string>();
  all = false;
  /** It is the wildcard of an empty list: nothing was ever named on this stream. */
  legacy = false;
  begun = false;
  /** The server knows that names were said on this stream, so that an empty list is no wildcard. */
  named = false;
  readonly has = new Map<string, { readonly version: string; readonly bytes: Uint8Array }>();
  readonly inbox: Arrived[] = [];
  nonce = "";
  version = "";

  constructor(type: string) {
    this.type = type;
  }

  wants(name: string): boolean {
    return this.all || this.names.has(name);
  }

  /** As a SotW request, or the first of a delta stream, says it. */
  get wanted(): readonly string[] {
    return this.legacy ? [] : [...this.names, ...(this.all ? ["*"] : [])];
  }

  /** What is not wanted any more is dropped. */
  drop(): void {
    for (const name of [...this.has.keys()]) if (!this.wants(name)) this.has.delete(name);
  }
}

const isComplete = (type: string): boolean => type === CLUSTER || type === LISTENER || type === SCOPED_ROUTE;

export class ClientModel {
  readonly store: ResourceStore;
  readonly #variant: ModelVariant;
  readonly #subscriptions: ReadonlyMap<string, Subscription>;
  readonly #refuses: (bytes: Uint8Array) => boolean;
  #gate: Gate;
  readonly #streams = new Map<string, AnyStream>(); // by type, or "" for all
  #nonces = 0;
  now = 0;
  /** Responses so far, and what they may have been caused by. */
  responses = 0;
  asked = 0;
  refused = 0;

  constructor(
    store: ResourceStore,
    variant: ModelVariant,
    types: readonly string[],
    refuses: (bytes: Uint8Array) => boolean,
  ) {
    this.store = store;
    this.#variant = variant;
    this.#refuses = refuses;
    this.#subscriptions = new Map(types.map((type) => [type, new Subscription(type)]));
    this.#gate = new Gate(store);
  }

  of(type: string): Subscription {
    const subscription = this.#subscriptions.get(type);
    if (subscription === undefined) throw new Error(`no ${type} here`);
    return subscription;
  }

  /** The first request of a type without names: everything. Later it would say nothing, or that nothing is wanted. */
  askForAll(type: string): void {
    const subscription = this.of(type);
    if (subscription.begun) return;
    subscription.all = true;
    subscription.legacy = true;
    this.#begin(subscription);
  }

  subscribe(type: string, name: string): void {
    const subscription = this.of(type);
    // Who begins a wildcard again while responses to an earlier one are on their way cannot tell which are which, and the protocol has no word for it.
    if (name === "*" && !subscription.all && subscription.inbox.length > 0) return;
    if (name === "*") subscription.all = true;
    else subscription.names.add(name);
    subscription.legacy = false;
    this.asked += 1;
    if (!subscription.begun) this.#begin(subscription);
    else if (this.#variant.delta) this.#delta(subscription, { resourceNamesSubscribe: [name] });
    else this.#sotw(subscription); // the wildcard of an empty list goes on as `*`: `wanted` says it
  }

  unsubscribe(type: string, name: string): void {
    const subscription = this.of(type);
    if (!subscription.begun || (name === "*" ? !subscription.all : !subscription.names.has(name))) return;
    const left = subscription.names.size + (subscription.all ? 1 : 0);
    if (!this.#variant.delta && (subscription.legacy || (!subscription.named && left === 1))) return; // an empty list would be a wildcard
    if (name === "*") subscription.all = false;
    else subscription.names.delete(name);
    subscription.legacy = false;
    this.asked += 1;
    if (this.#variant.delta) {
      this.#delta(subscription, { resourceNamesUnsubscribe: [name] });
      subscription.drop();
    } else this.#sotw(subscription);
  }

  /** Takes one response from the server into its type's inbox; false if there is none. */
  pull(): boolean {
    for (const stream of this.#streams.values()) {
      const response = stream.next(this.now);
      if (response === undefined) continue;
      this.responses += 1;
      if (this.responses > 2_000) throw new Error("the server sends without end");
      const bytes = Buffer.concat(response.pieces);
      this.of(response.type).inbox.push(this.#variant.delta ? deltaArrived(bytes) : sotwArrived(bytes));
      return true;
    }
    return false;
  }

  /** Applies all responses of a type; what is accepted is answered with the next that is, or with a refusal. */
  applyAll(type: string): void {
    while (this.of(type).inbox.length > 0) this.apply(type, true);
  }

  /** Applies and answers the oldest response of a type. `merging`: not, if it is accepted and the next is there. */
  apply(type: string, merging = false): void {
    const subscription = this.of(type);
    const response = subscription.inbox.shift();
    if (response === undefined) return;
    subscription.nonce = response.nonce;
    if (response.resources.some(({ bytes }) => this.#refuses(bytes))) {
      this.refused += 1;
      this.#answer(subscription, { code: 3, message: "no" });
      return;
    }
    subscription.version = response.version;
    if (!this.#variant.delta && isComplete(type)) subscription.has.clear();
    for (const { name, version, bytes } of response.resources)
      if (subscription.wants(name)) subscription.has.set(name, { version, bytes });
    for (const name of response.removed) subscription.has.delete(name);
    if (!merging || this.#variant.delta || subscription.inbox.length === 0) this.#answer(subscription, undefined);
  }

  /** The connection breaks, whatever was under way is lost, and the client comes back with what it has. */
  reconnect(): void {
    for (const stream of this.#streams.values()) stream.close();
    this.#gate.close();
    this.#gate = new Gate(this.store);
    this.#streams.clear();
    for (const subscription of this.#subscriptions.values()) {
      subscription.inbox.length = 0;
      subscription.nonce = "";
      subscription.named = false;
      subscription.drop();
      if (!subscription.begun) continue;
      subscription.begun = false;
      if (subscription.all || subscription.names.size > 0) this.#begin(subscription);
    }
  }

  /** All responses are taken, applied and answered until none comes. */
  flow(): void {
    for (;;) {
      const pulled = this.pull();
      let busy = false;
      for (const { type, inbox } of this.#subscriptions.values())
        while (inbox.length > 0) {
          busy = true;
          this.apply(type);
        }
      if (!pulled && !busy) return;
    }
  }

  /** The same, until every bound is over. */
  settle(): void {
    for (let round = 0; round < 8; round++) {
      this.flow();
      this.now += BOUNDS.ackBoundMs;
    }
    this.flow();
  }

  #begin(subscription: Subscription): void {
    subscription.begun = true;
    this.asked += 1;
    if (!this.#variant.delta) {
      this.#sotw(subscription);
      return;
    }
    const has = [...subscription.has].map(([name, { version }]) => [name, version]);
    this.#delta(subscription, {
      resourceNamesSubscribe: subscription.wanted,
      initialResourceVersions: Object.fromEntries(has),
    });
  }

  #answer(subscription: Subscription, error: { readonly code: number; readonly message: string } | undefined): void {
    const errorDetail = error === undefined ? {} : { errorDetail: error };
    if (this.#variant.delta) this.#delta(subscription, { responseNonce: subscription.nonce, ...errorDetail });
    else this.#sotw(subscription, errorDetail);
  }

  #delta({ type }: Subscription, request: DeltaDiscoveryRequest): void {
    this.#streamOf(type).request({ typeUrl: type, ...request }, this.now);
  }

  #sotw(subscription: Subscription, more: DiscoveryRequest = {}): void {
    const { type, wanted, nonce, version } = subscription;
    const request = { typeUrl: type, resourceNames: wanted, responseNonce: nonce, versionInfo: version, ...more };
    this.#streamOf(type).request(request, this.now);
    subscription.named ||= wanted.length > 0;
    subscription.drop();
  }

  #streamOf(type: string): AnyStream {
    const key = this.#variant.aggregated ? "" : type;
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const { store } = this;
    const gate = this.#gate;
    const options = { bounds: BOUNDS, reword: undefined };
    const names = quota();
    const nonce = () => String(++this.#nonces);
    const parts = { gate, onlyType: this.#variant.aggregated ? undefined : type, maxTypes: 32 };
    const stream: AnyStream = this.#variant.delta
      ? new Stream({
          ...parts,
          channel: (one) => deltaVariant(options).channel({ store, gate, type: one, nonce, names }),
        })
      : new Stream({
          ...parts,
          channel: (one) => sotwVariant(options).channel({ store, gate, type: one, nonce, names }),
        });
    this.#streams.set(key, stream);
    return stream;
  }
}

function deltaArrived(bytes: Buffer): Arrived {
  const {
    nonce = "",
    resources = [],
    removedResources = [],
  } = decode("envoy.service.discovery.v3.DeltaDiscoveryResponse", bytes);
  return {
    nonce,
    version: "",
    removed: removedResources,
    resources: resources.map(({ name = "", version = "", resource }) => ({
      name,
      version,
      bytes: resource?.value ?? new Uint8Array(),
    })),
  };
}

function sotwArrived(bytes: Buffer): Arrived {
  const {
    nonce = "",
    versionInfo = "",
    resources = [],
  } = decode("envoy.service.discovery.v3.DiscoveryResponse", bytes);
  return {
    nonce,
    version: versionInfo,
    removed: [],
    resources: resources.map(({ value = new Uint8Array() }) => ({ name: nameIn(value), version: "", bytes: value })),
  };
}

/** The name inside a test resource: its body begins with a field that says `name content`. */
function nameIn(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(2, 2 + (bytes[1] ?? 0))).split(" ")[0] ?? "";
}
