/** State of the world for types whose responses may leave out what did not change: all but those of `wholeState`. */

import type { DeliveryState, Rejection } from "../observer.ts";
import type { ChannelCounts, ChannelParts, Wanted } from "../protocol/channel.ts";
import type { SotwPump, SotwTurn } from "../protocol/sotw-channel.ts";
import type { ResourceStore } from "../store.ts";
import { Pump } from "./pump.ts";
import type { Turn } from "./turn.ts";

interface PiecemealTurn extends SotwTurn {
  readonly turn: Turn;
}

/**
 * The pump of the incremental protocol, without its removals: a missing resource goes with what names it.
 * Names that do not exist are answered with whatever else there is to send, or with an empty list, so that the proxy does not wait.
 */
export class PiecemealPump implements SotwPump<PiecemealTurn> {
  readonly #store: ResourceStore;
  readonly #pump: Pump;
  #reported: string | undefined; // version that a reconnecting proxy has, until the first difference

  constructor(parts: ChannelParts) {
    this.#store = parts.store;
    this.#pump = new Pump(parts);
  }

  get nextAt(): number | undefined {
    return this.#pump.nextAt;
  }

  want(
    wanted: { readonly wildcard: boolean; readonly names: ReadonlySet<string> },
    reported: string | undefined,
  ): void {
    this.#reported ??= reported;
    const { added, dropped } = this.#pump.differing(wanted.names);
    this.#pump.subscribe(added, false); // first, so that a name taken over from the wildcard is not forgotten
    this.#pump.setWildcard(wanted.wildcard);
    this.#pump.unsubscribe(dropped);
  }

  next(nowMs: number): PiecemealTurn | undefined {
    // What exactly a reconnecting proxy has is not told, only that it has something: nothing of it is updated from stale sources.
    if (this.#store.frozen && this.#reported !== undefined) return undefined;
    for (let turn = this.#pump.next(nowMs); turn !== undefined; turn = this.#pump.next(nowMs)) {
      const version = this.#pump.version();
      const empty = turn.wholes.length === 0 && turn.composed === undefined;
      if (version === this.#reported || (empty && !turn.owed)) {
        this.#pump.acknowledge(turn);
        continue;
      }
      this.#reported = undefined;
      return { version, entries: this.#entriesOf(turn), turn };
    }
    this.#reported = undefined;
    return undefined;
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

  counts(): ChannelCounts {
    return this.#pump.counts();
  }

  rejections(): readonly Rejection[] {
    return this.#pump.rejections();
  }

  stateOf(name: string, of: string | undefined): DeliveryState {
    return this.#pump.stateOf(name, of);
  }

  wanted(): Iterable<Wanted> {
    return this.#pump.wanted();
  }

  close(): void {
    this.#pump.close();
  }

  #entriesOf({ wholes, composed }: Turn): readonly Uint8Array[] {
    const { frames } = this.#store;
    if (composed !== undefined) return [frames.sotwOf(composed.composition, composed.name)];
    return wholes.map((put) => frames.sotw(put));
  }
}
