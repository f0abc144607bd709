/** Where requests come in: at the pace that their connection may ask at, weighed before they are decoded. */
import type { DeltaDiscoveryRequest, DiscoveryRequest } from "../codec/generated/messages.ts";
import { clipped } from "./clipped.ts";
import type { Connection } from "./connections.ts";
import type { Limits } from "./limits.ts";
import { OverLimit } from "./protocol/garbage.ts";
import type { Variant } from "./protocol/variant.ts";
import { type Weight, weightOf } from "./protocol/weight.ts";

/** A request of either variant. */
export type AnyRequest = DeltaDiscoveryRequest | DiscoveryRequest;

/** Reading pauses for no less than this, in ms: a timer for every request would cost more than the request. */
const LEAST_PAUSE_MS = 20;

/** Bytes of a response that was asked for which count as one request. */
const BYTES_EACH = 65_536;

/** Streams that a request wakes which count as one request. */
const STREAMS_EACH = 128;

/** What an intake works on. */
export interface IntakeParts<Request> {
  /** What is not read stays in the socket, at most one HTTP/2 window of it (65,535 bytes) on our side. */
  readonly call: { pause(): void; resume(): void };
  readonly variant: Pick<Variant<Request>, "nodeField" | "decode">;
  readonly connection: Connection;
  readonly limits: Limits;
  readonly clock: () => number;
}

/** Reads or not, for two reasons that do not know of each other: the server is not ready (`hold`), or the client is too fast. */
export class Intake<Request extends AnyRequest> {
  readonly #parts: IntakeParts<Request>;
  #held = false;
  #pause: NodeJS.Timeout | undefined;

  constructor(parts: IntakeParts<Request>) {
    this.#parts = parts;
  }

  /** Reads nothing until `release`. */
  hold(): void {
    this.#held = true;
    this.#parts.call.pause();
  }

  release(): void {
    this.#held = false;
    if (this.#pause === undefined) this.#parts.call.resume();
  }

  /** Takes a request in, and pauses behind it if it was one too many for now. */
  weigh(bytes: Buffer): Weight {
    const weight = weightOf(bytes, this.#parts.variant.nodeField);
    const waitMs = this.#parts.connection.allowance.take(weight.work, this.#parts.clock());
    if (waitMs >= LEAST_PAUSE_MS) this.#pauseFor(waitMs);
    return weight;
  }

  /** Throws DecodeError and OverLimit. */
  decode(bytes: Buffer, { nodeBytes, fields }: Weight): Request {
    const { limits, variant } = this.#parts;
    if (nodeBytes > limits.nodeBytes)
      throw new OverLimit("nodeBytes", `node: has ${nodeBytes} bytes, more than ${limits.nodeBytes}`);
    if (fields > limits.namesPerRequest)
      throw new OverLimit("namesPerRequest", `a request with more than ${limits.namesPerRequest} names`);
    const request = variant.decode(bytes);
    const { errorDetail } = request;
    if (errorDetail?.message === undefined) return request;
    return { ...request, errorDetail: { message: clipped(errorDetail.message, limits.detailBytes) } };
  }

  /** A response that the client asked for costs it as asking does. */
  answered(bytes: number): void {
    this.#parts.connection.allowance.take(bytes / BYTES_EACH, this.#parts.clock());
  }

  /** So does waking other streams of its. */
  woke(streams: number): void {
    this.#parts.connection.allowance.take(streams / STREAMS_EACH, this.#parts.clock());
  }

  close(): void {
    clearTimeout(this.#pause);
  }

  #pauseFor(ms: number): void {
    if (this.#pause !== undefined) return;
    const { connection, limits } = this.#parts;
    const most = limits.requestsPerSecond;
    connection.limited("requestsPerSecond", `asks for more than ${most} requests a second and is read more slowly`);
    this.#parts.call.pause();
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (!this.#held) this.#parts.call.resume();
    }, ms).unref();
  }
}
