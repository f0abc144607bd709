/** A Kubernetes cluster with wasmCloud's kinds: API server, etcd and garbage collector, and Signalbox' own manifests for its ServiceAccount. */
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../../kubernetes/api-server.ts";
import { wasmcloudCrds } from "../../kubernetes/crds.ts";
import { startGarbageCollector } from "../../kubernetes/garbage-collector.ts";
import { objectsOf } from "../../kubernetes/kustomization.ts";
import { OPERATOR_NAMESPACE } from "./objects.ts";

const BASE = join(import.meta.dirname, "../../../k8s/base");

/** Of k8s/base, what lets Signalbox in; the rest needs nodes. */
const ADMITTANCE: ReadonlySet<string> = new Set(["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"]);

export interface Cluster {
  readonly server: ApiServer;
  readonly adminKubeconfig: string;
  /** Of the ServiceAccount that k8s/base makes. */
  readonly signalboxKubeconfig: string;
  stop(): Promise<void>;
}

export async function startCluster(namespaces: readonly string[]): Promise<Cluster> {
  await using ends = new AsyncDisposableStack();
  const server = await startApiServer();
  ends.defer(() => server.stop());
  for (const crd of wasmcloudCrds("Namespaced")) await server.admin.apply(crd);
  for (const name of [OPERATOR_NAMESPACE, ...namespaces])
    await server.admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  for (const object of objectsOf(BASE)) if (ADMITTANCE.has(object.kind)) await server.admin.apply(object);
  const adminKubeconfig = await server.adminKubeconfig();
  const signalboxKubeconfig = await server.kubeconfigFor("signalbox", "signalbox");
  const collector = await startGarbageCollector(adminKubeconfig);
  ends.defer(() => collector.stop());
  const kept = ends.move();
  return { server, adminKubeconfig, signalboxKubeconfig, stop: () => kept.disposeAsync() };
}
