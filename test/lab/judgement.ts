/** What failed requests were, and whether what was promised holds. Pure. */
import type { Outcome } from "./load/outcome.ts";
import type { Promised } from "./scenarios/scenario.ts";

/**
 * - foreign: answered by a component that does not own its hostname. Breaks every promise.
 * - killed: its host's stop ended it, on a pooled instance or a service.
 * - stopping: its host chose the service that it was stopping, and answered 503, beside another replica of the name.
 * - safe: of a safe method, and its answer had not begun: always to be prevented where another replica is ready.
 * - begun: its answer had begun, so that it could not be repeated.
 * - unsafe: of another method.
 */
export type FailureClass = "foreign" | "killed" | "stopping" | "safe" | "begun" | "unsafe";

export interface Judged {
  readonly outcome: Outcome;
  readonly class: FailureClass;
}

/** What hosts said of requests, by their ids. */
export interface HostWords {
  readonly killed: ReadonlySet<number>;
  readonly stopping: ReadonlySet<number>;
}

/** The failed ones, each with its class. */
export function failuresOf(outcomes: readonly Outcome[], words: HostWords): readonly Judged[] {
  return outcomes
    .filter(({ failure }) => failure !== undefined)
    .map((outcome) => ({ outcome, class: classOf(outcome, words) }));
}

function classOf({ id, safe, failure }: Outcome, { killed, stopping }: HostWords): FailureClass {
  if (failure?.as === "foreign") return "foreign";
  if (killed.has(id)) return "killed";
  if (stopping.has(id)) return "stopping";
  if (failure?.begun === true) return "begun";
  return safe ? "safe" : "unsafe";
}

const BREAKING: Readonly<Record<Promised, ReadonlySet<FailureClass>>> = {
  nothing: new Set(["foreign", "safe", "begun", "unsafe"]),
  safe: new Set(["foreign", "safe"]),
  measured: new Set(["foreign"]),
};

/** Those that break the promise. */
export function brokenBy(promised: Promised, failures: readonly Judged[]): readonly Judged[] {
  return failures.filter((failure) => BREAKING[promised].has(failure.class));
}
