/** State of the world for types whose responses may leave out what did not change: all but those of `wholeState`. */

import type { Rejection } from "../observer.ts";
import type { ResourceStore } from "../store.ts";
import type { Progress } from "./progress.ts";
import { Pump } from "./pump.ts";
import type { PumpParts } from "./pump-parts.ts";
import type { SotwPump, SotwTurn } from "./sotw-pump.ts";
import type { Turn } from "./turn.ts";

interface PiecemealTurn extends SotwTurn {
  readonly turn: Turn;
}

/**
 * The pump of the incremental protocol, without its removals: a missing resource goes with what names it.
 * Names that do not exist are answered with whatever else there is to send, or with an empty list, so that the proxy does not wait.
 */
export class PiecemealPump implements SotwPump<PiecemealTurn> {
  readonly #parts: PumpParts;
  readonly #store: ResourceStore;
  readonly #pump: Pump;
  #reported: string | undefined; // version that a reconnecting proxy has, until it is compared
  #wildcard = false;
  readonly #compared: PiecemealTurn[] = []; // to be sent

  constructor(parts: PumpParts) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#pump = new Pump(parts);
  }

  get progress(): Progress {
    return this.#pump.progress;
  }

  get nextAt(): number | undefined {
    return this.#pump.nextAt;
  }

  get oneAtATime(): boolean {
    return this.#pump.oneAtATime;
  }

  get held(): number {
    return this.#compared.length;
  }

  want(
    wanted: { readonly wildcard: boolean; readonly names: ReadonlySet<string> },
    reported: string | undefined,
  ): boolean {
    const { added, dropped } = this.#pump.interest.differing(wanted.names);
    if (reported !== undefined) this.#reported = reported;
    else if (this.#reported !== undefined && (added.length > 0 || wanted.wildcard !== this.#wildcard))
      this.#reported = ""; // it has something, but not all of what it names now
    this.#pump.subscribe(added, false); // first, so that a name taken over from the wildcard is not forgotten
    if (reported !== undefined && reported !== "") this.#claim(wanted.names);
    const givesUp = !wanted.wildcard && (this.#wildcard || dropped.length > 0);
    this.#wildcard = wanted.wildcard;
    this.#pump.setWildcard(wanted.wildcard);
    this.#pump.unsubscribe(dropped);
    return givesUp;
  }

  next(nowMs: number): PiecemealTurn | undefined {
    // What exactly a reconnecting proxy has is not told, only that it has something: nothing of it is updated from stale sources.
    if (this.#store.frozen && this.#reported !== undefined) return undefined;
    if (this.#reported !== undefined) this.#compare(this.#reported, nowMs);
    return this.#compared.shift() ?? this.#taken(nowMs);
  }

  acknowledge({ turn }: PiecemealTurn): void {
    this.#pump.acknowledge(turn);
  }

  reject({ turn }: PiecemealTurn, detail: string): Rejection | undefined {
    return this.#pump.reject(turn, detail);
  }

  abandon({ turn }: PiecemealTurn): void {
    this.#pump.abandon(turn);
  }

  close(): void {
    this.#pump.close();
  }

  /** A proxy that comes back names these: it has some content of each, for all we know. */
  #claim(names: ReadonlySet<string>): void {
    const { gate, type, store } = this.#parts;
    for (const name of names) gate.claimed(type, store.shelf(type).intern(name));
  }

  /** The next turn that has something to say. */
  #taken(nowMs: number): PiecemealTurn | undefined {
    for (let turn = this.#pump.next(nowMs); turn !== undefined; turn = this.#pump.next(nowMs)) {
      const empty = turn.wholes.length === 0 && turn.composed === undefined;
      // A version promises no more than was sent: a proxy that comes back with it is sent the rest.
      if (!empty || turn.owed)
        return { version: this.#pump.progress.version(false), entries: this.#entriesOf(turn), turn };
      this.#pump.acknowledge(turn);
    }
    return undefined;
  }

  /** A reconnecting proxy tells one version for all it has. If everything there is to send comes to that version, it has it. */
  #compare(reported: string, nowMs: number): void {
    for (let taken = this.#taken(nowMs); taken !== undefined; taken = this.#taken(nowMs)) {
      this.#compared.push(taken);
      if (this.#pump.progress.version(true) !== reported) continue;
      this.#reported = undefined;
      for (const { turn } of this.#compared.splice(0)) this.#adopt(turn);
      return;
    }
    if (this.#compared.length > 0 || this.#pump.progress.counts().withheld === 0) this.#reported = undefined;
  }

  /** The proxy has this. What was to follow its resource before that was known follows now. */
  #adopt(turn: Turn): void {
    const { gate, type } = this.#parts;
    const owed = turn.wholes.filter(({ slot }) => gate.isOwed(type, slot));
    this.#pump.acknowledge(turn);
    for (const { resource } of owed) this.#pump.follow(resource.name);
  }

  #entriesOf({ wholes, composed }: Turn): readonly Uint8Array[] {
    const { frames } = this.#store;
    if (composed !== undefined) return [frames.sotwOf(composed.composition, composed.name)];
    return wholes.map((put) => frames.sotw(put));
  }
}
