/** Which workloads have outlived their ReplicaSet. Watches of different kinds are not ordered, so absence alone proves nothing. Pure. */

/** The ReplicaSet that controls a workload, as its ownerReference names it. */
export interface OwnerReference {
  readonly namespace: string;
  /** A name may be used again, a uid never is. */
  readonly uid: string;
}

/** What is said of a workload. */
export interface OwnerVerdict {
  readonly gone: boolean;
  /** The deployment of the ReplicaSet that is gone, as it was last seen. */
  readonly goneDeployment: string | undefined;
}

const HERE: OwnerVerdict = { gone: false, goneDeployment: undefined };

interface Owned {
  readonly uid: string;
  readonly owner: OwnerReference;
  /** Place in the order of lists and sightings. */
  readonly firstSeen: number;
}

interface Owner {
  /** `unseen`: named by a workload, not known otherwise. Left for `here` (seen) and for `gone` (missing from a list requested later). */
  state: "unseen" | "here" | "gone";
  deployment: string | undefined;
  readonly workloads: Set<string>;
}

/**
 * Keeps ReplicaSets and their workloads apart by uid.
 * - A ReplicaSet is gone when it was seen deleted, or is missing from a list requested after a workload of it was first seen:
 *   it existed before its workload did, so by then it had been deleted.
 * - A ReplicaSet that is seen is here, whatever was thought before (etcd may have been restored).
 * - What is told of an owner gives the workloads whose verdict changed by it.
 * - A ReplicaSet that is not here is remembered only as long as a workload names it.
 */
export class OwnerLedger {
  readonly #owned = new Map<string, Owned>();
  readonly #owners = new Map<string, Owner>();
  /** Owners in state `unseen`, since only a list about them is of interest. */
  readonly #unseen = new Set<string>();

  /** Namespaces of workloads whose ReplicaSet is neither known to be here nor known to be gone. A list requested now decides about them. */
  get undecided(): ReadonlySet<string> {
    const workloads = [...this.#unseen].flatMap((uid) => [...(this.#owners.get(uid)?.workloads ?? [])]);
    return new Set(workloads.flatMap((key) => this.#owned.get(key)?.owner.namespace ?? []));
  }

  verdictOf(workload: string): OwnerVerdict {
    const owned = this.#owned.get(workload);
    const owner = owned === undefined ? undefined : this.#owners.get(owned.owner.uid);
    return owner?.state === "gone" ? { gone: true, goneDeployment: owner.deployment } : HERE;
  }

  /** A workload came or changed. `order`: the place of this sighting; that of the first one counts. */
  workloadSeen(
    workload: { readonly key: string; readonly uid: string; readonly owner: OwnerReference | undefined },
    order: number,
  ): void {
    const { key, uid, owner } = workload;
    const known = this.#owned.get(key);
    if (known !== undefined && known.uid === uid && known.owner.uid === owner?.uid) return;
    this.workloadGone(key);
    if (owner === undefined) return;
    this.#owned.set(key, { uid, owner, firstSeen: order });
    this.#ownerOf(owner.uid).workloads.add(key);
  }

  workloadGone(key: string): void {
    const known = this.#owned.get(key);
    if (known === undefined) return;
    this.#owned.delete(key);
    this.#owners.get(known.owner.uid)?.workloads.delete(key);
    this.#forget(known.owner.uid);
  }

  ownerSeen(uid: string, deployment: string | undefined): readonly string[] {
    const owner = this.#ownerOf(uid);
    const changed = owner.state === "gone" ? [...owner.workloads] : [];
    owner.state = "here";
    owner.deployment = deployment;
    this.#unseen.delete(uid);
    return changed;
  }

  /** `deployment`: as it was last seen; without it, what `ownerSeen` told stays. */
  ownerDeleted(uid: string, deployment?: string): readonly string[] {
    const owner = this.#owners.get(uid);
    if (owner === undefined || owner.state === "gone") return [];
    owner.deployment = deployment ?? owner.deployment;
    return this.#gone(uid, owner);
  }

  /** A list of ReplicaSets is complete, all of which were told by `ownerSeen`. `namespace`: the one it was made in; undefined for all. */
  ownersListed(requested: number, namespace: string | undefined): readonly string[] {
    const missing = (key: string) => {
      const owned = this.#owned.get(key);
      if (owned === undefined || owned.firstSeen >= requested) return false;
      return namespace === undefined || namespace === owned.owner.namespace;
    };
    return [...this.#unseen].flatMap((uid) => {
      const owner = this.#owners.get(uid);
      return owner !== undefined && [...owner.workloads].some(missing) ? this.#gone(uid, owner) : [];
    });
  }

  #gone(uid: string, owner: Owner): readonly string[] {
    owner.state = "gone";
    this.#unseen.delete(uid);
    this.#forget(uid);
    return [...owner.workloads];
  }

  #ownerOf(uid: string): Owner {
    const known = this.#owners.get(uid);
    if (known !== undefined) return known;
    const owner: Owner = { state: "unseen", deployment: undefined, workloads: new Set() };
    this.#owners.set(uid, owner);
    this.#unseen.add(uid);
    return owner;
  }

  #forget(uid: string): void {
    const owner = this.#owners.get(uid);
    if (owner === undefined || owner.workloads.size > 0 || owner.state === "here") return;
    this.#owners.delete(uid);
    this.#unseen.delete(uid);
  }
}
