/**
 * Room `placement`: who serves each hostname, decided from plain records.
 * Given: records (with holds marked by the loss ledger), the administrator's rules and, where history matters, the time; all as arguments.
 * Gives: for every hostname its owner, claims and replicas; what each fleet exposes of them; problems that owners can put right.
 * `place` decides from scratch, `Placer` (placer.ts) keeps the same answer up to date, `viewOf` (exposure.ts) is one fleet's look at it, and
 * `LossLedger` (hold.ts) stands in front and doubts mass disappearance.
 * Must not import: node:*, a logger, a clock, any other room.
 */
import type { Placement } from "./placement.ts";
import { Placer } from "./placer.ts";
import type { PlacementPolicy } from "./policy.ts";
import type { PlacementRecord } from "./records.ts";

/** What a placement is decided from. Of two records with one kind, namespace and name the later one counts. */
export interface PlacementInput {
  readonly records: Iterable<PlacementRecord>;
  readonly policy: PlacementPolicy;
}

/** The placement of all records: for one-off uses such as translation on the command line. */
export function place({ records, policy }: PlacementInput): Placement {
  const placer = new Placer(policy);
  for (const put of records) placer.stage([{ put }]);
  placer.settle();
  return placer.placement;
}
