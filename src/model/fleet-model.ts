/** One fleet: which hostnames it sees, and the resources of every variant that a proxy has asked for. */
import type { FleetSpec, Variant } from "../envoy/fleet-spec.ts";
import { viewOf } from "../placement/exposure.ts";
import type { ExposedHostname, FleetView } from "../placement/fleet.ts";
import type { Placement } from "../placement/placement.ts";
import type { Problem } from "../placement/problem.ts";
import { ResourceStore } from "../xds/store.ts";
import { sameExposed } from "./same-exposed.ts";
import { VariantResources, variantKey } from "./variant-resources.ts";

/** A fleet as the administrator configured it. */
export interface FleetDefinition {
  readonly view: FleetView;
  readonly spec: FleetSpec;
  /** What most proxies will ask for: translated from the start, so that the first one does not wait. */
  readonly first: Variant;
}

/**
 * Keeps the fleet's view of every hostname and hands changes to its variants.
 * A change of placement that this fleet does not see (another selector, another replica behind the same address) touches no variant.
 */
export class FleetModel {
  #definition: FleetDefinition;
  readonly #exposed = new Map<string, ExposedHostname>();
  readonly #variants = new Map<string, VariantResources>();
  #problemStepsTaken = 0;

  constructor(definition: FleetDefinition) {
    this.#definition = definition;
  }

  get name(): string {
    return this.#definition.view.name;
  }

  get definition(): FleetDefinition {
    return this.#definition;
  }

  /** Hostnames that exist on this fleet. */
  get exposed(): ReadonlyMap<string, ExposedHostname> {
    return this.#exposed;
  }

  get variants(): Iterable<VariantResources> {
    return this.#variants.values();
  }

  /** What the translator refused on this fleet. Each once, though several variants refuse alike. */
  problems(): readonly Problem[] {
    const seen = new Map<string, Problem>();
    for (const variant of this.#variants.values())
      for (const problem of variant.problems()) seen.set(JSON.stringify(problem), problem);
    return [...seen.values()];
  }

  /** The same, if anything changed in it since the last call; undefined if not, which is nearly always. */
  takeProblemChanges(): readonly Problem[] | undefined {
    let steps = 0;
    for (const variant of this.#variants.values()) steps += variant.problemSteps;
    if (steps === this.#problemStepsTaken) return undefined;
    this.#problemStepsTaken = steps;
    return this.problems();
  }

  /** The same for one hostname. */
  problemsOf(hostname: string): readonly Problem[] {
    for (const variant of this.#variants.values()) {
      const problems = variant.problemsOf(hostname);
      if (problems.length > 0) return problems;
    }
    return [];
  }

  /** Looks at one hostname again; true if this fleet sees a difference. */
  update(hostname: string, placement: Placement): boolean {
    const placed = placement.get(hostname);
    const now = placed === undefined ? undefined : viewOf(this.#definition.view, placed);
    const before = this.#exposed.get(hostname);
    if (sameExposed(before, now)) return false;
    if (now === undefined) this.#exposed.delete(hostname);
    else this.#exposed.set(hostname, now);
    for (const variant of this.#variants.values()) variant.touch(hostname);
    return true;
  }

  /** New settings. The caller looks at every hostname again when this says that the view differs. */
  redefine(definition: FleetDefinition): { readonly viewChanged: boolean } {
    const before = this.#definition;
    this.#definition = definition;
    if (JSON.stringify(before.spec) !== JSON.stringify(definition.spec))
      for (const variant of this.#variants.values()) variant.respecify(definition.spec);
    return { viewChanged: JSON.stringify(before.view) !== JSON.stringify(definition.view) };
  }

  /** The resources of a variant, made on first use; its store is complete only once it has been translated. */
  variant(variant: Variant): VariantResources {
    const key = variantKey(variant);
    const known = this.#variants.get(key);
    if (known !== undefined) return known;
    const made = new VariantResources(this.#definition.spec, variant, new ResourceStore(), this.#exposed.keys());
    this.#variants.set(key, made);
    return made;
  }
}
