/** The API server is slow, busy, cut off or silent, in the middle of rollouts. */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiRelay, type Refusal, type RelayFaults } from "../cluster/api-relay.ts";
import { accessOf } from "../cluster/kube-api.ts";
import { LostPath } from "../cluster/lost-path.ts";
import { signalboxOf } from "../gateway/gateway.ts";
import type { Timeline } from "../timeline.ts";
import { wallMs } from "../wall-clock.ts";
import { followed } from "./followed.ts";
import { keepsHostnames } from "./keeps-hostnames.ts";
import { updateAll } from "./rollouts.ts";
import { MEASURED, type Scenario, type Stage } from "./scenario.ts";

/** With Signalbox behind a relay, which is healed and taken away again when `disturb` is over. */
async function behindRelay(stage: Stage, disturb: (relay: ApiRelay) => Promise<void>): Promise<void> {
  const { lab, names } = stage;
  const { signalbox } = signalboxOf(lab.gateway);
  const relay = await ApiRelay.start(await accessOf(lab.cluster.signalboxKubeconfig));
  try {
    await signalbox.restartIn({ kubeconfig: await relay.kubeconfig() });
    await followed(stage);
    await sleep(SETTLED_MS);
    await keepsHostnames(stage, async () => {
      await disturb(relay);
      lab.timeline.note("lab", "nothing stands between Signalbox and the API server any more");
      relay.faults = {};
      await lab.deployments.settled(names);
    });
    await signalbox.restartIn({});
  } finally {
    await relay.stop();
  }
}

/** Until watches have lived so long that Signalbox takes what comes for the first failure of a series. */
const SETTLED_MS = 10_500;

/** Everything is rolled out under these faults; `struck` comes 200 ms after the rollout began, and they last for `lastMs` from then. */
async function rolledOutUnder(
  stage: Stage,
  {
    faults,
    lastMs = 3_000,
    struck,
  }: { readonly faults: RelayFaults; readonly lastMs?: number; readonly struck?: (relay: ApiRelay) => void },
): Promise<void> {
  await behindRelay(stage, async (relay) => {
    relay.faults = faults;
    await updateAll(stage);
    await sleep(200);
    const since = wallMs();
    struck?.(relay);
    await sleep(lastMs);
    relay.faults = {};
    await stage.lab.deployments.settled(stage.names);
    tellBlindness(stage.lab.timeline, since);
  });
}

/** How long it took until Signalbox knew everything again; nothing where it was never out of date. */
function tellBlindness(timeline: Timeline, since: number): void {
  const again = timeline.matching(/^source is current again/, since).at(-1);
  if (again === undefined) return;
  timeline.note(MEASURED, `${Math.round(again.at - since)} ms later Signalbox knew everything again`);
}

async function losePath(stage: Stage): Promise<void> {
  const { lab, names } = stage;
  const { signalbox } = signalboxOf(lab.gateway);
  const path = await LostPath.start(lab.cluster.signalboxKubeconfig);
  try {
    await signalbox.restartIn({ kubeconfig: path.kubeconfig });
    await followed(stage);
    await sleep(SETTLED_MS);
    await keepsHostnames(stage, async () => {
      await updateAll(stage);
      await sleep(200);
      lab.timeline.note("lab", "the way to the API server is lost");
      const since = wallMs();
      path.lose();
      await lab.deployments.settled(names);
      await sleep(FOUND_OUT_MS);
      tellBlindness(lab.timeline, since);
    });
    await signalbox.restartIn({});
  } finally {
    await path.stop();
  }
}

const cut = (relay: ApiRelay): void => relay.cutWatches();

/** 500, 503 and 504 in turn. */
function failing(): () => Refusal {
  let count = 0;
  return () => ({ status: [500, 503, 504][count++ % 3] ?? 500 });
}

/** Within which Signalbox finds out that a connection is dead, by any means. */
const FOUND_OUT_MS = 15_000;

const BLIND = "while Signalbox cannot read, old replicas are unbound and new ones are not known";

