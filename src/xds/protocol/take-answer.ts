/** The part of a request that answers an earlier response, which both variants of the protocol have alike. */
import { keptWords } from "../delivery/words.ts";
import type { Rejection } from "../observer.ts";
import type { Answer } from "./channel.ts";
import type { Flights } from "./flights.ts";

/** Of a request of either variant. */
interface Answering {
  readonly responseNonce?: string | undefined;
  readonly errorDetail?: { readonly message?: string | undefined } | undefined;
}

/** Who sent what is answered. */
interface Sender<Load> {
  acknowledge(load: Load): void;
  reject(load: Load, words: string): Rejection | undefined;
}

/** Tells the sender. A nonce that no unanswered response has answers nothing; error_detail tells a rejection, whatever the version says. */
export function takeAnswer<Load>(
  { responseNonce: nonce = "", errorDetail }: Answering,
  { flights, pump, nowMs }: { readonly flights: Flights<Load>; readonly pump: Sender<Load>; readonly nowMs: number },
): Answer | undefined {
  if (nonce === "") return undefined;
  const flight = flights.answer(nonce, errorDetail === undefined ? "ack" : "nack");
  if (flight === undefined) return undefined;
  if (errorDetail === undefined) {
    pump.acknowledge(flight.load);
    return { kind: "acknowledged", nonce, waitedMs: nowMs - flight.sentAtMs };
  }
  const words = errorDetail.message ?? "";
  return { kind: "rejected", nonce, detail: keptWords(words), culprit: pump.reject(flight.load, words) };
}
