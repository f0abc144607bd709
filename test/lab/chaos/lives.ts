/** What each replica was, over time: in truth, by its host's words; and to a control plane that knew every object at once. */

import type { Fact, HostState } from "./facts.ts";
import { addressOf, deploymentOf, setOf } from "./names.ts";
import { ObjectsThen, type Phase } from "./objects-then.ts";

export interface Since<T> {
  readonly at: number;
  readonly now: T;
}

export interface ReplicaLife {
  readonly replica: string;
  /** The process it runs in. */
  readonly host: string;
  readonly hostnames: readonly string[];
  /** When it was written which host is to run it (its Workload may have waited for one), and when its Workload was gone: Infinity while it is not. */
  readonly chosenAt: number;
  readonly goneAt: number;
  readonly boundAt: number;
  /** Infinity while it is. */
  readonly unboundAt: number;
  /** By time; absent before the first. */
  readonly phases: readonly Since<Phase>[];
}

export interface Lives {
  readonly replicas: readonly ReplicaLife[];
  /** States of each host's process, by time; it does not exist before the first. */
  readonly hosts: ReadonlyMap<string, readonly Since<HostState>[]>;
}

interface Growing extends ReplicaLife {
  chosenAt: number;
  goneAt: number;
  unboundAt: number;
  readonly phases: Since<Phase>[];
}

/** From facts by time. */
export function livesOf(facts: readonly Fact[]): Lives {
  const replicas = new Map<string, Growing>();
  const hosts = new Map<string, Since<HostState>[]>();
  const objects = new ObjectsThen();
  const chosenAt = new Map<string, number>();
  for (const fact of facts) {
    const { at } = fact;
    if (fact.is === "host") hosts.set(fact.host, withState(hosts.get(fact.host) ?? [], fact));
    if (fact.is === "bound") {
      const { host, replica, hostnames } = fact;
      const open = { goneAt: Number.POSITIVE_INFINITY, unboundAt: Number.POSITIVE_INFINITY, phases: [] };
      replicas.set(replica, { replica, host, hostnames, chosenAt: chosenAt.get(replica) ?? at, boundAt: at, ...open });
    }
    if (fact.is === "unbound") setTime(replicas.get(fact.replica), "unboundAt", at);
    if (fact.is === "object" && fact.kind === "Workload" && fact.now === "new") chosenAt.set(fact.name, at);
    if (fact.is === "chosen") {
      chosenAt.set(fact.replica, at);
      setTime(replicas.get(fact.replica), "chosenAt", at);
    }
    if (fact.is === "object" && fact.kind === "Workload" && fact.now === "gone")
      setTime(replicas.get(fact.name), "goneAt", at);
    objects.take(fact);
    for (const concerned of concernedBy(fact, replicas)) {
      const before = concerned.phases.at(-1)?.now ?? "absent";
      const now = objects.phaseOf(concerned, before);
      if (now !== before) concerned.phases.push({ at, now });
    }
  }
  return { replicas: [...replicas.values()], hosts };
}

/** A connect that began while the host was frozen may go on until Envoy's time for it is over (1 s, `connectTimeoutMs`), and requests that come meanwhile wait for it too. */
const CONNECT_MS = 1_000;

/** What a thaw would have brought counts for nothing where something else comes first. */
function withState(
  states: readonly Since<HostState>[],
  { at, state }: { readonly at: number; readonly state: HostState },
): Since<HostState>[] {
  const before = states.filter((one) => one.at < at);
  const thaws = state === "alive" && before.at(-1)?.now === "frozen";
  return [...before, { at: thaws ? at + CONNECT_MS : at, now: state }];
}

function setTime(life: Growing | undefined, what: "chosenAt" | "unboundAt" | "goneAt", at: number): void {
  if (life !== undefined) life[what] = at;
}

function concernedBy(fact: Fact, replicas: ReadonlyMap<string, Growing>): readonly Growing[] {
  if (fact.is === "up" || fact.is === "down") return [...replicas.values()];
  // A host's word may come after that of the object it caused.
  const one = fact.is === "bound" ? fact.replica : fact.is === "object" && fact.kind === "Workload" ? fact.name : "";
  if (one !== "") return [replicas.get(one) ?? []].flat();
  if (fact.is !== "object") return [];
  const { kind, name } = fact;
  const concerned = ({ replica, host }: Growing): boolean => {
    if (kind === "Host") return addressOf(host) === addressOf(name);
    return deploymentOf(setOf(replica)) === (kind === "WorkloadDeployment" ? name : deploymentOf(name));
  };
  return [...replicas.values()].filter(concerned);
}