export const API_FAULTS: readonly Scenario[] = [
  {
    name: "api-slow",
    about: "signalbox",
    what: "the API server takes 2 s to begin each answer, in the middle of a rollout of everything; watches are open",
    promised: "nothing",
    run: (stage) => rolledOutUnder(stage, { faults: { answerMs: 2_000 } }),
  },
  {
    name: "api-slow-and-cut",
    about: "signalbox",
    what: "the same with 200 ms, and every watch is reset in the middle of it",
    promised: "measured",
    cause: `${BLIND}: for the 200 ms until the watches are open again`,
    run: (stage) => rolledOutUnder(stage, { faults: { answerMs: 200 }, struck: cut }),
  },
  {
    name: "watches-cut",
    about: "signalbox",
    what: "every watch is reset in the middle of a rollout of everything",
    promised: "nothing",
    run: (stage) => rolledOutUnder(stage, { faults: {}, struck: cut }),
  },
  {
    name: "api-throttled",
    about: "signalbox",
    what: "the API server answers 429 with Retry-After: 1 to everything for 3 s in the middle of a rollout of everything; watches are open",
    promised: "nothing",
    run: (stage) =>
      rolledOutUnder(stage, { faults: { refuse: () => ({ status: 429, headers: { "retry-after": "1" } }) } }),
  },
  {
    name: "api-throttled-and-cut",
    about: "signalbox",
    what: "the same, and every watch is reset at its beginning",
    promised: "measured",
    cause: `${BLIND}: for the 3 s of refusals and the second that the last of them asks for`,
    run: (stage) =>
      rolledOutUnder(stage, {
        faults: { refuse: () => ({ status: 429, headers: { "retry-after": "1" } }) },
        struck: cut,
      }),
  },
  {
    name: "api-failing-and-cut",
    about: "signalbox",
    what: "the API server answers 500, 503 and 504 for 3 s, and every watch is reset, in the middle of a rollout of everything",
    promised: "measured",
    cause: `${BLIND}: for 3 s and the wait that has grown meanwhile`,
    run: (stage) => rolledOutUnder(stage, { faults: { refuse: failing() }, struck: cut }),
  },
  {
    name: "watch-garbled",
    about: "signalbox",
    what: "something that is no JSON comes in every watch, in the middle of a rollout of everything",
    promised: "nothing",
    run: (stage) => rolledOutUnder(stage, { faults: {}, struck: (relay) => relay.write("{{{\n") }),
  },
  {
    name: "list-cut",
    about: "signalbox",
    what: "watches are garbled, and the connection of every list after that is reset in the middle of it, for 3 s; nothing moves",
    promised: "nothing",
    run: (stage) =>
      behindRelay(stage, async (relay) => {
        relay.faults = { cutListsAfter: 2_000 };
        relay.write("{{{\n");
        await sleep(3_000);
        if (relay.listsCut === 0) throw new Error("no list was cut");
      }),
  },
  {
    name: "list-trickles",
    about: "signalbox",
    what: "watches are garbled, and every list after that comes at 20 KB per second; nothing moves",
    promised: "nothing",
    run: (stage) =>
      behindRelay(stage, async (relay) => {
        relay.faults = { listBytesPerSecond: 20_000 };
        relay.write("{{{\n");
        await sleep(6_000);
      }),
  },
  {
    name: "watch-late",
    about: "signalbox",
    what: "everything that watches tell comes 5 s late, in the middle of a rollout of everything",
    promised: "measured",
    cause: `${BLIND}, for 5 s`,
    run: (stage) => rolledOutUnder(stage, { faults: { bodyMs: 5_000 }, lastMs: 12_000 }),
  },
  {
    name: "watch-silent",
    about: "signalbox",
    what: "every watch goes silent in the middle of a rollout of everything, while its connection stays",
    promised: "measured",
    cause: `${BLIND}: until Signalbox has found out`,
    run: (stage) => rolledOutUnder(stage, { faults: {}, struck: (relay) => relay.silence(), lastMs: 20_000 }),
  },
  {
    name: "path-lost",
    about: "signalbox",
    what: "the way to the API server is lost on connections that are open (nothing passes, nothing is acknowledged), in the middle of a rollout of everything",
    promised: "measured",
    cause: `${BLIND}: until Signalbox has found out`,
    run: losePath,
  },
  {
    name: "token-expired",
    about: "signalbox",
    what: "Signalbox' token is refused (401) and every watch reset, while nothing moves; 2 s later its file has another, and everything is rolled out",
    promised: "nothing",
    run: (stage) =>
      behindRelay(stage, async (relay) => {
        const { token } = await accessOf(stage.lab.cluster.signalboxKubeconfig);
        relay.faults = { refuse: (_, shown) => (shown === token ? { status: 401 } : undefined) };
        relay.cutWatches();
        await sleep(2_000);
        const renewed = await stage.lab.cluster.server.kubeconfigFor("signalbox", "signalbox");
        await relay.giveToken((await accessOf(renewed)).token);
        const open = relay.openWatches;
        while (relay.openWatches < WATCHES) await sleep(20);
        stage.lab.timeline.note("lab", `watches are open again (${open} were)`);
        await updateAll(stage);
        await stage.lab.deployments.settled(stage.names);
      }),
  },
];

/** One for each kind. */
const WATCHES = 4;
