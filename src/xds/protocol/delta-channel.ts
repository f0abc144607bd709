/** The incremental variant of the protocol for one type of one stream: requests in, responses out, time an argument. */
import type { DeltaDiscoveryRequest } from "../../codec/generated/messages.ts";
import { bytesIn, deltaResponse } from "../content/wire.ts";
import type { Progress } from "../delivery/progress.ts";
import { Pump } from "../delivery/pump.ts";
import type { Turn } from "../delivery/turn.ts";
import { greeted } from "../type-urls.ts";
import type { Answer, Channel, ChannelParts, Response } from "./channel.ts";
import { Flights, windowOf } from "./flights.ts";
import { deltaChange } from "./subscription.ts";
import { takeAnswer } from "./take-answer.ts";

const EMPTY: Turn = { wholes: [], composed: undefined, removals: [], owed: true, upTo: 0 };

/**
 * - A request with a response_nonce answers that response; a stale nonce answers nothing, but its changes of subscription count.
 * - Resources named in initial_resource_versions, which only the first request may carry, are compared by version and not sent if equal.
 * - Who comes back and lacks nothing is sent an empty response of one type (see `greeted`).
 */
export class DeltaChannel implements Channel<DeltaDiscoveryRequest> {
  readonly type: string;
  readonly #parts: ChannelParts;
  readonly #pump: Pump;
  readonly #flights: Flights<Turn>;
  #first = true;
  #greets = false;
  #wildcard = false;

  constructor(parts: ChannelParts) {
    this.type = parts.type;
    this.#parts = parts;
    this.#pump = new Pump(parts);
    this.#flights = new Flights(parts.bounds.ackBoundMs, windowOf(parts.type));
  }

  get nextAt(): number | undefined {
    return this.#flights.isOpen(this.#pump.oneAtATime) ? this.#pump.nextAt : this.#flights.nextAt;
  }

  get progress(): Progress {
    return this.#pump.progress;
  }

  get quiet(): boolean {
    return this.#pump.quiet && !this.#greets;
  }

  get pending(): number {
    return this.#flights.size;
  }

  get oldestPendingAtMs(): number | undefined {
    return this.#flights.oldestAtMs;
  }

  request(request: DeltaDiscoveryRequest, nowMs: number): readonly Answer[] {
    const answer = takeAnswer(request, { flights: this.#flights, pump: this.#pump, nowMs });
    const answers = answer === undefined ? [] : [answer];
    const first = this.#first;
    this.#first = false;
    const { resourceNamesSubscribe: subscribe = [], resourceNamesUnsubscribe: unsubscribe = [] } = request;
    if (!first && subscribe.length + unsubscribe.length === 0) return answers; // most often
    const held = request.initialResourceVersions ?? {};
    if (first) this.#greets = greeted(this.type) && Object.keys(held).length > 0;
    if (first) this.#pump.begin(held);
    const change = deltaChange(this.#wildcard, { first, subscribe, unsubscribe });
    this.#wildcard = change.wildcard;
    this.#pump.subscribe(change.subscribe, first); // first, so that a name taken over from the wildcard is not forgotten
    this.#pump.setWildcard(change.wildcard);
    if (change.everything && !first) this.#pump.subscribeAll();
    this.#pump.unsubscribe(change.unsubscribe);
    return answers;
  }

  next(nowMs: number): Response | undefined {
    this.#flights.expire(nowMs);
    if (!this.#flights.isOpen(this.#pump.oneAtATime)) return undefined;
    const turn = this.#pump.next(nowMs) ?? this.#greeting;
    if (turn === undefined) return undefined;
    this.#greets = false;
    const nonce = this.#parts.nonce();
    for (const forgotten of this.#flights.open(nonce, turn, nowMs)) this.#pump.abandon(forgotten);
    const { frames, bundles } = this.#parts.store;
    const entries = turn.wholes.map((put) => frames.delta(put));
    if (turn.composed !== undefined) entries.push(frames.deltaOf(turn.composed.composition, turn.composed.name));
    const { type } = this;
    const pieces = deltaResponse({ type, nonce, removals: turn.removals }, bundles.of(entries));
    const [resources, removals] = [entries.length, turn.removals.length];
    return { type, nonce, resources, removals, pieces, bytes: bytesIn(pieces) };
  }

  /** For who came back and lacks nothing; before everything is known, nobody knows that. */
  get #greeting(): Turn | undefined {
    return this.#greets && this.#parts.store.complete ? EMPTY : undefined;
  }

  close(): void {
    this.#pump.close();
  }
}
