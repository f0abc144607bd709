/** Which machine measured: figures of another are not to be compared. */
import { availableParallelism, cpus, release, totalmem } from "node:os";

/** With the Envoy that took part, if one did. */
export function machineLine(envoyVersion: string | undefined): string {
  const gib = Math.round(totalmem() / 1024 ** 3);
  const model = cpus()[0]?.model.trim() ?? "unknown";
  const envoy = envoyVersion === undefined ? "" : `, Envoy ${envoyVersion} with one worker`;
  return `${availableParallelism()} cores of ${model}, ${gib} GiB, Linux ${release()}, Node ${process.versions.node}${envoy}`;
}
