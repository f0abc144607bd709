/** One response's worth of resources, as decided by a pump and before it becomes bytes. */
import type { Resource } from "../../codec/resource.ts";
import type { Composition } from "../content/composition.ts";
import type { Put } from "../content/frames.ts";

/** A whole resource to be sent, and its slot. */
export interface WholePut extends Put {
  readonly slot: number;
}

const sharedPuts = new WeakMap<Resource, WholePut>();

/** One object for all streams, unless it is reworded: a thousand proxies that connect would keep thousands each until they acknowledge. */
export function wholePut(slot: number, resource: Resource, reworded: Uint8Array | undefined): WholePut {
  const known = sharedPuts.get(resource);
  if (reworded === undefined && known?.slot === slot) return known;
  const put = { slot, resource, reworded };
  if (reworded === undefined) sharedPuts.set(resource, put);
  return put;
}

/** A composed resource to be sent. */
export interface ComposedPut {
  readonly slot: number;
  readonly name: string;
  readonly composition: Composition;
}

/** What goes out together and is answered together: whole resources and removals, or one composed resource. */
export interface Turn {
  readonly wholes: readonly WholePut[];
  readonly composed: ComposedPut | undefined;
  /** Names that are not, or not any more. Over state of the world they are simply missing. */
  readonly removals: readonly string[];
  /** The proxy waits for an answer, even an empty one. */
  readonly owed: boolean;
  /** Position up to which the proxy is settled once this is acknowledged. */
  readonly upTo: number;
}
