/** What one proxy refused of one type, and who is under suspicion meanwhile. */
import type { Resource, TypeUrl } from "../../codec/resource.ts";
import type { Shelf } from "../content/shelf.ts";
import { SparseMap } from "../content/sparse-map.ts";
import type { Rejection } from "../observer.ts";
import type { Reword } from "./reword.ts";
import { Suspects } from "./suspects.ts";
import type { Turn } from "./turn.ts";

/** A refused version is not sent again for as long as it is the newest, though others come and go between. */
export class Refusals {
  readonly #type: TypeUrl;
  readonly #shelf: Shelf;
  readonly #reword: Reword | undefined;
  readonly #rejected = new SparseMap<number, Rejection>();
  readonly #suspects = new Suspects<number>();
  #turn: Turn | undefined; // the turn that holds the group under suspicion
  #attempt = 0; // responses of this type that were refused

  constructor(type: TypeUrl, shelf: Shelf, reword: Reword | undefined) {
    this.#type = type;
    this.#shelf = shelf;
    this.#reword = reword;
  }

  /** Somebody is under suspicion: groups are sent one at a time. */
  get searching(): boolean {
    return this.#suspects.active;
  }

  /** Some clients do not apply, though they accept it, what was in a refused response, unless it comes in other bytes. */
  reworded(resource: Resource): Uint8Array | undefined {
    return this.#attempt === 0 || resource.kind !== "whole" ? undefined : this.#reword?.(resource, this.#attempt);
  }

  /** The newest content is one that the proxy refused. */
  isRejected(slot: number): boolean {
    const rejected = this.#rejected.get(slot);
    return rejected !== undefined && rejected.version === this.#shelf.at(slot)?.version;
  }

  /** Whether any content of it was refused. */
  hasRejected(slot: number): boolean {
    return this.#rejected.has(slot);
  }

  /** The group under suspicion, as far as it is still of interest; undefined when the search is over. */
  group(interesting: (slot: number) => boolean): readonly number[] | undefined {
    while (this.#suspects.active) {
      const group = this.#suspects.current.filter(interesting);
      if (group.length > 0) return group;
      this.#suspects.clear();
    }
    return undefined;
  }

  opened(turn: Turn): void {
    if (this.#suspects.active) this.#turn = turn;
  }

  acknowledged(turn: Turn): void {
    if (this.#turn === turn) this.#suspects.clear();
  }

  /** The slots were refused together. Gives the one at fault if it is found. */
  refuse(
    turn: Turn,
    slots: readonly number[],
    detail: string,
  ): { readonly slot: number; readonly rejection: Rejection } | undefined {
    this.#attempt += 1;
    const slot = this.#suspects.refuse(slots);
    const put = turn.wholes.find((one) => one.slot === slot);
    if (slot === undefined || put === undefined) return undefined;
    const rejection = rejectionOf(put.resource, this.#type, detail);
    this.#rejected.set(slot, rejection);
    return { slot, rejection };
  }

  forget(slot: number): void {
    this.#rejected.delete(slot);
  }

  /** What was refused and is still the newest. */
  list(): readonly Rejection[] {
    return [...this.#rejected].filter(([slot]) => this.isRejected(slot)).map(([, rejection]) => rejection);
  }
}

function rejectionOf({ name, version, subject }: Resource, type: TypeUrl, detail: string): Rejection {
  return { type, name, of: undefined, version, subject, detail };
}
