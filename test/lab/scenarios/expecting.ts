/** What the load takes for right while deployments are away. */
import { type App, siteOf } from "../cluster/deployments.ts";
import { isOwnedBy } from "../cluster/objects.ts";
import type { Laboratory } from "../laboratory.ts";
import type { Absence } from "../load/site.ts";

/** These may be away from now on, as far as the absences go; with none, they have to answer again. */
export async function mayBeAway(
  { load }: Laboratory,
  apps: readonly App[],
  absences: readonly Absence[],
): Promise<void> {
  await load.expect(apps.map((app) => ({ ...siteOf(app), absences })));
}

/**
 * Each of these may be away as soon as its ReplicaSet of now is gone, which is when its replicas begin to end, and not before.
 * Call it before the update that causes that.
 */
export function mayBeAwayWithReplicaSet(lab: Laboratory, apps: readonly App[], absences: readonly Absence[]): void {
  const { replicaSets, deployments } = lab.watched;
  for (const app of apps) {
    const deployment = deployments.all().find(({ metadata }) => metadata.name === app.name);
    const set = replicaSets.all().find((one) => deployment !== undefined && isOwnedBy(one, deployment));
    const stop = replicaSets.onChange((now, before) => {
      if (now !== undefined || before?.metadata.uid !== set?.metadata.uid) return;
      stop();
      void lab.load.expect([{ ...siteOf(app), absences }]);
    });
  }
}
