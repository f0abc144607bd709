/** Whether Envoys have found Signalbox again: what is rolled out before would be the restart's, not the fault's. */
import { setTimeout as sleep } from "node:timers/promises";
import { signalboxOf } from "../gateway/gateway.ts";
import type { Stage } from "./scenario.ts";

const BOUND_MS = 60_000;

/** Fulfilled when every Envoy is connected and has acknowledged everything. @throws when that takes a minute. */
export async function followed({ lab }: Stage): Promise<void> {
  const { signalbox, envoys } = signalboxOf(lab.gateway);
  for (const end = performance.now() + BOUND_MS; ; await sleep(50)) {
    const current = await signalbox.metric("signalbox_proxies_current");
    if (current === envoys.length) return;
    if (performance.now() > end)
      throw new Error(`after a minute ${current} of ${envoys.length} Envoys follow Signalbox`);
  }
}
