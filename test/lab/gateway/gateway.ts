/** What carries requests into the installation: Signalbox and its Envoys, or what they are compared with. */
import type { Door } from "../load/load-process.ts";
import type { Timeline } from "../timeline.ts";
import type { Envoy } from "./envoys.ts";
import type { FollowsReady } from "./follows-ready.ts";
import type { Signalbox, Started } from "./signalbox.ts";
import type { Signalboxes } from "./signalboxes.ts";
import type { XdsPlan } from "./xds-plan.ts";

export type GatewayName = "signalbox" | "follows-ready";

export type Gateway =
  | {
      readonly name: "signalbox";
      /** All replicas. */
      readonly signalboxes: Signalboxes;
      /** One of them: the only one, where a scenario did not ask for more. */
      readonly signalbox: Signalbox;
      readonly envoys: readonly Envoy[];
    }
  | { readonly name: "follows-ready"; readonly proxy: FollowsReady };

/** What one is started with. */
export interface GatewayNeeds {
  readonly kubeconfig: string;
  readonly xds: XdsPlan;
  readonly started: Started;
  readonly timeline: Timeline;
}

/** Where requests enter. */
export function doorsOf(gateway: Gateway): readonly Door[] {
  return gateway.name === "signalbox" ? gateway.envoys.map(({ door }) => door) : [gateway.proxy.door];
}

/** For scenarios that happen to Signalbox or its Envoys. @throws where there are none. */
export function signalboxOf(gateway: Gateway): Extract<Gateway, { name: "signalbox" }> {
  if (gateway.name === "signalbox") return gateway;
  throw new Error(`this scenario is about Signalbox, and the gateway is ${gateway.name}`);
}
