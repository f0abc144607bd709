/** What must hold whatever Signalbox does not know: no Envoy loses a hostname, or the last endpoint of one. */
import { setTimeout as sleep } from "node:timers/promises";
import { statNameOf } from "../../../src/envoy/names.ts";
import { hostnameOf } from "../cluster/deployments.ts";
import { signalboxOf } from "../gateway/gateway.ts";
import type { Stage } from "./scenario.ts";

const LOOK_MS = 100;

/** Looks at all Envoys while `disturb` goes on. @throws when one of them was ever without endpoints for a hostname of the stage. */
export async function keepsHostnames({ lab, names }: Stage, disturb: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const lost = new Set<string>();
  const { envoys } = signalboxOf(lab.gateway);
  const look = async (): Promise<void> => {
    while (!over.signal.aborted) {
      for (const envoy of envoys) {
        const endpoints = await envoy.stats("^cluster\\.app-.*membership_total$");
        for (const name of names) {
          const count = endpoints.get(`cluster.${statNameOf(hostnameOf(name))}.membership_total`) ?? 0;
          if (count === 0) lost.add(`${envoy.kind.name} has no endpoint of ${hostnameOf(name)}`);
        }
      }
      await sleep(LOOK_MS);
    }
  };
  const looking = look();
  try {
    await disturb();
  } finally {
    over.abort();
    await looking;
  }
  if (lost.size > 0) throw new Error(`what was known is lost: ${[...lost].join("; ")}`);
}
