/** What state of the world sends next of one type, whole lists (list-pump.ts) or piece by piece (piecemeal-pump.ts). */
import type { Rejection } from "../observer.ts";
import type { Progress } from "./progress.ts";

/** What the channel needs of either. */
export interface SotwPump<T extends SotwTurn = SotwTurn> {
  readonly nextAt: number | undefined;
  /** Nothing may be sent while a response is unanswered. */
  readonly oneAtATime: boolean;
  /** Turns that are made, and given by the next calls of `next` whatever happens: their versions are of now. */
  readonly held: number;
  /**
   * Wants exactly this from now on; true if it wanted more before. `reported`: the version a reconnecting proxy has, in the first request only; "" if it
   * has something and its version does not tell what.
   */
  want(
    wanted: { readonly wildcard: boolean; readonly names: ReadonlySet<string> },
    reported: string | undefined,
  ): boolean;
  next(nowMs: number): T | undefined;
  acknowledge(turn: T): void;
  reject(turn: T, detail: string): Rejection | undefined;
  /** Nobody waits for the answer any more. */
  abandon(turn: T): void;
  readonly progress: Progress;
  close(): void;
}

/** A response before it has a nonce. */
export interface SotwTurn {
  readonly version: string;
  readonly entries: readonly Uint8Array[];
}
