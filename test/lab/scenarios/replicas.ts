/** Signalbox in several replicas: one of them goes, or all are replaced, while the others serve. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Envoy } from "../gateway/envoys.ts";
import { signalboxOf } from "../gateway/gateway.ts";
import { CONNECTION_AGE_MS, type Signalbox } from "../gateway/signalbox.ts";
import { updateAll } from "./rollouts.ts";
import type { Scenario, Stage } from "./scenario.ts";

/** Each in turn, so that every Envoy loses the one it hangs on. */
async function eachRestarted({ lab }: Stage, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const { signalboxes } = signalboxOf(lab.gateway);
  for (const one of signalboxes.all) await signalboxes.restart(one, signal);
}

/** Each in turn, in the middle of a rollout of everything each time. */
async function eachRestartedInRollouts(stage: Stage): Promise<void> {
  const { signalboxes } = signalboxOf(stage.lab.gateway);
  for (const one of signalboxes.all) {
    await updateAll(stage);
    await sleep(200);
    await signalboxes.restart(one, "SIGTERM");
    await stage.lab.deployments.settled(stage.names);
  }
}

/** The one that most Envoys hang on. */
async function busiest({ lab }: Stage): Promise<Signalbox> {
  const { signalboxes } = signalboxOf(lab.gateway);
  const counted = await Promise.all(
    signalboxes.all.map(async (one) => ({ one, proxies: await one.metric("signalbox_proxies") })),
  );
  return counted.reduce((most, other) => (other.proxies > most.proxies ? other : most)).one;
}

/** Rolls everything out again and again until this is done. */
async function whileRollingOut(stage: Stage, act: () => Promise<void>): Promise<void> {
  let done = false;
  const acting = act().finally(() => {
    done = true;
  });
  acting.catch(() => undefined); // told when it is awaited
  while (!done) {
    await updateAll(stage);
    await stage.lab.deployments.settled(stage.names);
  }
  await acting;
}

const FROZEN_MS = 25_000;

/** Within this time Signalbox sees files that have changed, and Envoy too. */
const NOTICED_MS = 2_000;

export const REPLICAS: readonly Scenario[] = [
  {
    name: "replicas-restart",
    about: "signalbox",
    what: "two replicas of Signalbox, each restarted (SIGTERM) in turn while nothing moves",
    promised: "nothing",
    xds: { signalboxes: 2 },
    run: (stage) => eachRestarted(stage, "SIGTERM"),
  },
  {
    name: "replicas-killed",
    about: "signalbox",
    what: "two replicas of Signalbox, each killed (SIGKILL) and started again in turn while nothing moves",
    promised: "nothing",
    xds: { signalboxes: 2 },
    run: (stage) => eachRestarted(stage, "SIGKILL"),
  },
  {
    name: "replicas-restart-in-rollout",
    about: "signalbox",
    what: "two replicas of Signalbox, each restarted (SIGTERM) in the middle of a rollout of everything",
    promised: "nothing",
    xds: { signalboxes: 2 },
    run: eachRestartedInRollouts,
  },
  {
    name: "replica-killed-in-rollout",
    about: "signalbox",
    what: "two replicas of Signalbox, the one that most Envoys hang on killed (SIGKILL) in the middle of a rollout of everything",
    promised: "nothing",
    xds: { signalboxes: 2 },
    run: async (stage) => {
      const { signalboxes } = signalboxOf(stage.lab.gateway);
      await updateAll(stage);
      await sleep(200);
      await signalboxes.restart(await busiest(stage), "SIGKILL");
      await stage.lab.deployments.settled(stage.names);
    },
  },
  {
    name: "replica-frozen-in-rollout",
    about: "signalbox",
    what: "two replicas of Signalbox, the one that most Envoys hang on frozen for 25 s, in the middle of rollouts of everything",
    promised: "measured",
    cause:
      "an Envoy follows a replica that says nothing until that has not answered its ping either: up to ten seconds",
    xds: { signalboxes: 2 },
    run: async (stage) => {
      const frozen = await busiest(stage);
      await updateAll(stage);
      frozen.freeze();
      try {
        await whileRollingOut(stage, () => sleep(FROZEN_MS));
      } finally {
        frozen.thaw();
      }
      await stage.lab.deployments.settled(stage.names);
    },
  },
  {
    name: "replicas-upgraded",
    about: "signalbox",
    what: "two replicas of Signalbox, replaced one after the other by others that give every route otherwise, while everything is rolled out again and again",
    promised: "nothing",
    xds: { signalboxes: 2 },
    run: (stage) =>
      whileRollingOut(stage, () => signalboxOf(stage.lab.gateway).signalboxes.upgrade({ traffic: { retries: 2 } })),
  },
  {
    name: "surge-upgraded",
    about: "signalbox",
    what: "the only replica of Signalbox, replaced by another once that is ready, while everything is rolled out again and again",
    promised: "nothing",
    xds: { signalboxes: 1 },
    run: (stage) =>
      whileRollingOut(stage, () => signalboxOf(stage.lab.gateway).signalboxes.upgrade({ traffic: { retries: 2 } })),
  },
  {
    name: "certificates-rotated",
    about: "signalbox",
    what: "another authority for the xDS connection, and new certificates on both sides, while everything is rolled out again and again and connections last two seconds",
    promised: "nothing",
    xds: { signalboxes: 2, secure: true },
    run: (stage) =>
      whileRollingOut(stage, async () => {
        const { lab } = stage;
        const { signalboxes, envoys } = signalboxOf(lab.gateway);
        const before = await handshakesOf(envoys);
        await signalboxes.certificates?.rotate(async (step) => {
          lab.timeline.note("lab", step);
          await sleep(CONNECTION_AGE_MS + NOTICED_MS);
        });
        const after = await handshakesOf(envoys);
        if (after.some((count, i) => count - (before[i] ?? 0) < 3))
          throw new Error("an Envoy did not connect anew after each step");
        const renewed = lab.timeline.matching(/^certificate renewed/, 0).length;
        if (renewed < 3 * signalboxes.all.length) throw new Error(`certificates were renewed ${renewed} times`);
      }),
  },
];

const handshakesOf = (envoys: readonly Envoy[]): Promise<readonly number[]> =>
  Promise.all(
    envoys.map(
      async (envoy) =>
        (await envoy.stats("^cluster.signalbox.ssl.handshake$")).get("cluster.signalbox.ssl.handshake") ?? 0,
    ),
  );
