/** Another operator's installation on the same API server, large, whose hosts send their heartbeats: all noise to a proxy. */
import { setTimeout as sleep } from "node:timers/promises";
import { API_VERSION, PLURALS } from "../cluster/objects.ts";
import { signalboxOf } from "../gateway/gateway.ts";
import type { Laboratory } from "../laboratory.ts";
import { wallMs } from "../wall-clock.ts";
import { updateAll } from "./rollouts.ts";
import { MEASURED, type Scenario } from "./scenario.ts";

/** Nobody in the laboratory but Signalbox looks at objects there: see ObjectCache. */
const NAMESPACE = "noise";
const HOSTS = 1_000;
const WORKLOADS = 10_000;
/** Ten replicas each. */
const HOSTNAMES = 1_000;
/** Heartbeats under way at once; more make the API server no faster. */
const AT_ONCE = 16;
/** As the operator does: four of `lastSeen` and one of CPU and memory each minute. */
const WRITES_PER_HOST_AND_MINUTE = 5;
const WINDOW_MS = 15_000;
/** A busy machine makes a host miss a probe now and then, and its workloads move by that; such a window says nothing of noise. */
const MOST_WINDOWS = 5;

const READY = ["Placement", "Ready"].map((type) => ({
  type,
  status: "True",
  reason: "Available",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
}));

/** Nothing listens there, and nobody asks. */
const addressOf = (i: number): string => `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`;

const hostOf = (i: number) => ({
  apiVersion: API_VERSION,
  kind: "Host" as const,
  metadata: { namespace: NAMESPACE, name: `noise-${i}`, labels: { hostgroup: "noise" } },
  hostId: `noise-${i}`,
  hostname: addressOf(i),
  httpPort: 8_080,
  environment: "noise",
  status: { conditions: READY.slice(1) },
});

function workloadOf(i: number) {
  const config = { host: `noise-${i % HOSTNAMES}.test` };
  const http = { namespace: "wasi", package: "http", interfaces: ["incoming-handler"], config };
  return {
    apiVersion: API_VERSION,
    kind: "Workload" as const,
    metadata: { namespace: NAMESPACE, name: `noise-${i}` },
    spec: { hostSelector: { hostgroup: "noise" }, hostInterfaces: [http] },
    status: { hostId: `noise-${i % HOSTS}`, workloadId: `noise-${i}`, conditions: READY },
  };
}

async function fill({ cluster: { server } }: Laboratory): Promise<void> {
  await server.admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
  await server.store(
    PLURALS.Host,
    Array.from({ length: HOSTS }, (_, i) => hostOf(i)),
  );
  await server.store(
    PLURALS.Workload,
    Array.from({ length: WORKLOADS }, (_, i) => workloadOf(i)),
  );
}

/** Heartbeats at the rate of so many hosts, until told to stop. Gives how many were written when all have been. */
function beat({ api }: Laboratory): { stop(): Promise<number> } {
  const perSecond = (HOSTS * WRITES_PER_HOST_AND_MINUTE) / 60;
  const underWay = new Set<Promise<void>>();
  const began = performance.now();
  let made = 0;
  let written = 0;
  const timer = setInterval(() => {
    for (const due = ((performance.now() - began) / 1_000) * perSecond; made < due && underWay.size < AT_ONCE; made++) {
      const usage =
        made % WRITES_PER_HOST_AND_MINUTE === 0 ? { systemCPUUsage: `${made}`, systemMemoryFree: made } : {};
      const status = { lastSeen: new Date(wallMs()).toISOString(), ...usage };
      const write = api.patchStatus(hostOf(made % HOSTS), status).then(
        () => void written++,
        () => {}, // the API server was busy: the next one tells as much
      );
      underWay.add(write);
      void write.finally(() => underWay.delete(write));
    }
  }, 10);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
      return written;
    },
  };
}

/** Counters of Signalbox whose difference tells what noise costs. */
const COUNTED = { responses: "signalbox_xds_responses_total", cpuSeconds: "process_cpu_seconds_total" } as const;

async function counts({ gateway }: Laboratory): Promise<Readonly<Record<keyof typeof COUNTED, number>>> {
  const { signalbox } = signalboxOf(gateway);
  return {
    responses: await signalbox.metric(COUNTED.responses),
    cpuSeconds: await signalbox.metric(COUNTED.cpuSeconds),
  };
}

/** What Signalbox does in a window of time in which no object moves but for noise. @throws when there is none. */
async function still(lab: Laboratory): Promise<{ readonly responses: number; readonly corePercent: string }> {
  for (let i = 0; i < MOST_WINDOWS; i++) {
    const began = wallMs();
    const before = await counts(lab);
    await sleep(WINDOW_MS);
    const after = await counts(lab);
    if (lab.timeline.matching(/^/, began).some(({ who }) => who === "objects")) continue;
    const core = (after.cpuSeconds - before.cpuSeconds) / (WINDOW_MS / 1_000);
    return { responses: after.responses - before.responses, corePercent: (core * 100).toFixed(1) };
  }
  throw new Error(`in each of ${MOST_WINDOWS} windows of ${WINDOW_MS / 1_000} s something moved by itself`);
}

/** So much at once may cost Signalbox its watch, and a busy API server is slow to list. */
const TOLD_MS = 120_000;

/** Fulfilled when every Envoy has acknowledged so many hostnames, and nothing more is said. */
async function told({ gateway, watched }: Laboratory, hostnames: number): Promise<void> {
  const { signalbox, envoys } = signalboxOf(gateway);
  let all = false;
  let responses = -1;
  const look = async (): Promise<void> => {
    const before = responses;
    responses = await signalbox.metric(COUNTED.responses);
    all =
      responses === before &&
      (await signalbox.metric("signalbox_hostnames")) >= hostnames &&
      (await signalbox.metric("signalbox_source_stale_seconds")) === 0 &&
      (await signalbox.metric("signalbox_proxies_current")) === envoys.length;
  };
  const looking = setInterval(() => void look().catch(() => {}), 1_000);
  try {
    await watched.until(`every Envoy has ${hostnames} hostnames`, () => all, TOLD_MS);
  } finally {
    clearInterval(looking);
  }
}

export const NOISE: readonly Scenario[] = [
  {
    name: "noise",
    about: "signalbox",
    what: `another installation of ${HOSTS} Hosts and ${WORKLOADS} Workloads sends its heartbeats, while nothing moves (no proxy is told anything), and then during rolling updates of all deployments`,
    promised: "nothing",
    prepare: async ({ lab, names }) => {
      lab.timeline.note("lab", `${HOSTS} Hosts and ${WORKLOADS} Workloads are made`);
      await fill(lab);
      lab.timeline.note("lab", "they are made; Envoys are told");
      await told(lab, HOSTNAMES + names.length);
      lab.timeline.note("lab", "Envoys have been told");
    },
    run: async (stage) => {
      const { lab, names } = stage;
      const without = await still(lab);
      const noise = beat(lab);
      const within = await still(lab);
      for (let i = 0; i < 2; i++) {
        await updateAll(stage);
        await lab.deployments.settled(names);
      }
      const written = await noise.stop();
      lab.timeline.note(
        MEASURED,
        `${written} heartbeats in all; in ${WINDOW_MS / 1_000} s of them in which nothing moved, ${within.responses} responses to proxies and ${within.corePercent} % of a core for Signalbox (${without.corePercent} % without heartbeats)`,
      );
      if (within.responses > 0) throw new Error(`heartbeats made ${within.responses} responses to proxies`);
    },
  },
];
