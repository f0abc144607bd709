/** Versions of state of the world that proxies may come back with though they do not have all that those stand for. */
import type { TypeUrl } from "../../codec/resource.ts";
import { hashOf } from "../../codec/version.ts";

/** So many are remembered, the newest: each costs one proxy one response that it could have done without, at the most. */
const REMEMBERED = 1_024;

/** Whose version of which type. `proxy` is what the proxy calls itself: others of that name are doubted too, which costs them no more. */
export interface Doubt {
  readonly proxy: string;
  readonly type: TypeUrl;
  readonly version: string;
}

/**
 * A client that gives up a name goes on telling the version that had it, and with the name asked for again this is what it would be sent: if the answer is lost,
 * it seems to have everything. So who gave something up is not believed that version on its next stream.
 */
export class Doubts {
  readonly #keys = new Set<string>();

  add(doubt: Doubt): void {
    const key = keyOf(doubt);
    this.#keys.delete(key);
    this.#keys.add(key);
    for (const oldest of this.#keys) {
      if (this.#keys.size <= REMEMBERED) break;
      this.#keys.delete(oldest);
    }
  }

  has(doubt: Doubt): boolean {
    return this.#keys.size > 0 && this.#keys.has(keyOf(doubt));
  }
}

const keyOf = ({ proxy, type, version }: Doubt): string => hashOf([proxy, type, version]);
