/** What the API server holds, as the laboratory sees it: told to the timeline, and waited for. The same with a real operator. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Timeline } from "../timeline.ts";
import type { Access } from "./kube-api.ts";
import { ObjectCache } from "./object-cache.ts";
import {
  conditionOf,
  type Deployment,
  type Host,
  isDeleting,
  isOwnedBy,
  keyOf,
  type ReplicaSet,
  type Stored,
  type Workload,
} from "./objects.ts";

/** Conditions whose changes are told. */
const TOLD: Readonly<Record<string, readonly string[]>> = {
  Host: ["Reporting", "Ready"],
  Workload: ["HostSelection", "Placement", "Sync", "Ready"],
  WorkloadReplicaSet: ["Ready"],
  WorkloadDeployment: ["Ready"],
};

export class Watched {
  readonly hosts: ObjectCache<Host>;
  readonly workloads: ObjectCache<Workload>;
  readonly replicaSets: ObjectCache<ReplicaSet>;
  readonly deployments: ObjectCache<Deployment>;

  constructor(access: Access, timeline: Timeline) {
    this.hosts = new ObjectCache(access, "Host");
    this.workloads = new ObjectCache(access, "Workload");
    this.replicaSets = new ObjectCache(access, "WorkloadReplicaSet");
    this.deployments = new ObjectCache(access, "WorkloadDeployment");
    for (const cache of this.#caches)
      (cache as ObjectCache<Stored>).onChange((now, before) => {
        for (const text of changesOf(now, before)) timeline.note("objects", text);
      });
  }

  get #caches() {
    return [this.hosts, this.workloads, this.replicaSets, this.deployments];
  }

  async start(): Promise<void> {
    await Promise.all(this.#caches.map((cache) => cache.start()));
  }

  stop(): void {
    for (const cache of this.#caches) cache.stop();
  }

  /** Whether a deployment is as its spec asks: one generation, complete and Ready, nothing on its way out `but` what is not minded. */
  isSettled(deployment: Deployment, but: (workload: Workload) => boolean = () => false): boolean {
    const sets = this.replicaSets.all().filter((set) => isOwnedBy(set, deployment));
    const [set] = sets;
    if (set === undefined || sets.length > 1 || isDeleting(set)) return false;
    if (JSON.stringify(set.spec.template) !== JSON.stringify(deployment.spec.template)) return false;
    const { namespace, name } = deployment.metadata;
    const workloads = this.workloads
      .all()
      .filter(({ metadata }) => metadata.namespace === namespace && metadata.name.startsWith(`${name}-`))
      .filter((workload) => !but(workload));
    if (workloads.length !== deployment.spec.replicas) return false;
    return workloads.every(
      (workload) => isOwnedBy(workload, set) && !isDeleting(workload) && conditionOf(workload, "Ready") === "True",
    );
  }

  /** Fulfilled once this holds. @throws when it does not within `boundMs`. */
  async until(what: string, holds: () => boolean, boundMs: number): Promise<void> {
    for (const end = performance.now() + boundMs; !holds(); await sleep(5))
      if (performance.now() > end) throw new Error(`not within ${boundMs / 1000} s: ${what}`);
  }
}

function changesOf(now: Stored | undefined, before: Stored | undefined): readonly string[] {
  const object = now ?? before;
  if (object === undefined) return [];
  const subject = `${object.kind} ${keyOf(object)}`;
  if (now === undefined) return [`${subject} is gone`];
  const changes = (TOLD[object.kind] ?? [])
    .filter((type) => conditionOf(now, type) !== (before === undefined ? "Unknown" : conditionOf(before, type)))
    .map((type) => `${subject}: ${type} is ${conditionOf(now, type)}`);
  if (isDeleting(now) && (before === undefined || !isDeleting(before))) changes.push(`${subject} is being deleted`);
  return before === undefined ? [`${subject} is new`, ...changes] : changes;
}
