/** One connected Envoy: its streams together, and what it has acknowledged. */
import type { TypeUrl } from "../codec/resource.ts";
import type { BitSet } from "./content/bit-set.ts";
import { Gate } from "./delivery/gate.ts";
import { least } from "./delivery/leaving.ts";
import type { DeliveryState, ProxyLabel, ProxySnapshot, Rejection, ResourceStatus, TypeSnapshot } from "./observer.ts";
import type { Channel } from "./protocol/channel.ts";
import { type LedgerListener, RejectionLedger } from "./rejection-ledger.ts";
import type { ResourceStore } from "./store.ts";

/** What a proxy needs of one of its streams. */
export interface ProxyStream {
  /** Its types, of whichever variant of the protocol. */
  readonly channels: readonly Omit<Channel<never>, "request" | "next" | "nextAt" | "close">[];
  /** The only type of a separate stream. */
  readonly onlyType: TypeUrl | undefined;
  /** There may be something to send. */
  wake(): void;
  /** Ends it, so that the proxy comes back. */
  end(): void;
}

/**
 * The streams of one connection and node id. A node id alone is not an identity: the pods of a Deployment may share it.
 * `attached` until a reload leaves the proxy without a fleet; a detached proxy is sent nothing and keeps what it has.
 */
export class ConnectedProxy {
  readonly label: ProxyLabel;
  readonly store: ResourceStore;
  readonly gate: Gate;
  readonly connectedAtMs: number;
  readonly #streams = new Set<ProxyStream>();
  attached = true;

  readonly #ledger: RejectionLedger;

  constructor(label: ProxyLabel, store: ResourceStore, connectedAtMs: number, told: LedgerListener) {
    this.label = label;
    this.#ledger = new RejectionLedger(store, told);
    this.store = store;
    const { id, userAgentName, userAgentVersion } = label.node;
    this.gate = new Gate(store, { proxy: id, build: `${userAgentName} ${userAgentVersion}` });
    this.connectedAtMs = connectedAtMs;
  }

  get streams(): ReadonlySet<ProxyStream> {
    return this.#streams;
  }

  /** Whether a stream may join: an aggregated stream carries all types, so a second one is another proxy behind the same connection. */
  admits(aggregated: boolean): boolean {
    if (!aggregated) return true;
    for (const stream of this.#streams) if (stream.onlyType === undefined) return false;
    return true;
  }

  join(stream: ProxyStream): void {
    this.#streams.add(stream);
  }

  /** True if it was the last. */
  leave(stream: ProxyStream): boolean {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return false;
    this.#ledger.close();
    this.gate.close();
    return true;
  }

  /** The store changed. */
  wake(): void {
    for (const stream of this.#streams) stream.wake();
    if (this.#ledger.used) this.#ledger.settle(this.#rejections());
  }

  /** The resource at fault for a refusal was found. */
  rejected(rejection: Rejection): void {
    this.#ledger.add(rejection);
  }

  /**
   * One stream was answered, or found itself up to date: what others send may depend on it. Streams of the same type do not depend on each
   * other, and an Envoy without ADS may have thousands of them, one for each assignment. Gives how many were woken.
   */
  wakeOthers(than: ProxyStream): number {
    if (this.#streams.size === 1) return 0;
    let woken = 0;
    for (const stream of this.#streams)
      if (stream !== than && (stream.onlyType === undefined || stream.onlyType !== than.onlyType)) {
        stream.wake();
        woken += 1;
      }
    return woken;
  }

  snapshot(nowMs: number): ProxySnapshot {
    const types = new Map<TypeUrl, TypeSnapshot>();
    for (const { channels } of this.#streams)
      for (const channel of channels) types.set(channel.type, this.#merged(types.get(channel.type), channel, nowMs));
    const sorted = [...types.values()].sort((a, b) => (a.type < b.type ? -1 : 1));
    return { ...this.label, connectedAtMs: this.connectedAtMs, streams: this.#streams.size, types: sorted };
  }

  /** How far a resource or (with `of`) a part has come: the furthest of its streams. */
  stateOf(type: TypeUrl, name: string, of: string | undefined): DeliveryState {
    for (const { channels } of this.#streams)
      for (const channel of channels) {
        const state = channel.type === type ? channel.progress.stateOf(name, of) : "unsubscribed";
        if (state !== "unsubscribed") return state;
      }
    return "unsubscribed";
  }

  /**
   * Slots whose newest content it is not known to have accepted, of a type or of the parts of a composed resource: one set for each stream that
   * asks for the type. Costs a look at bits, whatever the number of names.
   */
  lacking(type: TypeUrl, of: string | undefined): readonly BitSet[] {
    const sets: BitSet[] = [];
    for (const { channels } of this.#streams)
      for (const channel of channels) if (channel.type === type) sets.push(channel.progress.lacking(of));
    return sets;
  }

  *#rejections(): Iterable<Rejection> {
    for (const { channels } of this.#streams) for (const channel of channels) yield* channel.progress.rejections();
  }

  /** Everything the proxy wants. May be read in pieces while things change. */
  *statuses(): Iterable<ResourceStatus> {
    for (const stream of this.#streams) yield* this.#statusesOn(stream);
  }

  *#statusesOn(stream: ProxyStream): Iterable<ResourceStatus> {
    for (const channel of stream.channels) {
      const rejected = Map.groupBy(channel.progress.rejections(), ({ name, of }) => of ?? name);
      for (const { name, content } of channel.progress.wanted()) {
        const state = channel.progress.stateOf(name, undefined);
        yield { type: channel.type, name, content, state, rejections: rejected.get(name) ?? [] };
        if (!this.#streams.has(stream)) return; // it ended meanwhile: its slots may stand for other names now
      }
    }
  }

  #merged(before: TypeSnapshot | undefined, channel: ProxyStream["channels"][number], nowMs: number): TypeSnapshot {
    const { wildcard, subscribed, withheld, leaving, rejected } = channel.progress.counts();
    const { oldestPendingAtMs, pending } = channel;
    const waiting = oldestPendingAtMs === undefined ? undefined : nowMs - oldestPendingAtMs;
    const longest = least(negated(before?.oldestPendingMs), negated(waiting));
    return {
      type: channel.type,
      wildcard: wildcard || (before?.wildcard ?? false),
      subscribed: subscribed + (before?.subscribed ?? 0),
      acknowledged: this.gate.acknowledgedCount(channel.type),
      withheld: withheld + (before?.withheld ?? 0),
      leaving: leaving + (before?.leaving ?? 0),
      pending: pending + (before?.pending ?? 0),
      oldestPendingMs: negated(longest),
      rejected: [...(before?.rejected ?? []), ...rejected] satisfies readonly Rejection[],
    };
  }
}

const negated = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : -ms);
