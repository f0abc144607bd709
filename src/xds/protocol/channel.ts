/** One type on one stream, whichever variant of the protocol: what the stream, the proxy and people need of it. */
import type { Resource, TypeUrl } from "../../codec/resource.ts";
import type { BitSet } from "../content/bit-set.ts";
import type { Gate } from "../delivery/gate.ts";
import type { Bounds } from "../delivery/leaving.ts";
import type { Reword } from "../delivery/reword.ts";
import type { DeliveryState, Rejection } from "../observer.ts";
import type { Quota } from "../quota.ts";
import type { ResourceStore } from "../store.ts";

/** What decides over one type at one proxy. */
export interface PumpParts {
  readonly store: ResourceStore;
  readonly gate: Gate;
  readonly bounds: Bounds;
  readonly type: TypeUrl;
  readonly reword: Reword | undefined;
  /** Names that no resource has, over all of the client's streams. */
  readonly names: Quota;
}

/** What a channel works on. `nonce` gives a new one, unique on its stream. */
export interface ChannelParts extends PumpParts {
  readonly nonce: () => string;
}

/** Counts for people. */
export interface ChannelCounts {
  readonly wildcard: boolean;
  readonly subscribed: number;
  readonly withheld: number;
  readonly leaving: number;
  readonly rejected: readonly Rejection[];
}

/** What there is of a resource. */
export interface Content {
  readonly version: string;
  /** The body, to be concatenated. */
  pieces(): readonly Uint8Array[];
}

/** The content of a resource that is sent as it is. */
export function contentOf({ version, bytes }: Resource): Content {
  return { version, pieces: () => [bytes] };
}

/** One name that a proxy wants. */
export interface Wanted {
  readonly name: string;
  /** The newest; of a composed resource the composition sent last. Undefined where there is no such resource. */
  readonly content: Content | undefined;
}

/** A response, ready for the socket. */
export interface Response {
  readonly type: TypeUrl;
  readonly nonce: string;
  readonly resources: number;
  readonly removals: number;
  /** The message, to be concatenated. Pieces are shared by streams; putting them together here would make megabytes of garbage per proxy that connects. */
  readonly pieces: readonly Uint8Array[];
  /** Their length together. */
  readonly bytes: number;
}

/** What a request said about an earlier response, if anything. */
export type Answer =
  | { readonly kind: "none" }
  | { readonly kind: "acknowledged"; readonly nonce: string; readonly waitedMs: number }
  | {
      readonly kind: "rejected";
      readonly nonce: string;
      readonly detail: string;
      readonly culprit: Rejection | undefined;
    };

/** One type on one stream. `Request` is the decoded message of the protocol's variant. */
export interface Channel<Request> {
  readonly type: TypeUrl;
  /** Takes a request in; whatever it asks for comes out of `next`. */
  request(request: Request, nowMs: number): Answer;
  /** The next response, if one is to be sent now. What is given counts as sent. */
  next(nowMs: number): Response | undefined;
  /** When `next` may have something though nothing happens. */
  readonly nextAt: number | undefined;
  /** `next` would give nothing, and will not before something happens. False if that is not known without asking it. */
  readonly quiet: boolean;
  readonly pending: number;
  readonly oldestPendingAtMs: number | undefined;
  counts(): ChannelCounts;
  /** Slots whose newest content the proxy is not known to have accepted: of the type, or (with `of`) of the parts of a composed resource. Shared: not to be written to. */
  lacking(of: string | undefined): BitSet;
  /** What the proxy refused and is still the newest. Costs nothing while it refused nothing. */
  rejections(): readonly Rejection[];
  stateOf(name: string, of: string | undefined): DeliveryState;
  /** Every name the proxy wants. May be read in pieces while things change. */
  wanted(): Iterable<Wanted>;
  close(): void;
}
