/** Encoded entries of responses, each made once and shared by every stream that sends it. */
import type { Resource } from "../../codec/resource.ts";
import type { Composition } from "./composition.ts";
import { deltaEntry, sotwEntry } from "./wire.ts";

/** Large bodies kept ready: streams are at most a few compositions apart, and one of 5,000 virtual hosts takes 1.5 MB. */
const KEPT_COMPOSITIONS = 4;

/** A whole resource to be sent. */
export interface Put {
  readonly resource: Resource;
  /** Sent instead of the resource's bytes. */
  readonly reworded: Uint8Array | undefined;
}

/** A resource's frame lives as long as the resource; a composition's until others are in more demand. */
export class Frames {
  readonly #delta = new WeakMap<Resource, Buffer>();
  readonly #sotw = new WeakMap<Resource, Buffer>();
  readonly #composed = new Map<string, { readonly of: Composition; readonly frame: Buffer }>();
  #encoded = 0;

  /** Frames made so far: with 500 streams, one change adds one. */
  get encoded(): number {
    return this.#encoded;
  }

  /** The delta entry of a whole resource. */
  delta({ resource, reworded }: Put): Buffer {
    if (reworded !== undefined) return deltaEntry(resource, [reworded]); // for one proxy only
    return this.#once(this.#delta, resource, () => deltaEntry(resource, [resource.bytes]));
  }

  /** The state-of-the-world entry of a whole resource. */
  sotw({ resource, reworded }: Put): Buffer {
    if (reworded !== undefined) return sotwEntry(resource.type, [reworded]);
    return this.#once(this.#sotw, resource, () => sotwEntry(resource.type, [resource.bytes]));
  }

  /** The delta entry of a composed resource. */
  deltaOf(composition: Composition, name: string): Buffer {
    const { type, version } = composition;
    return this.#kept(`delta ${name}`, composition, () => deltaEntry({ name, type, version }, composition.pieces()));
  }

  /** The state-of-the-world entry of a composed resource. */
  sotwOf(composition: Composition, name: string): Buffer {
    return this.#kept(`sotw ${name}`, composition, () => sotwEntry(composition.type, composition.pieces()));
  }

  #once(kept: WeakMap<Resource, Buffer>, resource: Resource, make: () => Buffer): Buffer {
    const known = kept.get(resource);
    if (known !== undefined) return known;
    const made = make();
    this.#encoded += 1;
    kept.set(resource, made);
    return made;
  }

  #kept(use: string, composition: Composition, make: () => Buffer): Buffer {
    const key = `${use} ${composition.type} ${composition.version}`;
    const known = this.#composed.get(key);
    if (known !== undefined) return known.frame;
    const frame = make();
    this.#encoded += 1;
    this.#composed.set(key, { of: composition, frame });
    for (const oldest of this.#composed.keys()) {
      if (this.#composed.size <= KEPT_COMPOSITIONS) break;
      this.#composed.delete(oldest);
    }
    return frame;
  }
}
