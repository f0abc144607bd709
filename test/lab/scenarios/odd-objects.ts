/** Objects that nobody sane writes, and that any tenant can: hostnames that mean something to Envoy, and hosts that cannot be reached. */

import { NAMESPACE } from "../cluster/deployments.ts";
import { API_VERSION, OPERATOR_NAMESPACE, type Stored } from "../cluster/objects.ts";
import { signalboxOf } from "../gateway/gateway.ts";
import type { Laboratory } from "../laboratory.ts";
import { updateAll } from "./rollouts.ts";
import { MEASURED, type Scenario } from "./scenario.ts";

const label = "x".repeat(63);

/** No hostnames, neither as `host` nor as one of `host-aliases`. */
const HOSTNAMES: readonly string[] = [
  ...["*", "*.lab.test", "app-1.*", "*.test", "", " ", ".", ".lab.test", "app-1..lab.test", "app-1.lab.test:80"],
  ...["app-1.lab.test.", "app-1.lab.test/x", "-a.test", "a_b.test"],
  ...[
    "[::1]",
    "a\nb.test",
    "a\r\n\r\nGET / HTTP/1.1",
    "a\u0000b.test",
    "\u0007",
    "%DOWNSTREAM_REMOTE_ADDRESS%",
    "100%",
  ],
  ...[
    "bücher.test",
    "\u{1F600}.test",
    "__proto__",
    "constructor",
    `${label}x.test`,
    `${label}.${label}.${label}.${label}`,
  ],
];

/** As aliases they would be a list of hostnames, and claims like any other. */
const LISTS: readonly string[] = ["app-1.lab.test,app-2.lab.test", " app-1.lab.test", "app-1.lab.test,"];

const HOSTS: readonly { readonly hostname: string; readonly httpPort: number }[] = [
  { hostname: "", httpPort: 80 },
  { hostname: "127.0.0.1", httpPort: 0 },
  { hostname: "127.0.0.1", httpPort: -1 },
  { hostname: "127.0.0.1", httpPort: 65_536 },
  { hostname: "127.0.0.1:80", httpPort: 80 },
  { hostname: "http://127.0.0.1", httpPort: 80 },
  { hostname: "fe80::1%eth0", httpPort: 80 },
  { hostname: "169.254.169.254", httpPort: 80 },
  { hostname: "a\u0000b", httpPort: 80 },
  { hostname: "*", httpPort: 80 },
];

const interfacesOf = (config: Readonly<Record<string, string>>) => [
  { namespace: "wasi", package: "http", interfaces: ["incoming-handler"], config },
];

/** Workloads on a host that lives, Ready by their own words, with an odd hostname or an odd alias, and Hosts Ready by theirs. Gives those that the API server took. */
export async function throwIn({ api, watched }: Laboratory, round: number): Promise<readonly Stored[]> {
  const [living] = watched.hosts.all();
  if (living === undefined) throw new Error("the laboratory has no hosts");
  const made: Stored[] = [];
  const make = async (object: Parameters<typeof api.create>[0], status: object): Promise<void> => {
    const stored = await api.create(object);
    made.push(stored);
    // The operator may have been here before, and taken it away.
    await api.patchStatus(stored, status).catch(() => {});
  };
  const ready = [
    { type: "Placement", status: "True" },
    { type: "Ready", status: "True" },
  ].map((one) => ({
    ...one,
    reason: "Available",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }));
  const workloads = [
    ...[...HOSTNAMES, ...LISTS].map((host, i) => ({ name: `odd-${round}-${i}-host`, config: { host } })),
    ...HOSTNAMES.map((name, i) => ({
      name: `odd-${round}-${i}-alias`,
      config: { host: `odd-${round}-${i}.lab.test`, "host-aliases": name },
    })),
  ];
  for (const { name, config } of workloads)
    await make(
      {
        apiVersion: API_VERSION,
        kind: "Workload",
        metadata: { namespace: NAMESPACE, name },
        spec: { hostId: living.hostId, hostInterfaces: interfacesOf(config) },
      },
      { hostId: living.hostId, workloadId: name, conditions: ready },
    );
  for (const [i, host] of HOSTS.entries())
    await make(
      {
        apiVersion: API_VERSION,
        kind: "Host",
        metadata: { namespace: OPERATOR_NAMESPACE, name: `odd-${round}-${i}`, labels: { hostgroup: "odd" } },
        hostId: `odd-${round}-${i}`,
        ...host,
      },
      { conditions: ready.slice(1) },
    );
  return made;
}

const REFUSALS = ["signalbox_xds_refusals_total", "signalbox_xds_rejected_resources_total"];

/** @throws when an Envoy has rejected anything, by what Signalbox counted and by what Envoys did. */
export async function expectNoRejection({ gateway, timeline }: Laboratory): Promise<void> {
  const { signalbox, envoys } = signalboxOf(gateway);
  for (const metric of REFUSALS) {
    const count = await signalbox.metric(metric);
    if (count > 0) throw new Error(`${metric} is ${count}`);
  }
  for (const envoy of envoys)
    for (const [name, count] of await envoy.stats("update_rejected$"))
      if (count > 0) throw new Error(`${envoy.kind.name}: ${name} is ${count}`);
  const problems = await signalbox.metric("signalbox_problems");
  timeline.note(MEASURED, `nothing was rejected by any Envoy; problems told of objects: ${problems}`);
}

export const ODD_OBJECTS: readonly Scenario[] = [
  {
    name: "odd-objects-in-rollout",
    about: "signalbox",
    what: `${2 * HOSTNAMES.length + LISTS.length} workloads with wildcards, control characters and the like as hostname or alias, and ${HOSTS.length} Hosts without a usable address, come and go during rolling updates of all deployments`,
    promised: "nothing",
    run: async (stage) => {
      const { lab, names } = stage;
      for (const round of [1, 2]) {
        await updateAll(stage);
        const made = await throwIn(lab, round);
        await lab.deployments.settled(names);
        await expectNoRejection(lab);
        await updateAll(stage);
        for (const object of made) await lab.api.delete(object);
        await lab.deployments.settled(names);
      }
      await expectNoRejection(lab);
    },
  },
];
