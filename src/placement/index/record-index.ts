/** All records and the ways between them; knows which hostnames a change can touch. */

import type { Replica } from "../phase.ts";
import type {
  DeploymentRecord,
  ObjectName,
  PlacementRecord,
  RecordChange,
  RecordKind,
  Registration,
  ReplicaSetRecord,
  WorkloadRecord,
} from "../records.ts";
import { same } from "../same.ts";
import { ByName, MembersByName } from "./by-name.ts";
import { type HostStanding, HostTable } from "./host-table.ts";
import { MultiMap } from "./multi-map.ts";

/** An object that may claim hostnames. A slot is one object's place in all indices: its record is replaced, the slot stays. */
export interface Slot<R extends Claimant = Claimant> {
  record: R;
}

/** The kinds that carry a registration. */
export type Claimant = WorkloadRecord | ReplicaSetRecord | DeploymentRecord;

/**
 * - What is dirty after a change covers every hostname whose placement can differ by it, and little more.
 * - A record equal to the one there is no change.
 * - Relations are by name and resolve whenever both ends are there: kinds are watched apart and arrive in any order.
 */
export class RecordIndex {
  readonly hosts = new HostTable();
  readonly #workloads = new ByName<Slot<WorkloadRecord>>();
  readonly #replicaSets = new ByName<Slot<ReplicaSetRecord>>();
  readonly #deployments = new ByName<Slot<DeploymentRecord>>();
  readonly #byHostId = new MultiMap<string, Slot<WorkloadRecord>>();
  readonly #byReplicaSet = new MembersByName<Slot<WorkloadRecord>>();
  /** By the deployment of a ReplicaSet that is gone. */
  readonly #orphans = new MembersByName<Slot<WorkloadRecord>>();
  readonly #byDeployment = new MembersByName<Slot<ReplicaSetRecord>>();
  readonly #byAlias = new MultiMap<string, Slot<WorkloadRecord>>();
  readonly #byHostname = new MultiMap<string, Slot>();
  #dirtyHostnames = new Set<string>();
  #dirtyHosts = new Set<string>();

  /** Takes one change in and marks what it can touch as dirty. */
  stage(change: RecordChange): void {
    if ("put" in change) this.#put(change.put);
    else this.#remove(change.remove);
  }

  /** Hostnames touched since each was last taken: whoever places one deletes it here. */
  get dirtyHostnames(): Set<string> {
    return this.#dirtyHostnames;
  }

  /** Hosts whose problems may have changed, by `hostKey`; empty afterwards. */
  takeDirtyHosts(): ReadonlySet<string> {
    const taken = this.#dirtyHosts;
    this.#dirtyHosts = new Set();
    return taken;
  }

  /** Records that name the hostname: deployments, ReplicaSets without one, and workloads, in no order that means anything. */
  claimants(hostname: string): Iterable<Slot> {
    return this.#byHostname.get(hostname);
  }

  /** Every hostname that some record names. */
  hostnames(): Iterable<string> {
    return this.#byHostname.keys();
  }

  standing(hostId: string): HostStanding | undefined {
    return this.hosts.standing(hostId);
  }

  workload({ namespace, name }: ObjectName): WorkloadRecord | undefined {
    return this.#workloads.get(namespace, name)?.record;
  }

  /** All workloads, in no order that means anything. */
  *workloads(): Iterable<WorkloadRecord> {
    for (const { record } of this.#workloads.values()) yield record;
  }

  *workloadsOnHostId(hostId: string): Iterable<WorkloadRecord> {
    for (const slot of this.#byHostId.get(hostId)) yield slot.record;
  }

  /** A workload with what its phase and its claim's age depend on. */
  replica(workload: WorkloadRecord): Replica {
    const { namespace } = workload;
    const replicaSet = this.#replicaSet(namespace, workload.replicaSet);
    const deployment = this.deployment(
      namespace,
      replicaSet === undefined ? workload.goneDeployment : replicaSet.deployment,
    );
    const current = deployment === undefined ? undefined : this.#replicaSet(namespace, deployment.currentReplicaSet);
    return { workload, replicaSet, deployment, current, host: this.standing(workload.hostId) };
  }

  deployment(namespace: string, name: string | undefined): DeploymentRecord | undefined {
    return name === undefined ? undefined : this.#deployments.get(namespace, name)?.record;
  }

  #replicaSet(namespace: string, name: string | undefined): ReplicaSetRecord | undefined {
    return name === undefined ? undefined : this.#replicaSets.get(namespace, name)?.record;
  }

  #put(record: PlacementRecord): void {
    switch (record.kind) {
      case "Host":
        this.#touchHosts(this.hosts.put(record));
        break;
      case "Workload":
        this.#replaceWorkload(record, record);
        break;
      case "WorkloadReplicaSet":
        this.#replaceReplicaSet(record, record);
        break;
      case "WorkloadDeployment":
        this.#replaceDeployment(record, record);
        break;
    }
  }

