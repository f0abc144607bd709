/** The turns of one pump that the proxy has not answered. */
import type { Turn } from "./turn.ts";

/** What closing a turn tells. */
interface Closed {
  /** None that was sent before it is unanswered still. */
  readonly oldest: boolean;
  /** Names that a later turn, unanswered still, takes away: what this one put is not there to rely on. */
  readonly removedLater: ReadonlySet<string>;
}

/** Shared: thousands of streams have none. */
const NONE: readonly Turn[] = [];

/** In the order in which they were sent. */
export class OpenTurns {
  #turns: readonly Turn[] = NONE;

  get size(): number {
    return this.#turns.length;
  }

  open(turn: Turn): void {
    this.#turns = [...this.#turns, turn];
  }

  /** The turn was answered, or nobody waits for its answer any more. */
  close(turn: Turn): Closed {
    const at = this.#turns.indexOf(turn);
    const removedLater = new Set(this.#turns.slice(at + 1).flatMap(({ removals }) => removals));
    if (at !== -1) this.#turns = this.#turns.length === 1 ? NONE : this.#turns.toSpliced(at, 1);
    return { oldest: at === 0, removedLater };
  }

  /** What they put. */
  *slots(): Iterable<number> {
    for (const { wholes } of this.#turns) for (const { slot } of wholes) yield slot;
  }

  /** Whether one of them puts this. */
  puts(slot: number): boolean {
    return this.#turns.some(({ wholes }) => wholes.some((put) => put.slot === slot));
  }
}
