/**
 * The operator, pretended: a process of its own that knows the API server and the bus, and nothing of Signalbox. Its argument is OperatorOptions as JSON; its
 * output, one JSON event per line.
 */
import { Bus, OPERATOR } from "../bus/bus.ts";
import { accessOf, KubeApi } from "../cluster/kube-api.ts";
import { ObjectCache } from "../cluster/object-cache.ts";
import { eventLine } from "../event.ts";
import { startDeploymentController } from "./deployment-controller.ts";
import { type Heartbeat, startHostController, takeHeartbeat } from "./host-controller.ts";
import type { Installation } from "./installation.ts";
import { startReplicaSetController } from "./replica-set-controller.ts";
import { TEMPOS, type TempoName } from "./tempo.ts";
import { startWorkloadController } from "./workload-controller.ts";

export interface OperatorOptions {
  readonly kubeconfig: string;
  readonly busPort: number;
  readonly tempo: TempoName;
  readonly overDelete: boolean;
}

async function main({ kubeconfig, busPort, tempo, overDelete }: OperatorOptions): Promise<void> {
  const access = await accessOf(kubeconfig);
  const tell = (text: string): void => console.log(eventLine(text));
  const bus = new Bus(OPERATOR, busPort, async (call, body) => {
    if (call === "heartbeat")
      await takeHeartbeat(installation, body as Heartbeat).catch((error: unknown) =>
        tell(`heartbeat: ${String(error)}`),
      );
  });
  const installation: Installation = {
    api: new KubeApi(access),
    bus,
    tempo: TEMPOS[tempo],
    hosts: new ObjectCache(access, "Host"),
    workloads: new ObjectCache(access, "Workload"),
    replicaSets: new ObjectCache(access, "WorkloadReplicaSet"),
    deployments: new ObjectCache(access, "WorkloadDeployment"),
    overDelete,
    tell,
  };
  startHostController(installation);
  startWorkloadController(installation);
  startReplicaSetController(installation);
  startDeploymentController(installation);
  const { hosts, workloads, replicaSets, deployments } = installation;
  await Promise.all([hosts, workloads, replicaSets, deployments].map((cache) => cache.start()));
  bus.connect();
  tell("runs");
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "{}") as OperatorOptions);
