/** An Envoy as Contour's manifests start it: the bootstrap that `contour bootstrap` 1.33.8 writes, but for the address of its control plane and the folder of its admin socket. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import written from "./contour-bootstrap.json" with { type: "json" };
import { type EnvoyProcess, startEnvoy } from "./envoy-process.ts";

export interface ContourEnvoyOptions {
  readonly test: TestContext;
  readonly xdsPort: number;
  readonly version: string;
  /** Name of the pod. Its namespace, projectcontour, is the node's cluster. */
  readonly pod: string;
  /** What `contour bootstrap` adds to the cluster `contour` when it is given certificates. */
  readonly transportSocket?: Readonly<Record<string, unknown>>;
}

/** Started; ready or not. Ended with the test. */
export async function startContourEnvoy(options: ContourEnvoyOptions): Promise<EnvoyProcess> {
  const { test, xdsPort, version, pod, transportSocket } = options;
  const folder = await mkdtemp(join(tmpdir(), "contour-admin-"));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const bootstrap = JSON.parse(
    JSON.stringify(written)
      .replaceAll("/run/admin/admin.sock", join(folder, "admin.sock"))
      .replaceAll('"port_value":8001', `"port_value":${xdsPort}`),
  );
  if (transportSocket !== undefined) bootstrap.static_resources.clusters[0].transport_socket = transportSocket;
  const args = ["--service-cluster", "projectcontour", "--service-node", pod];
  return await startEnvoy({ bootstrap, test, version, args });
}
