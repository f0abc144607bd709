/** Which machine measured: figures of another are not to be compared. */
import { availableParallelism, cpus, release, totalmem } from "node:os";

export function machineLine(envoyVersion: string): string {
  const gib = Math.round(totalmem() / 1024 ** 3);
  const model = cpus()[0]?.model.trim() ?? "unknown";
  return `${availableParallelism()} cores of ${model}, ${gib} GiB, Linux ${release()}, Node ${process.versions.node}, Envoy ${envoyVersion} with one worker`;
}
