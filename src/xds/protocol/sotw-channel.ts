/** State of the world for one type of one stream: requests in, responses out, time an argument. */
import type { DiscoveryRequest } from "../../codec/generated/messages.ts";
import { bytesIn, sotwResponse } from "../content/wire.ts";
import type { Doubt } from "../delivery/doubts.ts";
import { ListPump } from "../delivery/list-pump.ts";
import { PiecemealPump } from "../delivery/piecemeal-pump.ts";
import type { Progress } from "../delivery/progress.ts";
import type { SotwPump, SotwTurn } from "../delivery/sotw-pump.ts";
import type { Rejection } from "../observer.ts";
import { greeted, wholeState } from "../type-urls.ts";
import type { Answer, Channel, ChannelParts, Response } from "./channel.ts";
import { Flights, windowOf } from "./flights.ts";
import { sotwWanted } from "./subscription.ts";
import { takeAnswer } from "./take-answer.ts";

/** A turn that was sent, and its place in the order of sending. */
interface Sent {
  readonly turn: SotwTurn;
  readonly number: number;
}

/**
 * - Of a complete list, and of a composed resource, one response is unanswered at a time. Of the rest others are sent ahead: a move does not wait for the answer to another.
 * - Names count whatever the nonce: requests arrive in the order in which they were sent, each with all names, and a client that is sent things ahead hardly ever tells the
 *   newest nonce. The protocol wants stale requests left unanswered, lest something is sent twice; here a name that is new is answered once, and one that was given up is forgotten.
 * - A client answers in the order of responses, and an answer stands for those before it that have none: an acknowledgement for all, as its version is the sum of them, a refusal
 *   for those up to the version that it tells. (An Envoy whose requests are limited in rate sends several answers as one.)
 * - A version promises what the proxy was sent. Of what it gave up or refused since, nothing: it is not believed that version when it comes back (see Doubts).
 */
export class SotwChannel implements Channel<DiscoveryRequest> {
  readonly type: string;
  readonly #parts: ChannelParts;
  readonly #pump: SotwPump;
  readonly #flights: Flights<Sent>;
  #first = true;
  #everNamed = false;
  #sent = 0; // the number of the newest
  #doubtfulTo = 0; // responses up to this number were under way when something was given up or refused
  #doubtful = ""; // the version that the proxy tells though it gave something up since it had that

  constructor(parts: ChannelParts) {
    this.type = parts.type;
    this.#parts = parts;
    this.#pump = wholeState(parts.type) ? new ListPump(parts) : new PiecemealPump(parts);
    this.#flights = new Flights(parts.bounds.ackBoundMs, windowOf(parts.type));
  }

  get nextAt(): number | undefined {
    return this.#flights.isOpen(this.#pump.oneAtATime) ? this.#pump.nextAt : this.#flights.nextAt;
  }

  get progress(): Progress {
    return this.#pump.progress;
  }

  get quiet(): boolean {
    return false;
  }

  get pending(): number {
    return this.#flights.size;
  }

  get oldestPendingAtMs(): number | undefined {
    return this.#flights.oldestAtMs;
  }

  request(request: DiscoveryRequest, nowMs: number): readonly Answer[] {
    const { resourceNames = [], versionInfo = "" } = request;
    const answers = this.#takeAnswers(request, nowMs);
    const { everNamed, ...wanted } = sotwWanted(this.#everNamed, resourceNames);
    this.#everNamed = everNamed;
    if (this.#pump.want(wanted, this.#first ? this.#reported(versionInfo) : undefined)) {
      this.#doubtful = versionInfo;
      this.#doubtfulTo = this.#sent + this.#pump.held;
    }
    this.#first = false;
    return answers;
  }

  /** A refusal tells the version that the client goes on with: that of the last response it accepted. */
  #takeAnswers({ versionInfo = "", responseNonce = "", errorDetail }: DiscoveryRequest, nowMs: number): Answer[] {
    const before = this.#flights.before(responseNonce);
    const refused = errorDetail !== undefined;
    const implied = refused ? before.findLastIndex(({ load }) => load.turn.version === versionInfo) + 1 : before.length;
    const taking = { flights: this.#flights, pump: this, nowMs };
    const all = [
      ...before.slice(0, implied).map(({ nonce }) => ({ responseNonce: nonce })),
      { responseNonce, errorDetail },
    ];
    return all.flatMap((one) => takeAnswer(one, taking) ?? []);
  }

  /** For takeAnswer: the proxy has it, and tells its version from now on. */
  acknowledge({ turn, number }: Sent): void {
    this.#doubtful = number > this.#doubtfulTo ? "" : turn.version;
    this.#pump.acknowledge(turn);
  }

  /** For takeAnswer: it goes on with what it had. */
  reject({ turn }: Sent, words: string): Rejection | undefined {
    this.#doubtfulTo = this.#sent + this.#pump.held; // their versions promise what was refused
    return this.#pump.reject(turn, words);
  }

  next(nowMs: number): Response | undefined {
    this.#flights.expire(nowMs);
    if (!this.#flights.isOpen(this.#pump.oneAtATime)) return undefined;
    const turn = this.#pump.next(nowMs);
    if (turn === undefined) return undefined;
    const nonce = this.#parts.nonce();
    this.#sent += 1;
    for (const forgotten of this.#flights.open(nonce, { turn, number: this.#sent }, nowMs)) this.#abandon(forgotten);
    const { type } = this;
    const pieces = sotwResponse({ type, nonce, version: turn.version }, this.#parts.store.bundles.of(turn.entries));
    return { type, nonce, resources: turn.entries.length, removals: 0, pieces, bytes: bytesIn(pieces) };
  }

  close(): void {
    this.#pump.close();
    if (this.#doubtful !== "") this.#doubt(this.#doubtful);
    for (const sent of this.#flights.loads()) this.#doubtIfGivenUp(sent);
  }

  #abandon(sent: Sent): void {
    this.#doubtIfGivenUp(sent);
    this.#pump.abandon(sent.turn);
  }

  /** What the first request tells of what the proxy has: its version, "" if that is not to be believed or it is to be answered in any case, undefined for nothing. */
  #reported(versionInfo: string): string | undefined {
    if (versionInfo === "") return undefined;
    if (greeted(this.type)) return "";
    if (!this.#parts.store.doubts.has(this.#doubtOf(versionInfo))) return versionInfo;
    this.#doubtful = versionInfo;
    return "";
  }

  /** The proxy may have taken it since, and come back with its version. */
  #doubtIfGivenUp({ turn, number }: Sent): void {
    if (number <= this.#doubtfulTo) this.#doubt(turn.version);
  }

  #doubt(version: string): void {
    this.#parts.store.doubts.add(this.#doubtOf(version));
  }

  #doubtOf(version: string): Doubt {
    return { proxy: this.#parts.gate.proxy, type: this.type, version };
  }
}
