/** More than one host in trouble, hosts in trouble while everything else moves, and hosts in trouble again and again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Laboratory } from "../laboratory.ts";
import { REQUEST_KINDS } from "../load/request-kind.ts";
import { TEMPOS } from "../operator/tempo.ts";
import { wallMs } from "../wall-clock.ts";
import { gone, hostObjectOf, isReady, isReadyNow, recovered, theFirst } from "./recovery.ts";
import { updateAll } from "./rollouts.ts";
import { MEASURED, type Scenario } from "./scenario.ts";

const LOST = "what the host was working on is lost with it, and only a safe method may be repeated";
const RETURNS = 5;
/** What a client is said to wait where hosts may freeze. */
const PATIENT_MS = 30_000;

/** Deletes the Host object, which takes its workloads away; its next heartbeat makes it anew. Fulfilled when the workloads have gone. */
async function drain(lab: Laboratory, name: string): Promise<void> {
  const object = hostObjectOf(lab, name);
  if (object === undefined) throw new Error(`${name} has no object`);
  const placed = lab.watched.workloads.all().filter(({ status }) => status?.hostId === object.hostId);
  lab.timeline.note("lab", `Host ${name} is deleted`);
  await lab.api.delete(object);
  const left = (): boolean =>
    placed.every(
      ({ metadata: { uid } }) => !lab.watched.workloads.all().some((workload) => workload.metadata.uid === uid),
    );
  await lab.watched.until(`the workloads of ${name} are gone`, left, 60_000);
}

export const SEVERAL_HOSTS: readonly Scenario[] = [
  {
    name: "hosts-killed-two",
    what: "two of four hosts die at once, three replicas each: one of each at least lives on",
    promised: "safe",
    cause: LOST,
    replicas: 3,
    run: async (stage) => {
      const dying = stage.lab.hosts.slice(0, 2);
      const names = dying.map(({ name }) => name);
      await Promise.all(dying.map((host) => host.kill()));
      await gone(stage.lab, names);
      await stage.lab.deployments.settled(stage.names, 300_000);
      await Promise.all(dying.map((host) => host.start()));
      await recovered(stage);
    },
  },
  {
    name: "host-killed-in-rollout",
    what: "one of the hosts dies in the middle of a rolling update of all deployments",
    promised: "safe",
    cause: LOST,
    run: async (stage) => {
      const host = theFirst(stage.lab.hosts);
      const { name } = host;
      await updateAll(stage);
      await sleep(200);
      await host.kill();
      await gone(stage.lab, [name]);
      await stage.lab.deployments.settled(stage.names, 300_000);
      await host.start();
      await recovered(stage);
    },
  },
  {
    name: "host-returns-five-times",
    what: `one of the hosts is killed and starts again at its address ${RETURNS} times, each time as soon as it is Ready, its old Host objects still there`,
    promised: "safe",
    cause: LOST,
    run: async (stage) => {
      const host = theFirst(stage.lab.hosts);
      const names: string[] = [];
      for (let i = 0; i < RETURNS; i++) {
        names.push(host.name);
        await host.kill();
        await host.start();
        await isReady(stage.lab, host);
      }
      await gone(stage.lab, names);
      await recovered(stage);
    },
  },
  {
    name: "hosts-restarted-one-by-one",
    what: "each host in turn: its Host object is deleted, its workloads are stopped, the process is killed and starts again; an upgrade of all machines",
    promised: "safe",
    cause: "a stop lets requests under way go on, and the process ends with them",
    run: async (stage) => {
      const { lab } = stage;
      for (const host of lab.hosts) {
        const { name } = host;
        await drain(lab, name);
        await host.kill();
        await host.start();
        await recovered(stage);
        await gone(lab, [name]);
        await recovered(stage);
      }
    },
  },
  {
    name: "host-terminated",
    what: "the Host object is deleted and the host told to end; heartbeats of its last seconds make the object anew, and a rolling update of all deployments puts workloads on it again",
    promised: "safe",
    cause: "what runs on it is lost when its grace is over",
    run: async (stage) => {
      const { lab } = stage;
      const host = theFirst(lab.hosts);
      const { name } = host;
      const began = wallMs();
      let over = false;
      const ended = host.terminate().then(() => {
        over = true;
      });
      await drain(lab, name);
      await lab.watched.until("the host is Ready again, or gone", () => over || isReadyNow(lab, name), 60_000);
      await updateAll(stage);
      await ended;
      const anew = lab.timeline.matching(/ is bound to /, began).filter(({ who }) => who === name);
      lab.timeline.note(MEASURED, `${anew.length} workloads were put on the host again before it ended`);
      await gone(lab, [name]);
      await lab.deployments.settled(stage.names, 300_000);
      await host.start();
      await recovered(stage);
    },
  },
  {
    name: "host-frozen-for-long",
    what: "one of the hosts freezes until the operator has given it up and replaced what was there, and goes on with all of it",
    promised: "safe",
    cause: "a request of another method that reached it, or an answer that had begun, waits until the client gives up",
    run: async (stage) => {
      const { lab } = stage;
      const host = theFirst(lab.hosts);
      const { name } = host;
      host.freeze();
      await gone(lab, [name]);
      await lab.deployments.settled(stage.names, 300_000);
      host.thaw();
      await recovered(stage);
    },
  },
  {
    name: "host-frozen-patient-clients",
    what: `one of the hosts freezes for longer than the ${PATIENT_MS / 1_000} s that clients wait`,
    promised: "safe",
    cause: "a request of another method that reached it, or an answer that had begun, waits until the client gives up",
    kinds: REQUEST_KINDS.map((kind) => ({ ...kind, timeoutMs: PATIENT_MS })),
    run: async (stage) => {
      const { lab } = stage;
      const host = theFirst(lab.hosts);
      host.freeze();
      await sleep(PATIENT_MS + TEMPOS[lab.options.tempo].heartbeatMs);
      host.thaw();
      await recovered(stage);
    },
  },
];
