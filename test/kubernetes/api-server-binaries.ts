/**
 * Where `kube-apiserver` and `etcd` come from: the folder that KUBEBUILDER_ASSETS names, else PATH, else both are built once from their Go
 * modules into the cache folder, without root and without Docker. The first build takes 3 to 6 minutes on two cores; every later run none.
 */
import { join } from "node:path";
import { builtBinaries, executable, inPath } from "./go-build.ts";

export interface ApiServerBinaries {
  readonly etcd: string;
  readonly apiServer: string;
}

/** Both binaries, ready to run. Parallel callers, in this process or others, build once: the rest waits. */
export async function apiServerBinaries(): Promise<ApiServerBinaries> {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  if (assets !== undefined && assets !== "") {
    const found = { etcd: join(assets, "etcd"), apiServer: join(assets, "kube-apiserver") };
    for (const path of Object.values(found))
      if (!executable(path))
        throw new Error(`KUBEBUILDER_ASSETS is ${assets}, but ${path} is not there or not executable`);
    return found;
  }
  const onPath = { etcd: inPath("etcd"), apiServer: inPath("kube-apiserver") };
  if (onPath.etcd !== undefined && onPath.apiServer !== undefined)
    return { etcd: onPath.etcd, apiServer: onPath.apiServer };
  const [apiServer, etcd] = await builtBinaries(["kube-apiserver", "etcd"]);
  return { etcd, apiServer };
}
