/** Signalbox, the API server, the operator and Envoys end and come back, in the middle of rollouts. */
import { setTimeout as sleep } from "node:timers/promises";
import { signalboxOf } from "../gateway/gateway.ts";
import { answersEverywhere } from "./answers-everywhere.ts";
import { updateAll } from "./rollouts.ts";
import type { Scenario, Stage } from "./scenario.ts";

/** Does something in the middle of a rollout of everything. */
async function inRollout(stage: Stage, disturb: () => Promise<void>): Promise<void> {
  await updateAll(stage);
  await sleep(200);
  await disturb();
  await stage.lab.deployments.settled(stage.names);
}

export const RESTARTS: readonly Scenario[] = [
  {
    name: "signalbox-restart",
    about: "signalbox",
    what: "Signalbox restarted (SIGTERM) while nothing moves",
    promised: "nothing",
    run: ({ lab }) => signalboxOf(lab.gateway).signalbox.restart("SIGTERM"),
  },
  {
    name: "signalbox-killed",
    about: "signalbox",
    what: "Signalbox killed (SIGKILL) and started again while nothing moves",
    promised: "nothing",
    run: ({ lab }) => signalboxOf(lab.gateway).signalbox.restart("SIGKILL"),
  },
  {
    name: "signalbox-restart-in-rollout",
    about: "signalbox",
    what: "Signalbox, the only replica, restarted (SIGTERM) in the middle of a rollout of everything",
    promised: "measured",
    cause:
      "while there is no control plane, old replicas are unbound and new ones are not known: a second replica of Signalbox would tell",
    run: (stage) => inRollout(stage, () => signalboxOf(stage.lab.gateway).signalbox.restart("SIGTERM")),
  },
  {
    name: "api-server-restart",
    what: "the API server killed and started again in the middle of a rollout of everything",
    promised: "nothing",
    run: (stage) =>
      inRollout(stage, async () => {
        stage.lab.timeline.note("lab", "SIGKILL to the API server");
        await stage.lab.cluster.server.restart();
        stage.lab.timeline.note("lab", "the API server is ready");
      }),
  },
  {
    name: "history-forgotten",
    what: "etcd forgets its history (410 to whoever resumes) and the API server restarts, in the middle of a rollout of everything",
    promised: "nothing",
    run: (stage) =>
      inRollout(stage, async () => {
        await stage.lab.cluster.server.compact();
        stage.lab.timeline.note("lab", "SIGKILL to the API server, history forgotten");
        await stage.lab.cluster.server.restart();
      }),
  },
  {
    name: "operator-restart",
    what: "the operator killed and started again in the middle of a rollout of everything",
    promised: "nothing",
    run: (stage) =>
      inRollout(stage, async () => {
        await stage.lab.operator.kill();
        await sleep(500);
        await stage.lab.operator.start();
      }),
  },
  {
    name: "envoy-restart",
    about: "signalbox",
    what: "each Envoy in turn leaves its balancer, drains, restarts and comes back, in the middle of rollouts of everything",
    promised: "nothing",
    run: async (stage) => {
      const { lab, names } = stage;
      for (const envoy of signalboxOf(lab.gateway).envoys) {
        await updateAll(stage);
        await lab.load.leave(envoy.kind.name);
        await envoy.drain();
        await envoy.stop();
        await envoy.start();
        await lab.load.enter(envoy.door);
        await lab.deployments.settled(names);
      }
    },
  },
  {
    name: "configuration-reload",
    about: "signalbox",
    what: "another number of retries in the configuration, which changes every route, in the middle of a rollout of everything",
    promised: "nothing",
    run: async (stage) => {
      const { lab } = stage;
      for (const retries of [2, 3])
        await inRollout(stage, () => signalboxOf(lab.gateway).signalbox.configure({ traffic: { retries } }));
      await Promise.all(stage.names.slice(0, 3).map((name) => answersEverywhere(lab, `${name}.lab.test`)));
    },
  },
];
