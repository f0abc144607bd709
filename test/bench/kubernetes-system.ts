/** Signalbox with a cluster: a real kube-apiserver on its own etcd; per hostname a WorkloadDeployment, its ReplicaSet and one Workload. */
import type { AdminClient, KubernetesObject } from "../kubernetes/api-admin.ts";
import { startApiServer } from "../kubernetes/api-server.ts";
import { wasmcloudCrds } from "../kubernetes/crds.ts";
import { atOnce } from "./at-once.ts";
import { monotonicMs } from "./clock.ts";
import { writeConfiguration } from "./configuration.ts";
import {
  deploymentObject,
  HOST_NAMESPACE,
  HOST_STATUS,
  hostObject,
  NAMESPACE,
  type Owner,
  replicaSetObject,
  workloadObject,
  workloadStatus,
} from "./objects.ts";
import type { Setting } from "./setting.ts";
import { startSignalbox } from "./signalbox.ts";
import type { System, Written } from "./system.ts";

const ROOT = "/apis/runtime.wasmcloud.dev/v1alpha1";
const PLURALS: Readonly<Record<string, string>> = {
  Host: "hosts",
  Workload: "workloads",
  WorkloadReplicaSet: "workloadreplicasets",
  WorkloadDeployment: "workloaddeployments",
};

const collectionOf = ({ kind, metadata }: KubernetesObject): string =>
  `${ROOT}/namespaces/${metadata.namespace}/${PLURALS[kind]}`;

const create = async (admin: AdminClient, object: KubernetesObject): Promise<Owner> =>
  (await admin.request("POST", collectionOf(object), object)) as Owner;

async function setStatus(admin: AdminClient, object: KubernetesObject, status: object): Promise<Written> {
  const path = `${collectionOf(object)}/${object.metadata.name}/status`;
  const at = monotonicMs();
  await admin.request("PATCH", path, { status }, "application/merge-patch+json");
  return { at, tookMs: monotonicMs() - at };
}

export async function startKubernetesSystem(setting: Setting): Promise<System> {
  const { folder, ports, scenario, main } = setting;
  const server = await startApiServer();
  try {
    const { admin } = server;
    for (const crd of wasmcloudCrds("Namespaced")) await admin.apply(crd);
    for (const name of [HOST_NAMESPACE, NAMESPACE])
      await admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    for (const [host, port] of ports.entries()) {
      await create(admin, hostObject(host, port));
      await setStatus(admin, hostObject(host, port), HOST_STATUS);
    }
    const prepare = async (hostname: string): Promise<void> => {
      const deployment = await create(admin, deploymentObject(hostname));
      const replicaSet = await create(admin, replicaSetObject(hostname, deployment));
      await create(admin, workloadObject(hostname, replicaSet));
    };
    const appear = (hostname: string, host: number): Promise<Written> =>
      setStatus(admin, workloadObject(hostname), workloadStatus(hostname, host));
    await atOnce([...scenario.placed], async ([hostname, host]) => {
      await prepare(hostname);
      await appear(hostname, host);
    });
    const source = { kubernetes: { kubeconfig: await server.adminKubeconfig() } };
    const signalbox = await startSignalbox(await writeConfiguration(folder, { ...setting, source }), main);
    return {
      ...signalbox,
      move: appear,
      prepare,
      appear,
      stop: async () => {
        await signalbox.stop();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
