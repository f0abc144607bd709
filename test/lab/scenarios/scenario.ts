/** What happens to an installation, and what is promised of requests meanwhile. */
import type { App } from "../cluster/deployments.ts";
import type { XdsPlan } from "../gateway/xds-plan.ts";
import type { Laboratory } from "../laboratory.ts";
import type { Outcome } from "../load/outcome.ts";
import type { RequestKind } from "../load/request-kind.ts";

/**
 * - nothing: no request fails, of any method.
 * - safe: no request of a safe method fails whose answer had not begun; the others are counted.
 * - measured: a control plane cannot prevent it; `cause` says why.
 * What a stop does on its host (what it kills on pooled instances and services, and the 503 of a service that is stopping beside another replica) is
 * counted apart everywhere.
 */
export type Promised = "nothing" | "safe" | "measured";

/** An installation while requests run against it. */
export interface Stage {
  readonly lab: Laboratory;
  /** Deployments under load, Ready when the scenario begins. */
  readonly apps: readonly App[];
  /** Names of them. */
  readonly names: readonly string[];
}

/** Who says in the timeline what a scenario measured beside failed requests. */
export const MEASURED = "measured";

export interface Scenario {
  readonly name: string;
  /** For the table: what happens, in a few words. */
  readonly what: string;
  readonly promised: Promised;
  /** Why something fails all the same. */
  readonly cause?: string;
  /** Happens to Signalbox or its Envoys, or asks for what the plain proxy does not do at all (aliases). */
  readonly about?: "signalbox";
  /** How Envoys reach Signalbox. Default: one Signalbox, directly. */
  readonly xds?: XdsPlan;
  /** Replicas of each deployment. Default 2. */
  readonly replicas?: number;
  /** The scale-down of the operator deletes more than it should. Default false. */
  readonly overDelete?: boolean;
  /** What the load is made of. Default REQUEST_KINDS. */
  readonly kinds?: readonly RequestKind[];
  /** What has to be there before the load begins. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** Fulfilled when it is over, and everything that can settle has. Runs while requests are sent. */
  readonly run: (stage: Stage) => Promise<void>;
  /** What all outcomes together say beside that, in words. Called when the load is over. */
  readonly sums?: (outcomes: readonly Outcome[]) => readonly string[];
}
