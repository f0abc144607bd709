/** Keys of objects to look at, one at a time: like each of the operator's controllers, one slow object makes the others wait. */

/** Retries of a failed look: controller-runtime's 5 ms, doubled each time; here up to 5 s. */
const FIRST_RETRY_MS = 5;
const LONGEST_RETRY_MS = 5_000;

export class WorkQueue {
  readonly #reconcile: (key: string) => Promise<number | undefined>;
  readonly #onError: (key: string, error: unknown) => void;
  readonly #waiting = new Set<string>();
  readonly #timers = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  readonly #failures = new Map<string, number>();
  #working = false;
  #stopped = false;

  /** `reconcile` gives the ms after which to look again. */
  constructor(reconcile: (key: string) => Promise<number | undefined>, onError: (key: string, error: unknown) => void) {
    this.#reconcile = reconcile;
    this.#onError = onError;
  }

  /** Once, however often it is called before the look; once more if called during it. */
  add(key: string): void {
    if (this.#stopped) return;
    this.#waiting.add(key);
    void this.#work();
  }

  /** The earliest time counts. */
  addAfter(key: string, ms: number): void {
    const at = performance.now() + ms;
    const known = this.#timers.get(key);
    if (known !== undefined && known.at <= at) return;
    clearTimeout(known?.timer);
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.add(key);
    }, ms);
    this.#timers.set(key, { at, timer });
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      try {
        const again = await this.#reconcile(key);
        this.#failures.delete(key);
        if (again !== undefined && !this.#stopped) this.addAfter(key, again);
      } catch (error) {
        this.#onError(key, error);
        const failures = this.#failures.get(key) ?? 0;
        this.#failures.set(key, failures + 1);
        if (!this.#stopped) this.addAfter(key, Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS));
      }
    }
    this.#working = false;
  }
}
