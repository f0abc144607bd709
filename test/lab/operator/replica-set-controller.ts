/** WorkloadReplicaSet → its Workloads: all at once when there are too few, arbitrary ones away when there are too many, unhealthy ones replaced. */
import { randomBytes } from "node:crypto";
import {
  API_VERSION,
  conditionOf,
  isDeleting,
  isOwnedBy,
  keyOf,
  type ReplicaSet,
  type Workload,
} from "../cluster/objects.ts";
import type { Outcome } from "./conditions.ts";
import { advance, type Installation, ownerKeyOf } from "./installation.ts";
import { WorkQueue } from "./work-queue.ts";

export const GENERATION = "runtime.wasmcloud.dev/workload-replica-set-generation";

export function startReplicaSetController(installation: Installation): WorkQueue {
  const { replicaSets, workloads, tell } = installation;
  const queue = new WorkQueue(
    (key) => reconcile(installation, replicaSets.get(key)),
    (key, error) => tell(`WorkloadReplicaSet ${key}: ${String(error)}`),
  );
  replicaSets.onChange((now) => now !== undefined && queue.add(keyOf(now)));
  workloads.onChange((now, before) => {
    const changed = now ?? before;
    const owner = changed === undefined ? undefined : ownerKeyOf(changed, "WorkloadReplicaSet");
    if (owner !== undefined) queue.add(owner);
  });
  return queue;
}

async function reconcile(installation: Installation, set: ReplicaSet | undefined): Promise<number | undefined> {
  if (set === undefined || isDeleting(set)) return undefined;
  const { replicaSets, tempo } = installation;
  const steps = [
    { type: "ScaleUp", evaluate: () => scaleUp(installation, set) },
    { type: "ScaleDown", evaluate: () => scaleDown(installation, set) },
    { type: "Ready", evaluate: () => ready(installation, set) },
  ];
  return await advance(installation, replicaSets, set, steps, tempo.ownerPollMs);
}

/** In another order every time, as the keys of a Go map. */
function ownedBy(installation: Installation, set: ReplicaSet): readonly Workload[] {
  const owned = installation.workloads.all().filter((workload) => isOwnedBy(workload, set));
  return owned
    .map((workload) => [Math.random(), workload] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, workload]) => workload);
}

/** Those being deleted count as there: replacements wait for finalizers. */
async function scaleUp(installation: Installation, set: ReplicaSet): Promise<Outcome> {
  const { api, workloads, tempo } = installation;
  await replaceUnhealthy(installation, set, tempo.unhealthyGraceMs);
  const { namespace, name, uid, annotations = {} } = set.metadata;
  for (let there = ownedBy(installation, set).length; there < set.spec.replicas; there++) {
    const owner = { apiVersion: API_VERSION, kind: set.kind, name, uid, controller: true, blockOwnerDeletion: true };
    const metadata = {
      namespace,
      name: `${name}-${randomBytes(3).toString("hex")}`,
      annotations: { [GENERATION]: annotations[GENERATION] ?? "" },
      ownerReferences: [owner],
    };
    const { spec } = set.spec.template;
    workloads.put(await api.create({ apiVersion: API_VERSION, kind: "Workload", metadata, spec }));
  }
  return { status: "True" };
}

async function replaceUnhealthy(installation: Installation, set: ReplicaSet, graceMs: number): Promise<void> {
  for (const workload of ownedBy(installation, set)) {
    const sync = workload.status?.conditions?.find(({ type }) => type === "Sync");
    if (isDeleting(workload) || sync === undefined || sync.status === "True") continue;
    if (Date.parse(sync.lastTransitionTime ?? "") + graceMs < Date.now()) await installation.api.delete(workload);
  }
}

async function scaleDown(installation: Installation, set: ReplicaSet): Promise<Outcome> {
  const owned = ownedBy(installation, set);
  const counted = installation.overDelete ? owned : owned.filter((workload) => !isDeleting(workload));
  for (const workload of counted.slice(set.spec.replicas)) {
    if (isDeleting(workload)) continue;
    const left = await installation.api.delete(workload);
    if (left !== undefined) installation.workloads.put(left); // the next pass may come before the watch has told
  }
  return { status: "True" };
}

function ready(installation: Installation, set: ReplicaSet): Outcome {
  const owned = ownedBy(installation, set);
  const missing = owned.filter((workload) => conditionOf(workload, "Ready") !== "True").length;
  if (missing > 0) return { status: "False", message: `${missing} workloads are not available` };
  if (owned.length !== set.spec.replicas) return { status: "False", message: `${owned.length} workloads` };
  return { status: "True" };
}
