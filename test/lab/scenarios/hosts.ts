/** Hosts die, hang, come back, are drained, and are believed dead. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Laboratory } from "../laboratory.ts";
import { TEMPOS } from "../operator/tempo.ts";
import { gone, hostObjectOf, recovered, theFirst } from "./recovery.ts";
import type { Scenario } from "./scenario.ts";

const MOST_SLOW_STARTS = 10;

/** What is watched of an installation without operator. */
const SERVING_MS = 10_000;

/** Fulfilled when the operator has given up every host. */
export async function loseBus(lab: Laboratory): Promise<void> {
  lab.timeline.note("lab", "the bus is lost");
  await lab.bus.lose();
  await lab.watched.until("every Host is gone", () => lab.watched.hosts.all().length === 0, 300_000);
}

export const HOSTS: readonly Scenario[] = [
  {
    name: "host-killed",
    what: "one of the hosts dies (connections refused) and is replaced by the operator's own means",
    promised: "safe",
    cause: "what the host was working on is lost with it, and only a safe method may be repeated",
    run: async (stage) => {
      const host = theFirst(stage.lab.hosts);
      const { name } = host;
      await host.kill();
      await gone(stage.lab, [name]);
      await stage.lab.deployments.settled(stage.names, 300_000);
      await host.start();
      await recovered(stage);
    },
  },
  {
    name: "host-black-holed",
    what: "one of the hosts does not answer at all any more, connects included",
    promised: "safe",
    cause:
      "a request of another method that reached it, or an answer that had begun, waits for a host that never answers",
    run: async (stage) => {
      const host = theFirst(stage.lab.hosts);
      const { name } = host;
      await host.blackHole();
      await gone(stage.lab, [name]);
      await stage.lab.deployments.settled(stage.names, 300_000);
      await host.kill();
      await host.start();
      await recovered(stage);
    },
  },
  {
    name: "host-frozen",
    what: "one of the hosts freezes for ten seconds and goes on",
    promised: "safe",
    cause:
      "a frozen host looks like a slow application: a request of another method waits until it goes on, having been told to stop its workloads meanwhile, or until the client gives up (15 s)",
    run: async (stage) => {
      const host = theFirst(stage.lab.hosts);
      host.freeze();
      await sleep(10_000);
      host.thaw();
      await recovered(stage);
    },
  },
  {
    name: "host-restarted-in-place",
    what: "one of the hosts is killed and a new one starts at its address, with another ID and no workloads",
    promised: "safe",
    cause: "what the host was working on is lost with it",
    run: async (stage) => {
      const host = theFirst(stage.lab.hosts);
      const { name } = host;
      await host.kill();
      await host.start();
      await gone(stage.lab, [name]);
      await recovered(stage);
    },
  },
  {
    name: "host-drained",
    what: "the Host object is deleted: its workloads are stopped first and made anew elsewhere",
    promised: "nothing",
    run: async (stage) => {
      const { lab } = stage;
      const object = hostObjectOf(lab, theFirst(lab.hosts).name);
      if (object === undefined) throw new Error("the host has no object");
      lab.timeline.note("lab", `Host ${object.metadata.name} is deleted`);
      await lab.api.delete(object);
      const over = () => hostObjectOf(lab, object.metadata.name)?.metadata.uid !== object.metadata.uid;
      await lab.watched.until("its object is gone", over, 60_000);
      await recovered(stage);
    },
  },
  {
    name: "host-unknown",
    what: "slow starts keep one host from answering probes: it is Unknown and its workloads are not Ready, while it serves",
    promised: "nothing",
    run: async (stage) => {
      const { lab } = stage;
      const { hostTtlMs, probeTimeoutMs } = TEMPOS[lab.options.tempo];
      const object = hostObjectOf(lab, theFirst(lab.hosts).name);
      if (object === undefined) throw new Error("the host has no object");
      const unknown = new RegExp(`${object.metadata.name}: Ready is Unknown`);
      // Slower, and the operator would give the host up; the probe that fails comes when it comes.
      const environment = { START_MS: String(hostTtlMs - 2 * probeTimeoutMs) };
      for (let i = 1; i <= MOST_SLOW_STARTS && lab.timeline.matching(unknown, 0).length === 0; i++) {
        const name = `app-slow${i}`;
        await lab.deployments.create({ name, replicas: 1, hostId: object.hostId, environment });
        await lab.deployments.settled([name], 300_000);
        await lab.deployments.delete(name);
      }
      if (lab.timeline.matching(unknown, 0).length === 0) throw new Error("the host was never Unknown");
      await recovered(stage);
    },
  },
  {
    name: "bus-lost",
    what: "the message bus is lost: the operator deletes every Host and begins to delete every Workload, while the hosts go on serving",
    promised: "nothing",
    run: async ({ lab }) => {
      await loseBus(lab);
      await sleep(SERVING_MS);
    },
  },
  {
    name: "bus-back",
    what: "the same, and the bus is back before the operator has got through its deletions",
    promised: "measured",
    cause: "the operator goes on with them: hosts stop what they serve before anything new is Ready",
    run: async (stage) => {
      const { lab } = stage;
      await loseBus(lab);
      lab.timeline.note("lab", "the bus is back");
      await lab.bus.restore();
      await recovered(stage);
    },
  },
];
