/** What the log tells of the watches of a cluster: an outage of the API server once, not once for each kind. */
import type { Logger } from "pino";
import type { Failure, FailureCode } from "../kubernetes/failure.ts";
import type { ReflectorObserver } from "../kubernetes/reflector-options.ts";
import type { RecordKind } from "../placement/records.ts";

/** Failures of one code that begin within this time are one outage, in ms: the watches of all kinds share a server and retry within it. */
const ONE_OUTAGE_MS = 5_000;

/** What only one kind is blamed for: each has its own remedy, so each is told. */
const OF_ONE_KIND: ReadonlySet<FailureCode> = new Set(["forbidden", "absent"]);

/** The stories of all watches of one source. */
export class WatchStories {
  readonly #log: Logger;
  readonly #now: () => number;
  /** When an outage was last told, by its code. */
  readonly #toldAt = new Map<FailureCode, number>();

  /** `now`: ms since any fixed point, never backwards. */
  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /**
   * One watch's. Its failure is told once at `warn`, unless another watch's failure of the same code has just been; its recovery at `info`, if
   * its failure was told so. The rest is told at `debug`.
   */
  of(kind: RecordKind, namespace: string | undefined): ReflectorObserver {
    const log = this.#log;
    const what = { kind, ...(namespace === undefined ? {} : { namespace }) };
    let failing: { readonly code: FailureCode; readonly told: boolean } | undefined;
    return {
      listed: (objects, tookMs) => log.info({ ...what, objects, ms: Math.round(tookMs) }, "listed"),
      events: () => {},
      failed: (failure, waitMs) => {
        const { code, cause, remedy } = failure;
        const begins = failing?.code !== code;
        const tell = begins && this.#isNew(failure);
        if (begins) failing = { code, told: tell };
        log[tell ? "warn" : "debug"]({ ...what, failure: code, remedy, retryMs: Math.round(waitMs) }, cause);
      },
      recovered: (staleMs) => {
        const level = failing?.told === false ? "debug" : "info";
        failing = undefined;
        this.#toldAt.clear();
        log[level]({ ...what, staleMs: Math.round(staleMs) }, "watch is current again");
      },
      threw: (where, error) => log.error({ ...what, where, err: error }, "this is a bug in Signalbox; it goes on"),
    };
  }

  #isNew({ code }: Failure): boolean {
    const now = this.#now();
    const known = now - (this.#toldAt.get(code) ?? Number.NEGATIVE_INFINITY) < ONE_OUTAGE_MS;
    if (!known) this.#toldAt.set(code, now);
    return !known || OF_ONE_KIND.has(code);
  }
}
