/** State of the world for one type of one stream: requests in, responses out, time an argument. */
import type { DiscoveryRequest } from "../../codec/generated/messages.ts";
import type { BitSet } from "../content/bit-set.ts";
import { bytesIn, sotwResponse } from "../content/wire.ts";
import { ListPump } from "../delivery/list-pump.ts";
import { PiecemealPump } from "../delivery/piecemeal-pump.ts";
import { keptWords } from "../delivery/words.ts";
import type { DeliveryState, Rejection } from "../observer.ts";
import type { Answer, Channel, ChannelCounts, ChannelParts, Response, Wanted } from "./channel.ts";
import { Flights } from "./flights.ts";
import { sotwWanted } from "./subscription.ts";
import { wholeState } from "./type-urls.ts";

/** What this channel needs of either pump. */
export interface SotwPump<T extends SotwTurn = SotwTurn> {
  readonly nextAt: number | undefined;
  /** Wants exactly this from now on. `reported`: the version a reconnecting proxy has, in the first request only. */
  want(wanted: { readonly wildcard: boolean; readonly names: ReadonlySet<string> }, reported: string | undefined): void;
  next(nowMs: number): T | undefined;
  acknowledge(turn: T): void;
  reject(turn: T, detail: string): Rejection | undefined;
  /** Nobody waits for the answer any more. */
  abandon(turn: T): void;
  counts(): ChannelCounts;
  lacking(of: string | undefined): BitSet;
  rejections(): readonly Rejection[];
  stateOf(name: string, of: string | undefined): DeliveryState;
  wanted(): Iterable<Wanted>;
  close(): void;
}

/** A response before it has a nonce. */
export interface SotwTurn {
  readonly version: string;
  readonly entries: readonly Uint8Array[];
}

/**
 * - One response is unanswered at a time: its nonce stands for all that the proxy has of the type.
 * - A request whose response_nonce is not the newest is stale: the proxy will answer the newest, naming again what it wants.
 * - error_detail tells a rejection; version_info does not.
 */
export class SotwChannel implements Channel<DiscoveryRequest> {
  readonly type: string;
  readonly #parts: ChannelParts;
  readonly #pump: SotwPump;
  readonly #flights: Flights<SotwTurn>;
  #first = true;
  #everNamed = false;
  #newestNonce = "";

  constructor(parts: ChannelParts) {
    this.type = parts.type;
    this.#parts = parts;
    this.#pump = wholeState(parts.type) ? new ListPump(parts) : new PiecemealPump(parts);
    this.#flights = new Flights(parts.bounds.ackBoundMs);
  }

  get nextAt(): number | undefined {
    return this.#flights.isOpen(true) ? this.#pump.nextAt : this.#flights.nextAt;
  }

  get pending(): number {
    return this.#flights.size;
  }

  get oldestPendingAtMs(): number | undefined {
    return this.#flights.oldestAtMs;
  }

  request(request: DiscoveryRequest, nowMs: number): Answer {
    const { resourceNames = [], responseNonce = "", versionInfo = "" } = request;
    const answer = this.#answer(request, nowMs); // late perhaps, after a newer response
    if (this.#newestNonce !== "" && responseNonce !== this.#newestNonce) return answer;
    const { everNamed, ...wanted } = sotwWanted(this.#everNamed, resourceNames);
    this.#everNamed = everNamed;
    this.#pump.want(wanted, this.#first && versionInfo !== "" ? versionInfo : undefined);
    this.#first = false;
    return answer;
  }

  next(nowMs: number): Response | undefined {
    this.#flights.expire(nowMs);
    if (!this.#flights.isOpen(true)) return undefined;
    const turn = this.#pump.next(nowMs);
    if (turn === undefined) return undefined;
    const nonce = this.#parts.nonce();
    this.#newestNonce = nonce;
    for (const forgotten of this.#flights.open(nonce, turn, nowMs)) this.#pump.abandon(forgotten);
    const { type } = this;
    const pieces = sotwResponse({ type, nonce, version: turn.version }, this.#parts.store.bundles.of(turn.entries));
    return { type, nonce, resources: turn.entries.length, removals: 0, pieces, bytes: bytesIn(pieces) };
  }

  counts(): ChannelCounts {
    return this.#pump.counts();
  }

  lacking(of: string | undefined): BitSet {
    return this.#pump.lacking(of);
  }

  rejections(): readonly Rejection[] {
    return this.#pump.rejections();
  }

  stateOf(name: string, of: string | undefined): DeliveryState {
    return this.#pump.stateOf(name, of);
  }

  wanted(): Iterable<Wanted> {
    return this.#pump.wanted();
  }

  close(): void {
    this.#pump.close();
  }

  #answer({ responseNonce: nonce = "", errorDetail }: DiscoveryRequest, nowMs: number): Answer {
    if (nonce === "") return { kind: "none" };
    const flight = this.#flights.answer(nonce, errorDetail === undefined ? "ack" : "nack");
    if (flight === undefined) return { kind: "none" };
    if (errorDetail === undefined) {
      this.#pump.acknowledge(flight.load);
      return { kind: "acknowledged", nonce, waitedMs: nowMs - flight.sentAtMs };
    }
    const words = errorDetail.message ?? "";
    return { kind: "rejected", nonce, detail: keptWords(words), culprit: this.#pump.reject(flight.load, words) };
  }
}
