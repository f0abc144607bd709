/** Lines that a client can cause as often as it likes: the first few are written, then one in a while that says how many were not. */

/** Options. */
interface SparingOptions {
  /** Monotonic time in ms. */
  readonly now: () => number;
  /** Lines of one key that are written within a window. */
  readonly lines: number;
  /** Length of a window, in ms. */
  readonly windowMs: number;
}

interface Window {
  readonly until: number;
  written: number;
  left: number;
}

/** Keys that are told apart; whoever comes beyond shares one window, since a client may be many. */
const KEYS = 1_000;
const REST = "";

export class Sparing {
  readonly #options: SparingOptions;
  readonly #windows = new Map<string, Window>(); // in the order in which they end

  constructor(options: SparingOptions) {
    this.#options = options;
  }

  /** Whether to write a line of this key: how many of its lines were left out before it, or undefined for no. */
  admit(key: string): number | undefined {
    const now = this.#options.now();
    const window = this.#windows.get(key);
    if (window !== undefined && now < window.until) {
      if (window.written < this.#options.lines) {
        window.written += 1;
        return 0;
      }
      window.left += 1;
      return undefined;
    }
    this.#expire(now);
    if (key !== REST && window === undefined && this.#windows.size >= KEYS) return this.admit(REST);
    this.#windows.delete(key);
    this.#windows.set(key, { until: now + this.#options.windowMs, written: 1, left: 0 });
    return window?.left ?? 0;
  }

  /** Those that left lines out stay for a second window, so that the next line can tell. */
  #expire(now: number): void {
    for (const [key, { until, left }] of this.#windows) {
      if (now < until) return;
      if (left === 0 || now >= until + this.#options.windowMs) this.#windows.delete(key);
    }
  }
}
