/** Host objects: made by heartbeats, probed, given up, and with them all that is placed there. */
import { API_VERSION, conditionOf, type Host, isDeleting, keyOf, OPERATOR_NAMESPACE } from "../cluster/objects.ts";
import type { Outcome } from "./conditions.ts";
import { addFinalizer, advance, type Installation, removeFinalizer } from "./installation.ts";
import { WorkQueue } from "./work-queue.ts";

const FINALIZER = "runtime.wasmcloud.dev/host-finalizer";

/** What a host says of itself. */
export interface Heartbeat {
  readonly hostId: string;
  readonly friendlyName: string;
  readonly hostname: string;
  readonly httpPort: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly environment: string;
}

export function startHostController(installation: Installation): WorkQueue {
  const { hosts, tell } = installation;
  const queue = new WorkQueue(
    (key) => reconcile(installation, hosts.get(key)),
    (key, error) => tell(`Host ${key}: ${String(error)}`),
  );
  // Status changes do not wake it (the operator filters by generation), which a deletion moves too.
  hosts.onChange((now, before) => {
    if (now !== undefined && now.metadata.generation !== before?.metadata.generation) queue.add(keyOf(now));
  });
  return queue;
}

/** A heartbeat makes the Host or refreshes its lastSeen; one that arrives after a deletion makes it anew. */
export async function takeHeartbeat({ api, hosts }: Installation, heartbeat: Heartbeat): Promise<void> {
  const { friendlyName: name, hostId, hostname, httpPort, labels, environment } = heartbeat;
  const metadata = { namespace: OPERATOR_NAMESPACE, name, labels };
  const known = hosts.get(keyOf({ metadata } as Host));
  const host =
    known ??
    (await api.create({ apiVersion: API_VERSION, kind: "Host", metadata, hostId, hostname, httpPort, environment }));
  await api.patchStatus(host, { lastSeen: `${new Date().toISOString().slice(0, 19)}Z` });
}

async function reconcile(installation: Installation, host: Host | undefined): Promise<number | undefined> {
  if (host === undefined) return undefined;
  if (isDeleting(host)) {
    if (host.metadata.finalizers?.includes(FINALIZER) === true) await finalize(installation, host);
    return undefined;
  }
  const { api, hosts, tempo } = installation;
  if (await addFinalizer(installation, hosts, host, FINALIZER)) return tempo.requeueMs;
  const again = await advance(
    installation,
    hosts,
    host,
    [
      { type: "Reporting", evaluate: () => reporting(installation, host) },
      { type: "Ready", evaluate: () => ready(installation, host) },
    ],
    tempo.hostPollMs,
  );
  const now = hosts.get(keyOf(host));
  if (now !== undefined && conditionOf(now, "Ready") === "False") await api.delete(now);
  return again;
}

async function reporting({ bus, tempo }: Installation, { hostId }: Host): Promise<Outcome> {
  try {
    await bus.request(hostId, "heartbeat", {}, tempo.probeTimeoutMs);
    return { status: "True" };
  } catch (error) {
    return { status: "False", message: String(error) };
  }
}

/** Unknown while the last heartbeat is young, which one unanswered probe is enough for. */
function ready({ tempo }: Installation, host: Host): Outcome {
  if (conditionOf(host, "Reporting") === "True") return { status: "True" };
  const lastSeen = Date.parse(host.status?.lastSeen ?? host.metadata.creationTimestamp);
  return { status: lastSeen + tempo.hostTtlMs > Date.now() ? "Unknown" : "False", message: "host does not report" };
}

async function finalize(installation: Installation, host: Host): Promise<void> {
  const { api, workloads } = installation;
  for (const workload of workloads.all()) if (workload.status?.hostId === host.hostId) await api.delete(workload);
  await removeFinalizer(installation, host, FINALIZER);
}
