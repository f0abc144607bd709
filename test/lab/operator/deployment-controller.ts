/**
 * WorkloadDeployment → its ReplicaSets: a new one, complete and at once, for every template; the one before goes when the new one is Ready. A template that
 * changes meanwhile, and the policy Recreate, lose the serving one too early, as in the operator.
 */
import { createHash } from "node:crypto";
import {
  API_VERSION,
  conditionOf,
  type Deployment,
  isDeleting,
  isOwnedBy,
  keyOf,
  type ReplicaSet,
} from "../cluster/objects.ts";
import type { Outcome } from "./conditions.ts";
import { advance, type Installation, ownerKeyOf } from "./installation.ts";
import { GENERATION } from "./replica-set-controller.ts";
import { WorkQueue } from "./work-queue.ts";

export function startDeploymentController(installation: Installation): WorkQueue {
  const { deployments, replicaSets, tell } = installation;
  const queue = new WorkQueue(
    (key) => reconcile(installation, deployments.get(key)),
    (key, error) => tell(`WorkloadDeployment ${key}: ${String(error)}`),
  );
  deployments.onChange((now) => now !== undefined && queue.add(keyOf(now)));
  replicaSets.onChange((now, before) => {
    const changed = now ?? before;
    const owner = changed === undefined ? undefined : ownerKeyOf(changed, "WorkloadDeployment");
    if (owner !== undefined) queue.add(owner);
  });
  return queue;
}

async function reconcile(installation: Installation, deployment: Deployment | undefined): Promise<number | undefined> {
  if (deployment === undefined || isDeleting(deployment)) return undefined;
  const { deployments, tempo } = installation;
  const steps = [
    { type: "Artifact", evaluate: (): Outcome => ({ status: "True" }) },
    { type: "Sync", evaluate: () => synced(installation, deployment) },
    { type: "Deploy", evaluate: () => deployed(installation, deployment) },
    { type: "Scale", evaluate: () => scaled(installation, deployment) },
    { type: "Ready", evaluate: (): Outcome => ({ status: conditionOf(deployment, "Scale") }) },
  ];
  return await advance(installation, deployments, deployment, steps, tempo.ownerPollMs);
}

/** Of the template's spec alone: labels and annotations do not make a new generation. */
export const generationOf = ({ spec }: Deployment): string =>
  createHash("sha256").update(JSON.stringify(spec.template.spec)).digest("hex").slice(0, 9);

function currentOf({ replicaSets }: Installation, { metadata, status }: Deployment): ReplicaSet | undefined {
  const name = status?.currentReplicaSet?.name;
  return name === undefined ? undefined : replicaSets.get(keyOf({ metadata: { ...metadata, name } }));
}

const isCurrent = (set: ReplicaSet | undefined, deployment: Deployment): boolean =>
  set?.metadata.annotations?.[GENERATION] === generationOf(deployment);

function synced(installation: Installation, deployment: Deployment): Outcome {
  const current = currentOf(installation, deployment);
  if (current === undefined) return { status: "Unknown", message: "there is no replica set" };
  return isCurrent(current, deployment) ? { status: "True" } : { status: "False", message: "the template has changed" };
}

async function deployed(installation: Installation, deployment: Deployment): Promise<Outcome> {
  const current = currentOf(installation, deployment);
  if (isCurrent(current, deployment)) return { status: "True" };
  const { namespace, name, uid, labels } = deployment.metadata;
  const generation = generationOf(deployment);
  const owner = {
    apiVersion: API_VERSION,
    kind: deployment.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  const metadata = {
    namespace,
    name: `${name}-${generation}`,
    labels: labels ?? {},
    annotations: { [GENERATION]: generation },
    ownerReferences: [owner],
  };
  const { replicas, template } = deployment.spec;
  // One that was made just before the operator died is taken for its own.
  const known = installation.replicaSets.get(keyOf({ metadata }));
  const made =
    known ??
    (await installation.api.create({
      apiVersion: API_VERSION,
      kind: "WorkloadReplicaSet",
      metadata,
      spec: { replicas, template },
    }));
  installation.replicaSets.put(made);
  const previous = deployment.spec.deployPolicy === "Recreate" ? undefined : current?.metadata.name;
  const fields = {
    currentReplicaSet: { name: made.metadata.name },
    ...(previous === undefined ? {} : { previousReplicaSet: { name: previous } }),
  };
  return { status: "True", fields };
}

async function scaled(installation: Installation, deployment: Deployment): Promise<Outcome> {
  const { api, replicaSets } = installation;
  const current = currentOf(installation, deployment);
  if (current === undefined) return { status: "Unknown" };
  const previous = deployment.status?.previousReplicaSet?.name;
  for (const set of replicaSets.all())
    if (isOwnedBy(set, deployment) && set.metadata.name !== current.metadata.name && set.metadata.name !== previous)
      await api.delete(set);
  if (current.spec.replicas !== deployment.spec.replicas) {
    replicaSets.put(await api.patch(current, { spec: { replicas: deployment.spec.replicas } }));
    return { status: "Unknown", message: "scaling" };
  }
  if (conditionOf(current, "Ready") !== "True")
    return { status: "Unknown", message: "the replica set is not available" };
  if (previous === undefined) return { status: "True" };
  const old = replicaSets.get(keyOf({ metadata: { ...deployment.metadata, name: previous } }));
  if (old !== undefined) await api.delete(old);
  return { status: "True", fields: { previousReplicaSet: null } };
}
