/** The garbage collector of a cluster: without it, what an owner leaves behind stays for ever. */
import { type Child, startChild } from "../../src/cli/child.ts";
import { builtBinaries } from "./go-build.ts";

/**
 * Starts the real one, of kube-controller-manager (garbage-collector/main.go says how), as an administrator. Kinds that are served now are looked after from
 * the start. It has its dependents' graph when it says so in no way: what it was too late for it deletes as soon as it has it.
 */
export async function startGarbageCollector(kubeconfig: string): Promise<Child> {
  const [command] = await builtBinaries(["garbage-collector"]);
  return await startChild({ name: "garbage collector", command, args: ["-kubeconfig", kubeconfig] });
}
