/** What all controllers of the operator share. */
import type { Bus } from "../bus/bus.ts";
import type { KubeApi } from "../cluster/kube-api.ts";
import type { ObjectCache } from "../cluster/object-cache.ts";
import { type Deployment, type Host, keyOf, type ReplicaSet, type Stored, type Workload } from "../cluster/objects.ts";
import { firstChange, type Step } from "./conditions.ts";
import type { Tempo } from "./tempo.ts";

export interface Installation {
  readonly api: KubeApi;
  readonly bus: Bus;
  readonly tempo: Tempo;
  readonly hosts: ObjectCache<Host>;
  readonly workloads: ObjectCache<Workload>;
  readonly replicaSets: ObjectCache<ReplicaSet>;
  readonly deployments: ObjectCache<Deployment>;
  /** A ReplicaSet that scales down counts workloads that are being deleted and lists in another order each time, so that it may delete more than it should. */
  readonly overDelete: boolean;
  /** Tells the timeline. */
  readonly tell: (text: string) => void;
}

/** Evaluates conditions and writes the first change. Gives the ms until the next look. */
export async function advance<T extends Stored>(
  { api, tempo }: Pick<Installation, "api" | "tempo">,
  cache: ObjectCache<T>,
  object: T,
  steps: readonly Step[],
  pollMs: number,
): Promise<number> {
  const status = await firstChange(object, steps, new Date().toISOString());
  if (status === undefined) return pollMs;
  cache.put(await api.patchStatus(object, status));
  return tempo.requeueMs;
}

/** Adds a finalizer where it is missing; true if it was. */
export async function addFinalizer<T extends Stored>(
  { api }: Pick<Installation, "api">,
  cache: ObjectCache<T>,
  object: T,
  finalizer: string,
): Promise<boolean> {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(finalizer)) return false;
  cache.put(await api.patch(object, { metadata: { finalizers: [...finalizers, finalizer] } }));
  return true;
}

/** Lets a deleted object go. */
export async function removeFinalizer(
  { api }: Pick<Installation, "api">,
  object: Stored,
  finalizer: string,
): Promise<void> {
  const left = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
  await api.patch(object, { metadata: { finalizers: left.length === 0 ? null : left } });
}

/** Wakes a queue for the owner of what changed, where the owner is of this kind. */
export function ownerKeyOf(object: Stored, kind: string): string | undefined {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.kind === kind);
  return owner === undefined ? undefined : keyOf({ metadata: { ...object.metadata, name: owner.name } });
}
