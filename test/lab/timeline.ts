/** Everything that was said in the laboratory, by time: what a failed request is laid beside. */
import type { Event } from "./event.ts";
import { wallMs } from "./wall-clock.ts";

export interface Said extends Event {
  readonly who: string;
}

/** Before and after a failed request. */
const AROUND_MS = 500;

export class Timeline {
  #said: Said[] = [];
  readonly #echo: ((said: Said) => void) | undefined;

  /** `echo` is told of everything at once. */
  constructor(echo?: (said: Said) => void) {
    this.#echo = echo;
  }

  add(who: string, { at, text }: Event): void {
    const said = { at, who, text };
    this.#said.push(said);
    this.#echo?.(said);
  }

  /** Something that happens now. */
  note(who: string, text: string): void {
    this.add(who, { at: wallMs(), text });
  }

  /** What has this in its text, since then. */
  matching(pattern: RegExp, since: number): readonly Said[] {
    return this.#said.filter(({ at, text }) => at >= since && pattern.test(text));
  }

  /** Keeps nothing that was said before. */
  forget(before: number): void {
    this.#said = this.#said.filter(({ at }) => at >= before);
  }

  /**
   * What was said around a stretch of time that names `name` or names no such thing at all, in order.
   * `kindred` matches all names of that kind.
   */
  around(from: number, to: number, name: string, kindred: RegExp): readonly Said[] {
    const named = new RegExp(`\\b${name}(?!\\d)`);
    return this.#said
      .filter(({ at, text }) => {
        if (at < from - AROUND_MS || at > to + AROUND_MS) return false;
        return named.test(text) || !kindred.test(text);
      })
      .toSorted((a, b) => a.at - b.at);
  }
}
