/** How far the names of one type have come on one stream: for people, and for who wants to know of all proxies. */
import type { Resource } from "../../codec/resource.ts";
import type { BitSet } from "../content/bit-set.ts";
import type { DeliveryState, Rejection } from "../observer.ts";

/** What is asked of whoever sends a type, whichever variant of the protocol it is sent by. */
export interface Progress {
  counts(): Counts;
  /** Slots whose newest content the proxy is not known to have accepted: of the type, or (with `of`) of the parts of a composed resource. Shared: not to be written to. */
  lacking(of: string | undefined): BitSet;
  /** What the proxy refused and is still the newest. Costs nothing while it refused nothing. */
  rejections(): readonly Rejection[];
  /** Of a resource, or (with `of`) of a part of a composed one. */
  stateOf(name: string, of: string | undefined): DeliveryState;
  /** Every name the proxy wants. May be read in pieces while things change. */
  wanted(): Iterable<Wanted>;
}

/** Counts for people. */
export interface Counts {
  readonly wildcard: boolean;
  readonly subscribed: number;
  readonly withheld: number;
  readonly leaving: number;
  readonly rejected: readonly Rejection[];
}

/** One name that a proxy wants. */
export interface Wanted {
  readonly name: string;
  /** The newest; of a composed resource the composition sent last. Undefined where there is no such resource. */
  readonly content: Content | undefined;
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
