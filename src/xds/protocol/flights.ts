/** Responses that wait for the proxy's answer. */
import type { TypeUrl } from "../../codec/resource.ts";
import { ASSIGNMENT } from "../type-urls.ts";

/** States of a response. `gone` is final: its nonce means nothing any more. */
export type FlightState = "sent" | "overdue" | "gone";
export type FlightEvent = "ack" | "nack" | "expire" | "supersede";

/**
 * One response of one type on one stream.
 * - `sent`: unanswered. Left by `ack` and `nack` (the proxy), `expire` (the clock, ackBoundMs). While one is sent, a type that takes one at a time waits.
 * - `overdue`: still unanswered, and nobody waits for it; a late answer counts. Left by `ack`, `nack`, `supersede` (as many newer ones as are remembered).
 * - `gone`: answered or superseded. An answer to it is stale: ignored, but for the subscription it may carry.
 */
// biome-ignore format: a table is read by its columns
export const NEXT: Readonly<Record<FlightState, Readonly<Record<FlightEvent, FlightState | "ignored" | "bug">>>> = {
  sent:    { ack: "gone",    nack: "gone",    expire: "overdue", supersede: "bug" },
  overdue: { ack: "gone",    nack: "gone",    expire: "ignored", supersede: "gone" },
  gone:    { ack: "ignored", nack: "ignored", expire: "ignored", supersede: "ignored" },
};

/** How many responses of one type may be unanswered on one stream: a proxy that reads but does not answer costs no more memory than this. */
const WINDOW = 8;

/** The same of assignments. A move depends on no other, and a host gives notice of 45 ms: with eight, it waited for the answer of a proxy that is farther away. */
const WINDOW_OF_MOVES = 256;

/** How many responses of this type may be unanswered on one stream. */
export function windowOf(type: TypeUrl): number {
  return type === ASSIGNMENT ? WINDOW_OF_MOVES : WINDOW;
}

interface Flight<Load> {
  readonly nonce: string;
  readonly load: Load;
  readonly sentAtMs: number;
  state: FlightState;
}

/** The unanswered responses of one type on one stream, oldest first. */
export class Flights<Load> {
  readonly #boundMs: number;
  readonly #window: number;
  #flights: Flight<Load>[] = [];

  constructor(boundMs: number, window: number) {
    this.#boundMs = boundMs;
    this.#window = window;
  }

  get size(): number {
    return this.#flights.length;
  }

  /** When the oldest was sent. */
  get oldestAtMs(): number | undefined {
    return this.#flights[0]?.sentAtMs;
  }

  /** When the next becomes overdue; undefined when none will. */
  get nextAt(): number | undefined {
    const waiting = this.#flights.find((flight) => flight.state === "sent");
    return waiting === undefined ? undefined : waiting.sentAtMs + this.#boundMs;
  }

  /** Whether another may be sent, as of the last `expire`. */
  isOpen(oneAtATime: boolean): boolean {
    let waiting = 0;
    for (const flight of this.#flights) if (flight.state === "sent") waiting += 1;
    return waiting < (oneAtATime ? 1 : this.#window);
  }

  /** Waits no longer for what has been unanswered for the bound. */
  expire(nowMs: number): void {
    for (const flight of this.#flights) if (nowMs >= flight.sentAtMs + this.#boundMs) this.#move(flight, "expire");
  }

  /** Returns what is given up on to remember the new one. */
  open(nonce: string, load: Load, nowMs: number): readonly Load[] {
    this.#flights.push({ nonce, load, sentAtMs: nowMs, state: "sent" });
    const old = this.#flights.slice(0, Math.max(0, this.#flights.length - this.#window));
    for (const flight of old) this.#move(flight, "supersede");
    this.#flights = this.#flights.slice(old.length);
    return old.map((flight) => flight.load);
  }

  /** What was sent before this one and is unanswered; none if the nonce is stale. */
  before(nonce: string): readonly { readonly nonce: string; readonly load: Load }[] {
    const at = this.#flights.findIndex((one) => one.nonce === nonce);
    return this.#flights.slice(0, Math.max(0, at));
  }

  /** What is unanswered. */
  *loads(): Iterable<Load> {
    for (const { load } of this.#flights) yield load;
  }

  /** The answered response; undefined if the nonce is stale. */
  answer(nonce: string, event: "ack" | "nack"): { readonly load: Load; readonly sentAtMs: number } | undefined {
    const flight = this.#flights.find((one) => one.nonce === nonce);
    if (flight === undefined) return undefined;
    this.#move(flight, event);
    this.#flights = this.#flights.filter((one) => one !== flight);
    return flight;
  }

  #move(flight: Flight<Load>, event: FlightEvent): void {
    const next = NEXT[flight.state][event];
    if (next === "bug") throw new Error(`${event} of a response that is ${flight.state}`);
    if (next !== "ignored") flight.state = next;
  }
}
