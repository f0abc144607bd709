/** What has been told of one proxy's rejections, so that the beginning and the end of each are told once. */
import { SparseMap } from "./content/sparse-map.ts";
import type { Rejection, RejectionEnd } from "./observer.ts";
import type { ResourceStore } from "./store.ts";

/** Who hears of it. */
export interface LedgerListener {
  rejected(rejection: Rejection): void;
  cleared(rejection: Rejection, because: RejectionEnd): void;
}

/** One per proxy, as long as that is connected. Costs nothing until the first rejection. */
export class RejectionLedger {
  readonly #store: ResourceStore;
  readonly #listener: LedgerListener;
  readonly #told = new SparseMap<string, Rejection>();
  #used = false;

  constructor(store: ResourceStore, listener: LedgerListener) {
    this.#store = store;
    this.#listener = listener;
  }

  /** The proxy rejected something once, so that `settle` has something to look at. */
  get used(): boolean {
    return this.#used;
  }

  /** The resource at fault was found. */
  add(rejection: Rejection): void {
    this.#used = true;
    const key = keyOf(rejection);
    if (this.#told.get(key)?.version === rejection.version) return;
    this.#end(key);
    this.#told.set(key, rejection);
    this.#listener.rejected(rejection);
  }

  /** `standing`: all that the proxy refused and is the newest now. To be called when the store or what the proxy wants changed. */
  settle(standing: Iterable<Rejection>): void {
    const left = new Map<string, Rejection>();
    for (const rejection of standing) left.set(keyOf(rejection), rejection);
    for (const [key, { version }] of this.#told) if (left.get(key)?.version !== version) this.#end(key);
    for (const rejection of left.values()) this.add(rejection);
  }

  /** The proxy is gone. */
  close(): void {
    for (const [, rejection] of this.#told) this.#listener.cleared(rejection, "left");
  }

  #end(key: string): void {
    const rejection = this.#told.get(key);
    if (rejection === undefined) return;
    this.#told.delete(key);
    const { type, name, of, version } = rejection;
    const newest = this.#store.get(type, name, of)?.version;
    this.#listener.cleared(
      rejection,
      newest === undefined ? "removed" : newest === version ? "unsubscribed" : "changed",
    );
  }
}

const keyOf = ({ type, name, of }: Rejection): string => `${type} ${of ?? ""} ${name}`;
