/** Hosts die, hang, come back, are drained, and are believed dead. */
import { setTimeout as sleep } from "node:timers/promises";
import { conditionOf } from "../cluster/objects.ts";
import type { LabHost } from "../hosts/lab-host.ts";
import type { Laboratory } from "../laboratory.ts";
import { TEMPOS } from "../operator/tempo.ts";
import type { Scenario, Stage } from "./scenario.ts";

const first = ({ hosts }: Laboratory): LabHost => {
  const [host] = hosts;
  if (host === undefined) throw new Error("the laboratory has no hosts");
  return host;
};

const objectOf = ({ watched }: Laboratory, name: string) =>
  watched.hosts.all().find(({ metadata }) => metadata.name === name);

/** Everything is Ready again, on hosts that live. */
async function recovered({ lab, names }: Stage): Promise<void> {
  const { hosts, watched } = lab;
  const live = () =>
    hosts.every(({ name }) => {
      const object = objectOf(lab, name);
      return object !== undefined && conditionOf(object, "Ready") === "True";
    });
  await watched.until("every host is Ready", live, 300_000);
  await lab.deployments.settled(names, 300_000);
}

export const HOSTS: readonly Scenario[] = [
  {
    name: "host-killed",
    what: "one of the hosts dies (connections refused) and is replaced by the operator's own means",
    promised: "safe",
    cause: "what the host was working on is lost with it, and only a safe method may be repeated",
    run: async (stage) => {
      const host = first(stage.lab);
      const { name } = host;
      await host.kill();
      await stage.lab.watched.until("its Host object is gone", () => objectOf(stage.lab, name) === undefined, 300_000);
      await stage.lab.deployments.settled(stage.names, 300_000);
      await host.start();
      await recovered(stage);
    },
  },
  {
    name: "host-black-holed",
    what: "one of the hosts does not answer at all any more, connects included",
    promised: "measured",
    cause:
      "requests under way at that moment wait for a host that never answers; new ones find another after the connect time-out",
    run: async (stage) => {
      const host = first(stage.lab);
      const { name } = host;
      await host.blackHole();
      await stage.lab.watched.until("its Host object is gone", () => objectOf(stage.lab, name) === undefined, 300_000);
      await stage.lab.deployments.settled(stage.names, 300_000);
      await host.kill();
      await host.start();
      await recovered(stage);
    },
  },
  {
    name: "host-frozen",
    what: "one of the hosts freezes for ten seconds and goes on",
    promised: "measured",
    cause:
      "a frozen host looks like a slow application: requests that reached it wait until it goes on or the client gives up (15 s)",
    run: async (stage) => {
      const host = first(stage.lab);
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
      const host = first(stage.lab);
      const { name } = host;
      await host.kill();
      await host.start();
      await stage.lab.watched.until(
        "the old Host object is gone",
        () => objectOf(stage.lab, name) === undefined,
        300_000,
      );
      await recovered(stage);
    },
  },
  {
    name: "host-drained",
    what: "the Host object is deleted: its workloads are stopped first and made anew elsewhere",
    promised: "nothing",
    run: async (stage) => {
      const { lab } = stage;
      const object = objectOf(lab, first(lab).name);
      if (object === undefined) throw new Error("the host has no object");
      lab.timeline.note("lab", `Host ${object.metadata.name} is deleted`);
      await lab.api.delete(object);
      await recovered(stage);
    },
  },
  {
    name: "host-unknown",
    what: "a slow start keeps one host from answering probes: its Host is Unknown and its workloads are not Ready, while it serves",
    promised: "nothing",
    run: async (stage) => {
      const { lab, names } = stage;
      const { hostPollMs, probeTimeoutMs, workloadPollMs } = TEMPOS[lab.options.tempo];
      const object = objectOf(lab, first(lab).name);
      if (object === undefined) throw new Error("the host has no object");
      const environment = { START_MS: String(hostPollMs + 3 * probeTimeoutMs + workloadPollMs) };
      await lab.deployments.create({ name: "app-slow1", replicas: 1, hostId: object.hostId, environment });
      const said = () => lab.timeline.matching(new RegExp(`${object.metadata.name}: Ready is Unknown`), 0).length > 0;
      await lab.watched.until("the host is Unknown", said, 300_000);
      await lab.deployments.settled(["app-slow1"], 300_000);
      await lab.deployments.delete("app-slow1");
      await recovered({ ...stage, names });
    },
  },
  {
    name: "bus-lost",
    what: "the message bus is away until the operator has deleted every Host and Workload, while the hosts go on serving; then it is back",
    promised: "nothing",
    run: async (stage) => {
      const { lab } = stage;
      lab.timeline.note("lab", "the bus is lost");
      await lab.bus.lose();
      await lab.watched.until("every Host is gone", () => lab.watched.hosts.all().length === 0, 300_000);
      await sleep(2_000);
      lab.timeline.note("lab", "the bus is back");
      await lab.bus.restore();
      await recovered(stage);
    },
  },
];
