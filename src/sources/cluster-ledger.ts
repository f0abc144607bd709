/** Turns what reflectors deliver into changes and reports: the memory between a cluster's objects and the records given of them. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../placement/problem.ts";
import type { WorkloadRecord } from "../placement/records.ts";
import type { ClusterObject } from "./kubernetes-object.ts";
import { OwnerLedger } from "./owner-ledger.ts";
import type { ObjectChange, ProblemReport } from "./source.ts";

/** What a batch comes to. */
export interface LedgerEntry {
  readonly changes: ObjectChange[];
  readonly reports: readonly ProblemReport[];
}

/**
 * What was given of a cluster.
 * - A record goes when its object does, and when its object becomes malformed.
 * - A workload is given anew when its ReplicaSet turns out to be gone, or here after all.
 * - A report is made only where the problems of an object changed.
 */
export class ClusterLedger {
  readonly #owners = new OwnerLedger();
  /** Records given: of workloads the record itself, since it may have to be given anew; of the others that there is one. */
  readonly #given = new Map<string, WorkloadRecord | "given">();
  /** Reports that are not empty. */
  readonly #reported = new Map<string, readonly Problem[]>();
  /** ReplicaSets by key: a name that is used again proves that its former uid is gone. */
  readonly #uids = new Map<string, string>();

  /** Namespaces of workloads whose ReplicaSet is neither known to be here nor known to be gone. */
  get undecided(): ReadonlySet<string> {
    return this.#owners.undecided;
  }

  /** `order`: the place of this batch among lists. */
  take(
    batch: { readonly upserts: readonly ClusterObject[]; readonly removals: readonly ClusterObject[] },
    order: number,
  ): LedgerEntry {
    // By key: a workload of this batch may also change by an owner in it, and counts once.
    const changes = new Map<string, ObjectChange>();
    const reports: ProblemReport[] = [];
    const touched = new Set<string>();
    for (const object of batch.upserts) {
      for (const key of this.#owns(object, order)) touched.add(key);
      const change = this.#put(object);
      if (change !== undefined) changes.set(object.key, change);
      reports.push(...this.report([{ about: object.key, problems: object.problems }]));
    }
    for (const object of batch.removals) {
      for (const key of this.#disowns(object)) touched.add(key);
      const change = this.#remove(object);
      if (change !== undefined) changes.set(object.key, change);
      reports.push(...this.report([{ about: object.key, problems: [] }]));
    }
    return { changes: [...changes.values(), ...this.#again(touched)], reports };
  }

  /** A list of ReplicaSets, requested at this place, is complete and was taken. `namespace`: the one it was made in. */
  ownersListed(requested: number, namespace: string | undefined): readonly ObjectChange[] {
    return this.#again(new Set(this.#owners.ownersListed(requested, namespace)));
  }

  /** Of these reports those that say something new. */
  report(reports: readonly ProblemReport[]): readonly ProblemReport[] {
    return reports.filter(({ about, problems }) => {
      const before = this.#reported.get(about) ?? [];
      if (before.length === 0 && problems.length === 0) return false; // nearly all objects, every time
      if (problems.length === 0) this.#reported.delete(about);
      else this.#reported.set(about, problems);
      return !isDeepStrictEqual(before, problems);
    });
  }

  #put(object: ClusterObject): ObjectChange | undefined {
    const { key, record } = object;
    if (record === undefined) return this.#remove(object);
    if (record.kind !== "Workload") {
      this.#given.set(key, "given");
      return { put: record };
    }
    const decided = { ...record, ...this.#owners.verdictOf(key) };
    this.#given.set(key, decided);
    return { put: decided };
  }

  #remove({ key, kind, namespace, name }: ClusterObject): ObjectChange | undefined {
    return this.#given.delete(key) ? { remove: { kind, namespace, name } } : undefined;
  }

  /** Workloads whose verdict may have changed. */
  #owns({ key, kind, uid, owner, record }: ClusterObject, order: number): readonly string[] {
    if (kind === "Workload") this.#owners.workloadSeen({ key, uid, owner }, order);
    if (kind !== "WorkloadReplicaSet") return [];
    const former = this.#uids.get(key);
    this.#uids.set(key, uid);
    const replaced = former !== undefined && former !== uid ? this.#owners.ownerDeleted(former) : [];
    return [...replaced, ...this.#owners.ownerSeen(uid, deploymentOf(record))];
  }

  #disowns({ key, kind, uid, record }: ClusterObject): readonly string[] {
    if (kind === "Workload") this.#owners.workloadGone(key);
    if (kind !== "WorkloadReplicaSet") return [];
    this.#uids.delete(key);
    // It may have come and gone within one batch, and only its going be told.
    return this.#owners.ownerDeleted(uid, deploymentOf(record));
  }

  #again(workloads: ReadonlySet<string>): readonly ObjectChange[] {
    return [...workloads].sort().flatMap((key): readonly ObjectChange[] => {
      const given = this.#given.get(key);
      if (given === undefined || given === "given") return [];
      const decided = { ...given, ...this.#owners.verdictOf(key) };
      this.#given.set(key, decided);
      return [{ put: decided }];
    });
  }
}

function deploymentOf(record: ClusterObject["record"]): string | undefined {
  return record?.kind === "WorkloadReplicaSet" ? record.deployment : undefined;
}
