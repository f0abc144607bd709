/** The API server's objects as they were at one time, and what they say a replica is worth. Reads the rules of ARCHITECTURE (placement 3 and 9) anew. */

import type { Fact } from "./facts.ts";
import { addressOf, deploymentOf, setOf } from "./names.ts";

/**
 * - absent: not Ready yet.
 * - ready.
 * - draining: for whom nobody ready is left; it is about to stop.
 * - lost: was Ready, and is not any more, or its host is given up. To be believed or doubted, as many others are lost or not.
 * - doubted: lost while the message bus is, which takes everything at once: it has to stay, as draining.
 */
export type Phase = "absent" | "ready" | "draining" | "lost" | "doubted";

interface Then {
  readonly since: number;
  readonly ready: boolean;
  /** Not Ready for certain; a Host that is Unknown is used as before. */
  readonly refused: boolean;
  readonly deleting: boolean;
  readonly gone: boolean;
}

const NEW = { ready: false, refused: false, deleting: false, gone: false } as const;

export class ObjectsThen {
  readonly #workloads = new Map<string, Then>();
  /** By address, then by name. */
  readonly #hosts = new Map<string, Map<string, Then>>();
  /** By deployment, then by name. */
  readonly #sets = new Map<string, Map<string, Then>>();
  readonly #deployments = new Map<string, Then>();
  readonly #away = new Set<string>();
  #forgotten = false;

  /** Takes the next fact by time. */
  take(fact: Fact): void {
    this.#forgotten = fact.is === "down" && fact.part === "signalbox";
    if (fact.is === "down") this.#away.add(fact.part); // one of several that knew it may be the one that is left: nobody can say
    if (fact.is === "up") this.#away.delete(fact.part);
    if (fact.is !== "object") return;
    const objects = this.#objectsOf(fact);
    const known = objects.get(fact.name);
    const before = known === undefined || fact.now === "new" ? { ...NEW, since: fact.at } : known;
    objects.set(fact.name, changed(before, fact));
  }

  #objectsOf({ kind, name }: Extract<Fact, { is: "object" }>): Map<string, Then> {
    if (kind === "Workload") return this.#workloads;
    if (kind === "WorkloadDeployment") return this.#deployments;
    const [groups, group] = kind === "Host" ? [this.#hosts, addressOf(name)] : [this.#sets, deploymentOf(name)];
    const objects = groups.get(group) ?? new Map<string, Then>();
    groups.set(group, objects);
    return objects;
  }

  /** `before`: what it was until the last fact. */
  phaseOf({ replica, host }: { readonly replica: string; readonly host: string }, before: Phase): Phase {
    const workload = this.#workloads.get(replica);
    const places = this.#hosts.get(addressOf(host)) ?? new Map<string, Then>();
    const place = places.get(host);
    if (workload === undefined || (before === "absent" && !workload.ready)) return "absent";
    if (!workload.ready || workload.gone || place === undefined || place.refused) return this.#lost(before);
    // A drained host is gone before its workloads have been stopped one by one.
    if (place.gone && !(place.deleting && workload.deleting)) return this.#lost(before);
    // A host that restarted in place: another process has its address.
    for (const other of places.values())
      if (!other.gone && !other.deleting && other.since > place.since) return this.#lost(before);
    if (workload.deleting || place.deleting) return "draining";
    return this.#ownersStand(setOf(replica)) ? "ready" : "draining";
  }

  #lost(before: Phase): Phase {
    if (before === "absent" || before === "lost") return before;
    // Who was not there when it was lost, or begins anew, has nothing that could be doubted.
    if (!this.#away.has("bus") || this.#away.has("signalbox") || this.#forgotten) return "lost";
    return "doubted";
  }

  /** Whether its ReplicaSet is there, its deployment is, and no newer ReplicaSet has taken over. */
  #ownersStand(name: string): boolean {
    const deployment = this.#deployments.get(deploymentOf(name));
    const sets = this.#sets.get(deploymentOf(name)) ?? new Map<string, Then>();
    const set = sets.get(name);
    if (set === undefined || set.deleting || set.gone) return false;
    if (deployment === undefined || deployment.deleting || deployment.gone) return false;
    return ![...sets.values()].some(
      ({ ready, deleting, gone, since }) => ready && !deleting && !gone && since > set.since,
    );
  }
}

function changed(before: Then, { kind, now }: Extract<Fact, { is: "object" }>): Then {
  switch (now) {
    case "new":
      return before;
    case "ready":
      return { ...before, ready: true, refused: false };
    case "not-ready":
      return { ...before, ready: false, refused: true };
    case "unknown":
      return kind === "Host" ? before : { ...before, ready: false };
    case "deleting":
      return { ...before, deleting: true };
    case "gone":
      return { ...before, gone: true };
  }
}
