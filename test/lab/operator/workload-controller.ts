/** Workload → Config, HostSelection, Placement, Sync, Ready; stopped on its host when it is deleted. As in the operator, a look follows its own writes at once. */
import {
  conditionOf,
  type Host,
  isDeleting,
  isOwnedBy,
  keyOf,
  type Stored,
  type Workload,
} from "../cluster/objects.ts";
import type { Outcome, Step } from "./conditions.ts";
import { addFinalizer, advance, type Installation, removeFinalizer } from "./installation.ts";
import { WorkQueue } from "./work-queue.ts";

const FINALIZER = "runtime.wasmcloud.dev/workload-finalizer";

export function startWorkloadController(installation: Installation): WorkQueue {
  const { workloads, tell } = installation;
  const queue = new WorkQueue(
    (key) => reconcile(installation, workloads.get(key)),
    (key, error) => tell(`Workload ${key}: ${String(error)}`),
  );
  workloads.onChange((now) => now !== undefined && queue.add(keyOf(now)));
  return queue;
}

async function reconcile(installation: Installation, workload: Workload | undefined): Promise<number | undefined> {
  if (workload === undefined) return undefined;
  if (isDeleting(workload)) {
    if (workload.metadata.finalizers?.includes(FINALIZER) === true) await finalize(installation, workload);
    return undefined;
  }
  const { workloads, tempo } = installation;
  if (await addFinalizer(installation, workloads, workload, FINALIZER)) return tempo.requeueMs;
  return await advance(installation, workloads, workload, stepsOf(installation, workload), tempo.workloadPollMs);
}

/** A workload that was never placed, and one whose host does not answer, go without a Stop; the host may serve the latter for ever. */
async function finalize(installation: Installation, workload: Workload): Promise<void> {
  const { bus, tempo, tell } = installation;
  const { hostId, workloadId } = workload.status ?? {};
  if (conditionOf(workload, "Placement") === "True" && hostId !== undefined && workloadId !== undefined)
    await bus
      .request(hostId, "stop", { workloadId }, tempo.stopTimeoutMs)
      .catch((error: unknown) => tell(`Workload ${keyOf(workload)} may be left on its host: ${String(error)}`));
  await removeFinalizer(installation, workload, FINALIZER);
}

const stepsOf = (installation: Installation, workload: Workload): readonly Step[] => [
  { type: "Config", evaluate: () => ({ status: "True" }) },
  { type: "HostSelection", evaluate: () => selected(installation, workload) },
  { type: "Placement", evaluate: () => placed(installation, workload) },
  { type: "Sync", evaluate: () => synced(installation, workload) },
  { type: "Ready", evaluate: () => ({ status: isRunning(workload) ? "True" : "False" }) },
];

const isRunning = (workload: Workload): boolean =>
  conditionOf(workload, "Placement") === "True" && conditionOf(workload, "Sync") === "True";

/** A host that was chosen is never chosen again. */
function selected({ hosts, workloads }: Installation, workload: Workload): Outcome {
  if (workload.status?.hostId !== undefined) return { status: "True" };
  const host = emptiest(
    hosts.all().filter((candidate) => fits(candidate, workload)),
    workloads.all().filter((other) => sameOwner(other, workload)),
  );
  if (host === undefined) return { status: "False", message: "no suitable host found" };
  return { status: "True", fields: { hostId: host.hostId, environment: String(host["environment"] ?? "") } };
}

function fits(host: Host, { spec }: Workload): boolean {
  if (isDeleting(host) || conditionOf(host, "Ready") !== "True") return false;
  if (spec.hostId !== undefined) return spec.hostId === host.hostId;
  return Object.entries(spec.hostSelector ?? {}).every(([label, value]) => host.metadata.labels?.[label] === value);
}

/** Replicas of one ReplicaSet are spread, so that a scenario can count on more than one host; among equals, chance. */
function emptiest(hosts: readonly Host[], siblings: readonly Workload[]): Host | undefined {
  const loadOf = (host: Host): number => siblings.filter(({ status }) => status?.hostId === host.hostId).length;
  const least = Math.min(...hosts.map(loadOf));
  const candidates = hosts.filter((host) => loadOf(host) === least);
  return candidates[Math.floor(Math.random() * candidates.length)];
}

const sameOwner = (a: Workload, b: Workload): boolean =>
  a.metadata.ownerReferences?.some(({ uid }) => isOwnedBy(b, { metadata: { uid } } as Stored)) === true;

/** True as soon as the host has answered, whatever it answered: an ERROR shows in Sync. */
async function placed({ bus, tempo }: Installation, workload: Workload): Promise<Outcome> {
  const { hostId, workloadId } = workload.status ?? {};
  if (workloadId !== undefined) return { status: "True" };
  if (hostId === undefined) return { status: "False", message: "no host" };
  const { uid, namespace, name } = workload.metadata;
  const order = { workloadId: uid, workload: `${namespace}/${name}`, namespace, spec: workload.spec };
  try {
    await bus.request(hostId, "start", order, tempo.startTimeoutMs);
    return { status: "True", fields: { workloadId: uid } };
  } catch (error) {
    return { status: "False", message: String(error) };
  }
}

async function synced({ bus, tempo }: Installation, workload: Workload): Promise<Outcome> {
  const { hostId, workloadId } = workload.status ?? {};
  if (hostId === undefined || workloadId === undefined) return { status: "False", message: "not placed" };
  try {
    const state = await bus.request(hostId, "status", { workloadId }, tempo.statusTimeoutMs);
    // A service that has ended by itself is COMPLETED, which is as good as running to the operator.
    return state === "RUNNING" || state === "COMPLETED"
      ? { status: "True" }
      : { status: "False", message: `state ${String(state)}` };
  } catch (error) {
    return { status: "False", message: String(error) };
  }
}
