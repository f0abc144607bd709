/** The message bus is away for longer than losses are doubted, and for a short time again and again. */
import { setTimeout as sleep } from "node:timers/promises";
import { hostnameOf } from "../cluster/deployments.ts";
import { signalboxOf } from "../gateway/gateway.ts";
import { TEMPOS } from "../operator/tempo.ts";
import { answersEverywhere } from "./answers-everywhere.ts";
import { mayBeAway } from "./expecting.ts";
import { loseBus } from "./hosts.ts";
import { recovered } from "./recovery.ts";
import { MEASURED, type Scenario, type Stage } from "./scenario.ts";
import { spanText } from "./served-again.ts";

/** As much shorter than the default of 120 s as the operator's own patience is at tempo fast. */
const HOLD_MS = 12_000;

/** Hosts miss probes, and Workloads lose their Ready one after the other; no Host is given up yet. */
async function loseBriefly({ lab }: Stage): Promise<void> {
  lab.timeline.note("lab", "the bus is lost");
  await lab.bus.lose();
  await sleep(TEMPOS[lab.options.tempo].hostTtlMs / 2);
  lab.timeline.note("lab", "the bus is back");
  await lab.bus.restore();
}

export const BUS: readonly Scenario[] = [
  {
    name: "bus-lost-for-long",
    about: "signalbox",
    what: `the bus stays away for longer than losses are doubted (${HOLD_MS / 1000} s here, 120 s by default): nothing fails until then, 503 after that, although hosts go on serving; then it is back`,
    promised: "measured",
    cause:
      "a hold has an end; and when the bus is back, the operator goes on with its deletions, so that hosts stop what they serve before anything new is Ready",
    prepare: async ({ lab }) => {
      await signalboxOf(lab.gateway).signalbox.configure({}, {}, { placement: { hold: { holdMs: HOLD_MS } } });
    },
    run: async (stage) => {
      const { lab, names, apps } = stage;
      const lostAt = performance.now();
      const heldUntil = sleep(HOLD_MS); // nothing was lost before the bus
      await loseBus(lab);
      await heldUntil;
      await mayBeAway(lab, apps, ["no-replica"]);
      const ended = await Promise.all(
        names.map(async (name) => {
          await answersEverywhere(lab, hostnameOf(name), 503);
          return performance.now() - lostAt;
        }),
      );
      lab.timeline.note(MEASURED, `everywhere 503 after the loss of the bus${spanText(ended)}`);
      lab.timeline.note("lab", "the bus is back");
      await lab.bus.restore();
      const backAt = performance.now();
      const answered = names.map(async (name) => {
        await answersEverywhere(lab, hostnameOf(name));
        return performance.now() - backAt;
      });
      lab.timeline.note(MEASURED, `everywhere 200 after its return${spanText(await Promise.all(answered))}`);
      await recovered(stage);
      await mayBeAway(lab, apps, []);
    },
  },
  {
    name: "bus-lost-briefly-twice",
    what: "the bus is away for half the time after which Hosts are given up, and back; twice",
    promised: "nothing",
    run: async (stage) => {
      for (let i = 0; i < 2; i++) {
        await loseBriefly(stage);
        await recovered(stage);
      }
    },
  },
];
