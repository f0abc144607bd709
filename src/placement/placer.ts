/** Keeps placement up to date as records change, at a cost proportional to what changed. */
import { hostProblems } from "./host-problems.ts";
import { RecordIndex } from "./index/record-index.ts";
import { OwnershipRules } from "./ownership.ts";
import { type PlacedHostname, placeHostname } from "./place-hostname.ts";
import type { HostnamePlacement, Placement } from "./placement.ts";
import type { PlacementPolicy } from "./policy.ts";
import type { Problem } from "./problem.ts";
import type { RecordChange } from "./records.ts";
import { same } from "./same.ts";

/** Work done since the placer was made: tests count this instead of time. */
export interface PlacerCost {
  /** Hostnames placed anew, whether or not the outcome differed. */
  readonly hostnames: number;
  /** Claims weighed while doing so. */
  readonly claims: number;
}

/**
 * - Once `pending` is 0, placement is what placing all records from scratch would give; it does not depend on the order in which they came.
 * - A change re-places the hostnames it can touch and no others; a record equal to the one there touches none.
 * - A hostname whose new placement is equal keeps its object and is not given out as changed.
 * - Hostnames are placed one by one and independently, so a reader between two `settle` calls sees each as it was or as it is, never half.
 */
export class Placer {
  readonly #index = new RecordIndex();
  #rules: OwnershipRules;
  readonly #placement = new Map<string, HostnamePlacement>();
  /** By group, never empty lists. */
  readonly #problems = new Map<string, readonly Problem[]>();
  /** Since the last call of `takeProblemChanges`; undefined before the first, so that nothing piles up where nobody asks. */
  #problemChanges: Map<string, readonly Problem[]> | undefined;
  #placedHostnames = 0;
  #weighedClaims = 0;

  constructor(policy: PlacementPolicy) {
    this.#rules = new OwnershipRules(policy);
  }

  /** `stage`, then `settle` without a limit: the hostnames whose placement changed, came or went. */
  apply(changes: Iterable<RecordChange>): ReadonlySet<string> {
    this.stage(changes);
    return this.settle();
  }

  /** Takes records in without placing anything: for bulk loads, in chunks of about 1,000. `placement` is as of the last `settle`. */
  stage(changes: Iterable<RecordChange>): void {
    for (const change of changes) this.#index.stage(change);
  }

  /** Re-places what is pending until `maxClaims` claims have been weighed (at least one hostname); call until `pending` is 0. The hostnames that changed. */
  settle(maxClaims = Number.POSITIVE_INFINITY): ReadonlySet<string> {
    const changed = new Set<string>();
    const dirty = this.#index.dirtyHostnames;
    const end = this.#weighedClaims + maxClaims;
    for (const hostname of dirty) {
      dirty.delete(hostname);
      if (this.#place(hostname)) changed.add(hostname);
      if (this.#weighedClaims >= end) break;
    }
    this.#judgeHosts();
    return changed;
  }

  /** Hostnames staged and not yet settled. */
  get pending(): number {
    return this.#index.dirtyHostnames.size;
  }

  /** A live view: changes with every `settle`; its values are immutable. Iterates in no order that means anything. */
  get placement(): Placement {
    return this.#placement;
  }

  /** The records behind the placement, for lookups and explanations; also those staged only. */
  get index(): Omit<RecordIndex, "stage" | "dirtyHostnames" | "takeDirtyHosts"> {
    return this.#index;
  }

  /** `stagePolicy`, then `settle` without a limit. */
  setPolicy(policy: PlacementPolicy): ReadonlySet<string> {
    this.stagePolicy(policy);
    return this.settle();
  }

  /** Marks as pending only the hostnames whose rule differs. */
  stagePolicy(policy: PlacementPolicy): void {
    const rules = new OwnershipRules(policy);
    for (const hostname of this.#index.hostnames()) {
      if (!same(rules.ruleFor(hostname), this.#rules.ruleFor(hostname))) this.#index.dirtyHostnames.add(hostname);
    }
    this.#rules = rules;
  }

  /** The rules now in force. */
  get rules(): OwnershipRules {
    return this.#rules;
  }

  /** Problems of the objects behind one hostname. */
  problemsOf(hostname: string): readonly Problem[] {
    return this.#problems.get(`hostname/${hostname}`) ?? [];
  }

  /** All problems, of hostnames and of Hosts, sorted by group. */
  problems(): readonly Problem[] {
    this.#judgeHosts();
    return [...this.#problems.keys()].sort().flatMap((group) => this.#problems.get(group) ?? []);
  }

  /**
   * Groups of problems that changed since the last call: `hostname/<hostname>` or `Host/<namespace>/<name>`, to its problems now, empty when
   * solved. The first call gives all there are. May differ where no placement did.
   */
  takeProblemChanges(): ReadonlyMap<string, readonly Problem[]> {
    this.#judgeHosts();
    const taken = this.#problemChanges ?? new Map(this.#problems);
    this.#problemChanges = new Map();
    return taken;
  }

  get cost(): PlacerCost {
    return { hostnames: this.#placedHostnames, claims: this.#weighedClaims };
  }

  /** Hosts are judged when somebody asks or settles: a Host without workloads leaves no hostname pending. */
  #judgeHosts(): void {
    for (const host of this.#index.takeDirtyHosts()) {
      const record = this.#index.hosts.get(host);
      this.#setProblems(`Host/${host}`, record === undefined ? [] : hostProblems(record, this.#index.hosts));
    }
  }

  /** Whether the placement of the hostname differs from before. */
  #place(hostname: string): boolean {
    const placed = placeHostname(hostname, this.#index, this.#rules);
    this.#placedHostnames++;
    this.#weighedClaims += placed?.placement.claims.length ?? 0;
    this.#setProblems(`hostname/${hostname}`, placed?.problems ?? []);
    return this.#setPlacement(hostname, placed);
  }

  #setPlacement(hostname: string, placed: PlacedHostname | undefined): boolean {
    if (placed === undefined) return this.#placement.delete(hostname);
    if (same(this.#placement.get(hostname), placed.placement)) return false;
    this.#placement.set(hostname, placed.placement);
    return true;
  }

  #setProblems(group: string, problems: readonly Problem[]): void {
    if (same(this.#problems.get(group) ?? [], problems)) return;
    if (problems.length === 0) this.#problems.delete(group);
    else this.#problems.set(group, problems);
    this.#problemChanges?.set(group, problems);
  }
}
