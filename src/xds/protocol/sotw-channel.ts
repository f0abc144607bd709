/** State of the world for one type of one stream: requests in, responses out, time an argument. */
import type { DiscoveryRequest } from "../../codec/generated/messages.ts";
import { bytesIn, sotwResponse } from "../content/wire.ts";
import type { Doubt } from "../delivery/doubts.ts";
import { ListPump } from "../delivery/list-pump.ts";
import { PiecemealPump } from "../delivery/piecemeal-pump.ts";
import type { Progress } from "../delivery/progress.ts";
import type { SotwPump, SotwTurn } from "../delivery/sotw-pump.ts";
import { greeted, wholeState } from "../type-urls.ts";
import type { Answer, Channel, ChannelParts, Response } from "./channel.ts";
import { Flights } from "./flights.ts";
import { sotwWanted } from "./subscription.ts";
import { takeAnswer } from "./take-answer.ts";

/**
 * - One response is unanswered at a time: its nonce stands for all that the proxy has of the type.
 * - A request whose response_nonce is not the newest is stale: the proxy will answer the newest, naming again what it wants. It counts as an answer to
 *   the older response, if nobody waited for that any more.
 * - A version promises what the proxy was sent. Of what it gave up since, nothing: it is not believed that version when it comes back (see Doubts).
 */
export class SotwChannel implements Channel<DiscoveryRequest> {
  readonly type: string;
  readonly #parts: ChannelParts;
  readonly #pump: SotwPump;
  readonly #flights: Flights<SotwTurn>;
  #first = true;
  #everNamed = false;
  #newest = { nonce: "", version: "" };
  #crossed = false; // a request crossed the newest response: it may have given up what that brings
  #doubtful = ""; // the version that the proxy tells though it gave something up since it had that

  constructor(parts: ChannelParts) {
    this.type = parts.type;
    this.#parts = parts;
    this.#pump = wholeState(parts.type) ? new ListPump(parts) : new PiecemealPump(parts);
    this.#flights = new Flights(parts.bounds.ackBoundMs);
  }

  get nextAt(): number | undefined {
    return this.#flights.isOpen(true) ? this.#pump.nextAt : this.#flights.nextAt;
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

  request(request: DiscoveryRequest, nowMs: number): Answer {
    const { resourceNames = [], responseNonce = "", versionInfo = "" } = request;
    const answer = takeAnswer(request, { flights: this.#flights, pump: this.#pump, nowMs });
    if (this.#newest.nonce !== "" && responseNonce !== this.#newest.nonce) {
      this.#crossed = true;
      return answer;
    }
    this.#crossed = false;
    if (answer.kind === "acknowledged") this.#doubtful = "";
    const { everNamed, ...wanted } = sotwWanted(this.#everNamed, resourceNames);
    this.#everNamed = everNamed;
    if (this.#pump.want(wanted, this.#first ? this.#reported(versionInfo) : undefined)) this.#doubtful = versionInfo;
    this.#first = false;
    return answer;
  }

  next(nowMs: number): Response | undefined {
    this.#flights.expire(nowMs);
    if (!this.#flights.isOpen(true)) return undefined;
    const turn = this.#pump.next(nowMs);
    if (turn === undefined) return undefined;
    const nonce = this.#parts.nonce();
    this.#newest = { nonce, version: turn.version };
    this.#crossed = false;
    for (const forgotten of this.#flights.open(nonce, turn, nowMs)) this.#pump.abandon(forgotten);
    const { type } = this;
    const pieces = sotwResponse({ type, nonce, version: turn.version }, this.#parts.store.bundles.of(turn.entries));
    return { type, nonce, resources: turn.entries.length, removals: 0, pieces, bytes: bytesIn(pieces) };
  }

  close(): void {
    this.#pump.close();
    if (this.#doubtful !== "") this.#parts.store.doubts.add(this.#doubt(this.#doubtful));
    if (this.#crossed) this.#parts.store.doubts.add(this.#doubt(this.#newest.version));
  }

  /** What the first request tells of what the proxy has: its version, "" if that is not to be believed or it is to be answered in any case, undefined for nothing. */
  #reported(versionInfo: string): string | undefined {
    if (versionInfo === "") return undefined;
    if (greeted(this.type)) return "";
    if (!this.#parts.store.doubts.has(this.#doubt(versionInfo))) return versionInfo;
    this.#doubtful = versionInfo;
    return "";
  }

  #doubt(version: string): Doubt {
    return { proxy: this.#parts.gate.proxy, type: this.type, version };
  }
}
