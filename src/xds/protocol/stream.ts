/** One gRPC stream of a proxy: its types, and whose turn it is. Time is an argument, bytes go in and come out elsewhere. */
import type { TypeUrl } from "../../codec/resource.ts";
import type { Gate } from "../delivery/gate.ts";
import { least } from "../delivery/leaving.ts";
import { rankOf } from "../type-urls.ts";
import type { Answer, Channel, Response } from "./channel.ts";
import { Garbage, OverLimit } from "./garbage.ts";

/** Longer than any type's: it is remembered while the stream lasts, and told in errors. */
const MAX_TYPE_URL = 256;

/** What the two variants of a request have in common. */
interface Typed {
  readonly typeUrl?: string | undefined;
}

/** What a stream works on. */
export interface StreamParts<Request extends Typed> {
  readonly gate: Gate;
  /** The only type of a separate stream; undefined on an aggregated one. */
  readonly onlyType: TypeUrl | undefined;
  /** Types it may have. */
  readonly maxTypes: number;
  readonly channel: (type: TypeUrl) => Channel<Request>;
}

/**
 * Channels take turns in the protocol's order of types, so a resource's companion (an assignment) goes out right behind it (its cluster).
 */
export class Stream<Request extends Typed> {
  readonly #parts: StreamParts<Request>;
  #channels: Channel<Request>[] = []; // in the order of their turns
  #turn = 0; // whose turn it is

  constructor(parts: StreamParts<Request>) {
    this.#parts = parts;
  }

  get channels(): readonly Channel<Request>[] {
    return this.#channels;
  }

  get onlyType(): TypeUrl | undefined {
    return this.#parts.onlyType;
  }

  /** When `next` may have something though nothing happens. */
  get nextAt(): number | undefined {
    let at: number | undefined;
    for (const channel of this.#channels) at = least(at, channel.nextAt);
    return at;
  }

  /** `next` would give nothing, and will not before something happens. */
  get quiet(): boolean {
    for (const channel of this.#channels) if (!channel.quiet) return false;
    return true;
  }

  /** Throws Garbage. */
  request(request: Request, nowMs: number): { readonly type: TypeUrl; readonly answers: readonly Answer[] } {
    const type = this.#typeOf(request);
    const channel = this.#channels.find((one) => one.type === type) ?? this.#open(type);
    return { type, answers: channel.request(request, nowMs) };
  }

  /** The next response, of whichever type has one. */
  next(nowMs: number): Response | undefined {
    for (;;) {
      const settledAt = this.#parts.gate.settledAt();
      for (let tried = 0; tried < this.#channels.length; tried++) {
        const channel = this.#channels[this.#turn];
        this.#turn = (this.#turn + 1) % this.#channels.length;
        const response = channel?.next(nowMs);
        if (response !== undefined) return response;
      }
      // A type that found itself up to date may have set free the removal of a cluster, whose turn was before.
      if (this.#parts.gate.settledAt() === settledAt) return undefined;
    }
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
  }

  #typeOf({ typeUrl = "" }: Request): TypeUrl {
    const { onlyType } = this.#parts;
    if (typeUrl.length > MAX_TYPE_URL) throw new Garbage(`type_url: is longer than ${MAX_TYPE_URL} characters`);
    if (onlyType === undefined) {
      if (typeUrl === "") throw new Garbage("type_url: is empty on an aggregated stream");
      return typeUrl;
    }
    if (typeUrl !== "" && typeUrl !== onlyType)
      throw new Garbage(`type_url: is ${JSON.stringify(typeUrl)} on a stream of ${onlyType}`);
    return onlyType;
  }

  #open(type: TypeUrl): Channel<Request> {
    const { maxTypes } = this.#parts;
    if (this.#channels.length >= maxTypes)
      throw new OverLimit("typesPerStream", `type_url: more than ${maxTypes} types on one stream`);
    const channel = this.#parts.channel(type);
    this.#channels = [...this.#channels, channel].sort((a, b) => rankOf(a.type) - rankOf(b.type));
    this.#turn = 0;
    return channel;
  }
}