  #remove(name: ObjectName & { readonly kind: RecordKind }): void {
    switch (name.kind) {
      case "Host":
        this.#touchHosts(this.hosts.remove(name));
        break;
      case "Workload":
        this.#replaceWorkload(name, undefined);
        break;
      case "WorkloadReplicaSet":
        this.#replaceReplicaSet(name, undefined);
        break;
      case "WorkloadDeployment":
        this.#replaceDeployment(name, undefined);
        break;
    }
  }

  #touchHosts({ hostIds, hosts }: ReturnType<HostTable["put"]>): void {
    for (const host of hosts) this.#dirtyHosts.add(host);
    for (const hostId of hostIds) for (const slot of this.#byHostId.get(hostId)) this.#touch(slot.record.registration);
  }

  #replaceWorkload(name: ObjectName, next: WorkloadRecord | undefined): void {
    const slot = swap(this.#workloads, name, next);
    if (slot === undefined) return;
    const { previous } = slot;
    this.#rename(slot.slot, previous?.registration, next?.registration);
    if (previous !== undefined) this.#touchAliasUsers(previous);
    if (next !== undefined) this.#touchAliasUsers(next);
    relink(this.#byHostId, slot.slot, previous?.hostId || undefined, next?.hostId || undefined);
    relink(this.#byAlias, slot.slot, previous?.registration.operatorAlias, next?.registration.operatorAlias);
    this.#byReplicaSet.move(name.namespace, slot.slot, [previous?.replicaSet, next?.replicaSet]);
    this.#orphans.move(name.namespace, slot.slot, [previous?.goneDeployment, next?.goneDeployment]);
  }

  #replaceReplicaSet(name: ObjectName, next: ReplicaSetRecord | undefined): void {
    const slot = swap(this.#replicaSets, name, next);
    if (slot === undefined) return;
    const { previous } = slot;
    const claims = (record: ReplicaSetRecord | undefined) =>
      record?.deployment === undefined ? record?.registration : undefined;
    this.#rename(slot.slot, claims(previous), claims(next));
    this.#byDeployment.move(name.namespace, slot.slot, [previous?.deployment, next?.deployment]);
    this.#touchWorkloadsOf(name.namespace, name.name);
    // Its readiness decides whether its siblings are superseded; only the current one's does.
    for (const deployment of new Set([previous?.deployment, next?.deployment])) {
      if (this.deployment(name.namespace, deployment)?.currentReplicaSet === name.name)
        this.#touchSiblings(name.namespace, deployment);
    }
  }

  #replaceDeployment(name: ObjectName, next: DeploymentRecord | undefined): void {
    const slot = swap(this.#deployments, name, next);
    if (slot === undefined) return;
    this.#rename(slot.slot, slot.previous?.registration, next?.registration);
    this.#touchSiblings(name.namespace, name.name);
  }

  #touchSiblings(namespace: string, deployment: string | undefined): void {
    if (deployment === undefined) return;
    for (const { record } of this.#orphans.of(namespace, deployment)) this.#touch(record.registration);
    for (const { record } of this.#byDeployment.of(namespace, deployment))
      this.#touchWorkloadsOf(namespace, record.name);
  }

  #touchWorkloadsOf(namespace: string, replicaSet: string): void {
    for (const { record } of this.#byReplicaSet.of(namespace, replicaSet)) this.#touch(record.registration);
  }

  /** Whoever registers another namespace's alias takes from it what it is good for (rule 7), so all names served by that alias are touched. */
  #touchAliasUsers({ namespace, registration }: WorkloadRecord): void {
    for (const { hostname } of registration.names) {
      for (const { record } of this.#byAlias.get(hostname)) {
        if (record.namespace === namespace) break; // an alias ends with the namespace, so all others are of the same
        this.#touch(record.registration);
      }
    }
  }

  #touch(registration: Registration | undefined): void {
    for (const { hostname } of registration?.names ?? []) this.#dirtyHostnames.add(hostname);
  }

  /** Moves a slot between hostnames; old and new ones are dirty. */
  #rename(slot: Slot, before: Registration | undefined, after: Registration | undefined): void {
    for (const { hostname } of before?.names ?? []) {
      if (after?.names.some((name) => name.hostname === hostname) !== true) this.#byHostname.delete(hostname, slot);
    }
    for (const { hostname } of after?.names ?? []) this.#byHostname.add(hostname, slot);
    this.#touch(before);
    this.#touch(after);
  }
}

/** Puts a record into its slot, makes or drops the slot; undefined if nothing differs. */
function swap<R extends Claimant>(
  slots: ByName<Slot<R>>,
  object: ObjectName,
  next: R | undefined,
): { readonly slot: Slot<R>; readonly previous: R | undefined } | undefined {
  const slot = slots.get(object.namespace, object.name);
  if (slot === undefined) {
    if (next === undefined) return undefined;
    const made = { record: next };
    slots.set(object, made);
    return { slot: made, previous: undefined };
  }
  const previous = slot.record;
  if (next === undefined) slots.delete(object);
  else if (same(previous, next)) return undefined;
  else slot.record = next;
  return { slot, previous };
}

function relink<V extends object>(
  index: MultiMap<string, V>,
  value: V,
  before: string | undefined,
  after: string | undefined,
): void {
  if (before === after) return;
  if (before !== undefined) index.delete(before, value);
  if (after !== undefined) index.add(after, value);
}
