/** Everything is believed dead though it serves, and what doubts that restarts. */
import { setTimeout as sleep } from "node:timers/promises";
import { signalboxOf } from "../gateway/gateway.ts";
import { loseBus } from "./hosts.ts";
import type { Scenario } from "./scenario.ts";

/** What is watched after each start, in ms: all of it is well within the hold. */
const SERVING_MS = 5_000;

export const HOLDS: readonly Scenario[] = [
  {
    name: "bus-lost-signalbox-killed",
    about: "signalbox",
    what: "the message bus is lost, and once every Host is gone, Signalbox is killed (SIGKILL) and started again, twice",
    promised: "nothing",
    run: async ({ lab }) => {
      await loseBus(lab);
      const { signalbox } = signalboxOf(lab.gateway);
      for (let i = 0; i < 2; i++) {
        await signalbox.restart("SIGKILL");
        await sleep(SERVING_MS);
      }
    },
  },
];
