/** The encoded resources of one variant of one fleet, kept up to date hostname by hostname. */
import type { Resource, ResourceChange, ResourceRef } from "../codec/resource.ts";
import type { FleetSpec, Variant } from "../envoy/fleet-spec.ts";
import { type Translation, translateFleet, translateHostname } from "../envoy/translate.ts";
import type { ExposedHostname } from "../placement/fleet.ts";
import type { Problem } from "../placement/problem.ts";
import type { ResourceStore } from "../xds/store.ts";

/** Name under which a variant is kept: equal variants, equal keys. */
export function variantKey(variant: Variant): string {
  const { layout, endpoints, source } = variant;
  return `${layout} ${endpoints} ${source.kind}${source.kind === "ads" ? "" : ` ${source.xdsCluster}`}`;
}

/**
 * Translates what is dirty, in slices that the caller bounds, and puts it into its store.
 * - The store is complete once everything known at its creation has been translated; before, no proxy is given anything.
 * - A hostname's resources enter the store in one step, so no stream sees half a hostname.
 * - Only resources whose version changed are put: a move is one assignment.
 */
export class VariantResources {
  readonly variant: Variant;
  readonly store: ResourceStore;
  #spec: FleetSpec;
  /** What the store holds of each hostname, to know what to remove. */
  readonly #held = new Map<string, readonly Resource[]>();
  #heldOfFleet: readonly Resource[] = [];
  #fleetDirty = true;
  /** Hostnames to translate, in the order in which they became dirty. */
  readonly #dirty = new Set<string>();
  readonly #problems = new Map<string, readonly Problem[]>();
  #problemSteps = 0;

  constructor(spec: FleetSpec, variant: Variant, store: ResourceStore, hostnames: Iterable<string>) {
    this.#spec = spec;
    this.variant = variant;
    this.store = store;
    for (const hostname of hostnames) this.#dirty.add(hostname);
  }

  /** Hostnames still to be translated. */
  get pending(): number {
    return this.#dirty.size + (this.#fleetDirty ? 1 : 0);
  }

  /** What the translator refused, of all hostnames and of the fleet's own resources. */
  *problems(): Iterable<Problem> {
    for (const problems of this.#problems.values()) yield* problems;
  }

  /** How often anything changed in what the translator refused. */
  get problemSteps(): number {
    return this.#problemSteps;
  }

  /** What the translator refused of one hostname. */
  problemsOf(hostname: string): readonly Problem[] {
    return this.#problems.get(hostname) ?? [];
  }

  /** What the store holds of one hostname. */
  refsOf(hostname: string): readonly ResourceRef[] {
    return (this.#held.get(hostname) ?? []).map(refOf);
  }

  /** The fleet's view of a hostname changed. */
  touch(hostname: string): void {
    this.#dirty.add(hostname);
  }

  /** The fleet's own settings changed: everything is translated again, and only what differs is put. */
  respecify(spec: FleetSpec): void {
    this.#spec = spec;
    this.#fleetDirty = true;
    for (const hostname of this.#held.keys()) this.#dirty.add(hostname);
  }

  /** Translates dirty hostnames while `more()` says there is time, at least one; then one step of the store. Returns how many. */
  translate(exposed: ReadonlyMap<string, ExposedHostname>, more: () => boolean): number {
    const changes: ResourceChange[] = [];
    let count = 0;
    if (this.#fleetDirty) {
      this.#fleetDirty = false;
      this.#heldOfFleet = this.#accept("", this.#heldOfFleet, translateFleet(this.#spec, this.variant), changes);
      count += 1;
    }
    for (const hostname of this.#dirty) {
      if (count > 0 && !more()) break;
      this.#dirty.delete(hostname);
      count += 1;
      const before = this.#held.get(hostname) ?? [];
      const seen = exposed.get(hostname);
      if (seen === undefined) {
        this.#held.delete(hostname);
        this.#note(hostname, []);
        changes.push(...difference(before, []));
        continue;
      }
      this.#held.set(
        hostname,
        this.#accept(hostname, before, translateHostname(this.#spec, this.variant, seen), changes),
      );
    }
    if (changes.length > 0) this.store.apply(changes);
    return count;
  }

  /** A translation is all or nothing: what was refused keeps what the store holds, so that our own fault takes nothing down. */
  #accept(
    hostname: string,
    before: readonly Resource[],
    translation: Translation,
    changes: ResourceChange[],
  ): readonly Resource[] {
    this.#note(hostname, translation.ok ? [] : translation.problems);
    if (!translation.ok) return before;
    changes.push(...difference(before, translation.resources));
    return translation.resources;
  }

  #note(hostname: string, problems: readonly Problem[]): void {
    if (problems.length === 0 && !this.#problems.has(hostname)) return;
    this.#problemSteps += 1;
    if (problems.length === 0) this.#problems.delete(hostname);
    else this.#problems.set(hostname, problems);
  }
}

const keyOf = (resource: Resource): string =>
  `${resource.type} ${resource.name} ${resource.kind === "part" ? resource.of : ""}`;

const refOf = (resource: Resource): ResourceRef => {
  const { type, name } = resource;
  return resource.kind === "part" ? { type, name, of: resource.of } : { type, name };
};

/** An owner may change while bytes do not, and what Envoy says of them must reach the new one. */
function sameRelations(a: Resource, b: Resource): boolean {
  return (
    a.subject?.namespace === b.subject?.namespace &&
    a.subject?.name === b.subject?.name &&
    a.subject?.kind === b.subject?.kind
  );
}

/** What turns `before` into `after`: changed versions put, missing ones removed. A handful of resources, so plain loops. */
function difference(before: readonly Resource[], after: readonly Resource[]): ResourceChange[] {
  const changes: ResourceChange[] = [];
  for (const resource of after) {
    const old = before.find((other) => keyOf(other) === keyOf(resource));
    if (old === undefined || old.version !== resource.version || !sameRelations(old, resource))
      changes.push({ put: resource });
  }
  for (const old of before) {
    if (after.some((resource) => keyOf(resource) === keyOf(old))) continue;
    changes.push({ remove: refOf(old) });
  }
  return changes;
}
