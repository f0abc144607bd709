/** Other changes, so many per second, whatever they take. */
import { monotonicMs } from "./clock.ts";

export class Load {
  /** A hostname that must stay where it is: it is being watched. */
  spared: string | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<void>>();
  #failure: unknown;

  /** Begins at once. A rate of 0 changes nothing. */
  constructor(perSecond: number, change: (except: string | undefined) => Promise<void>) {
    const startedAt = monotonicMs();
    let made = 0;
    this.#timer = setInterval(() => {
      for (const due = ((monotonicMs() - startedAt) / 1000) * perSecond; made < due; made++) {
        const one = change(this.spared)
          .catch((error: unknown) => {
            this.#failure ??= error;
          })
          .finally(() => this.#underWay.delete(one));
        this.#underWay.add(one);
      }
    }, 10);
  }

  /** Ends it and waits for what is under way. @throws what a change failed with. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }
}
