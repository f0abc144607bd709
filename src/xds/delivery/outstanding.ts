/** Slots that are to be sent to one proxy, and why. */
import { BitSet } from "../content/bit-set.ts";

/** Whoever is asked for, follows or passed is dirty too. What is rare takes no memory while there is none. */
export class Outstanding {
  /** To be looked at: the proxy may lack the newest content. */
  readonly dirty = new BitSet();
  #asked: BitSet | undefined; // to be answered: changed or not, there or not
  #following: BitSet | undefined; // to be sent behind their resource, changed or not
  #passed: BitSet | undefined; // waited long enough, or all is there; not sent yet

  ask(slot: number): void {
    this.#asked ??= new BitSet();
    this.#asked.add(slot);
    this.dirty.add(slot);
  }

  follow(slot: number): void {
    this.#following ??= new BitSet();
    this.#following.add(slot);
    this.dirty.add(slot);
  }

  pass(slot: number): void {
    this.#passed ??= new BitSet();
    this.#passed.add(slot);
    this.dirty.add(slot);
  }

  /** It was refused, perhaps for another's fault. What `waits` still waited as long as it had to before it was sent first. */
  again(slot: number, waits: boolean): void {
    if (waits) this.pass(slot);
    else this.dirty.add(slot);
  }

  get passedCount(): number {
    return this.#passed?.size ?? 0;
  }

  isPassed(slot: number): boolean {
    return this.#passed?.has(slot) ?? false;
  }

  /** The proxy waits for it, whether it changed or not. */
  isAwaited(slot: number): boolean {
    return this.isAsked(slot) || (this.#following?.has(slot) ?? false);
  }

  isAsked(slot: number): boolean {
    return this.#asked?.has(slot) ?? false;
  }

  /** True if it was asked for; it is not any more. */
  answer(slot: number): boolean {
    const asked = this.#asked?.delete(slot) ?? false;
    if (this.#asked?.size === 0) this.#asked = undefined;
    return asked;
  }

  /** There is no resource of it any more: nothing follows or passed, and who asked for it is answered that. */
  withdraw(slot: number): void {
    if (this.#asked?.has(slot)) this.dirty.add(slot);
    if (this.#following?.delete(slot) && this.#following.size === 0) this.#following = undefined;
    if (this.#passed?.delete(slot) && this.#passed.size === 0) this.#passed = undefined;
  }

  /** It was sent, or is not to be. */
  delete(slot: number): void {
    this.dirty.delete(slot);
    this.answer(slot);
    this.withdraw(slot);
  }
}
