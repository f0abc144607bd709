/** How long a deployment is without any replica, and how soon after its first new one every proxy serves it. */
import type { Deployments } from "../cluster/deployments.ts";
import { conditionOf, isDeleting, keyOf } from "../cluster/objects.ts";
import type { Laboratory } from "../laboratory.ts";
import { answeredBy } from "./answers-everywhere.ts";
import { MEASURED } from "./scenario.ts";

export interface Recovery {
  /** From the end of its last old Workload to the first new one that is Ready, in ms; less than 0 if they were there at one time. */
  readonly awayMs: number;
  /** From the first new Workload that is Ready to the first answer of a new replica, in ms, for each proxy. */
  readonly answeredMs: readonly number[];
}

/** Of what happens to this deployment from now on, up to the first answer everywhere. */
export async function recoveryOf(
  lab: Laboratory,
  {
    deployments,
    name,
    hostname,
  }: { readonly deployments: Deployments; readonly name: string; readonly hostname: string },
): Promise<Recovery> {
  const began = performance.now();
  const old = new Set(deployments.replicasOf(name).map(({ metadata }) => metadata.uid));
  const isNew = (replica: string): boolean =>
    deployments.replicasOf(name).some((workload) => keyOf(workload) === replica && !old.has(workload.metadata.uid));
  let goneAt = began;
  let left = old.size;
  const ready = Promise.withResolvers<number>();
  const stop = lab.watched.workloads.onChange((now, before) => {
    const uid = (now ?? before)?.metadata.uid ?? "";
    if (now === undefined && old.has(uid)) {
      left -= 1;
      goneAt = performance.now();
    }
    if (now === undefined || old.has(uid) || isDeleting(now) || conditionOf(now, "Ready") !== "True") return;
    if (deployments.replicasOf(name).some(({ metadata }) => metadata.uid === uid)) ready.resolve(performance.now());
  });
  const readyAt = await ready.promise;
  const answeredMs = await answeredBy(lab, hostname, isNew);
  stop();
  return { awayMs: left > 0 ? Number.NEGATIVE_INFINITY : readyAt - goneAt, answeredMs };
}

/** Says it for all of them together. */
export function tellRecovery({ timeline }: Laboratory, recoveries: readonly Recovery[]): void {
  const answered = recoveries.flatMap(({ answeredMs }) => answeredMs);
  const away = recoveries.map(({ awayMs }) => awayMs).filter((ms) => ms > 0);
  timeline.note(
    MEASURED,
    `without a replica: ${away.length} of ${recoveries.length} deployments${spanText(away)}; the first answer after the first Ready replica${spanText(answered)}`,
  );
}

/** `, 3 to 40 ms, median 12`. */
export function spanText(values: readonly number[]): string {
  if (values.length === 0) return "";
  const sorted = values.toSorted((a, b) => a - b).map((ms) => Math.round(ms));
  return `, ${sorted[0]} to ${sorted.at(-1)} ms, median ${sorted[Math.floor(sorted.length / 2)]}`;
}
