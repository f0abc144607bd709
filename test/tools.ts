/**
 * `npm run test:tools`: has everything at hand that the tests run against, before the first of them begins, so that none competes with a build for
 * the machine: Envoys from the Python package index; kube-apiserver, etcd and Kubernetes' garbage collector, and the Go modules of our own Go programs,
 * from the Go module proxy. Once per machine; afterwards it takes no time.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { findEnvoy, OLDEST_ENVOY } from "../src/cli/envoy-binary.ts";
import { apiServerBinaries } from "./kubernetes/api-server-binaries.ts";
import { builtBinaries } from "./kubernetes/go-build.ts";

try {
  const onFetch = (version: string): void => console.log(`fetching Envoy ${version} …`);
  for (const wish of [{}, { version: OLDEST_ENVOY }]) {
    const { path } = await findEnvoy({ ...wish, onFetch });
    console.log(`Envoy: ${path}`);
  }
  const { apiServer, etcd } = await apiServerBinaries();
  console.log(`kube-apiserver: ${apiServer}\netcd: ${etcd}`);
  const [garbageCollector] = await builtBinaries(["garbage-collector"]);
  console.log(`garbage collector: ${garbageCollector}`);
  // Builds into Go's own cache: a test that builds it again waits for nothing.
  await promisify(execFile)("go", ["build", "./..."], { cwd: join(import.meta.dirname, "bench/go-control-plane") });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
