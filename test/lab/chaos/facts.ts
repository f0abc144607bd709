/**
 * What happened, as far as it decides which requests may fail: read from what hosts say, what the API server holds, and what was done to whom. Nothing that
 * Signalbox believes is among it.
 */
import { hostnameOf } from "../cluster/deployments.ts";
import type { Said } from "../timeline.ts";

export type HostState = "alive" | "dead" | "frozen";
export type ObjectKind = "Host" | "Workload" | "WorkloadReplicaSet" | "WorkloadDeployment";
/** Of an object: its Ready, or that it comes or goes. */
export type ObjectState = "new" | "ready" | "unknown" | "not-ready" | "deleting" | "gone";
export type Part = "signalbox" | "api-server" | "bus";

/** One fact. A host is a process, as in `host-11-2`: the second at 127.0.0.11. A replica is its Workload, as in `lab/app-7-9f86d0818-a1b2c3`. */
export type Fact = { readonly at: number } & What;

export type What =
  | { readonly is: "bound"; readonly host: string; readonly replica: string; readonly hostnames: readonly string[] }
  | { readonly is: "unbound"; readonly host: string; readonly replica: string }
  | { readonly is: "host"; readonly host: string; readonly state: HostState }
  | { readonly is: "object"; readonly kind: ObjectKind; readonly name: string; readonly now: ObjectState }
  | { readonly is: "up" | "down"; readonly part: Part }
  /** Its user is about to delete it, for good. */
  | { readonly is: "unmade"; readonly hostname: string }
  /** Who was kept from the core, until now, for so long. */
  | { readonly is: "late"; readonly who: string; readonly ms: number };

const STATES: Readonly<Record<string, HostState>> = { SIGKILL: "dead", SIGSTOP: "frozen", SIGCONT: "alive" };
const PARTS: Readonly<Record<string, Part>> = {
  Signalbox: "signalbox",
  "the API server": "api-server",
  "the bus": "bus",
};
const COMES: Readonly<Record<string, ObjectState>> = { new: "new", gone: "gone", "being deleted": "deleting" };
const READY: Readonly<Record<string, ObjectState>> = { True: "ready", False: "not-ready", Unknown: "unknown" };

/** Facts by time. A sentence that is not understood decides nothing. */
export function factsOf(said: readonly Said[]): readonly Fact[] {
  return said
    .flatMap((one): readonly Fact[] => {
      const what = whatOf(one);
      return what === undefined ? [] : [{ at: one.at, ...what }];
    })
    .toSorted((a, b) => a.at - b.at);
}

function whatOf({ who, text }: Said): What | undefined {
  const late = /event loop (\d+) ms late$/.exec(text)?.[1];
  if (late !== undefined) return { is: "late", who, ms: Number(late) };
  if (who === "objects") return objectWhat(text);
  if (who === "lab") return deedWhat(text);
  return who.startsWith("host-") ? hostWhat(who, text) : undefined;
}

function hostWhat(host: string, text: string): What | undefined {
  if (text.startsWith("listens on ")) return { is: "host", host, state: "alive" };
  const bound = /^(\S+) is bound to (.+)$/.exec(text);
  if (bound !== null) return { is: "bound", host, replica: bound[1] ?? "", hostnames: (bound[2] ?? "").split(", ") };
  const unbound = /^(\S+) is unbound$/.exec(text);
  return unbound === null ? undefined : { is: "unbound", host, replica: unbound[1] ?? "" };
}

function objectWhat(text: string): What | undefined {
  const match = /^(\w+) (\S+?)(?:: Ready is (\w+)| is (new|gone|being deleted))$/.exec(text);
  if (match === null) return undefined;
  const [, kind = "", key = "", ready, comes = ""] = match;
  const now = ready === undefined ? COMES[comes] : READY[ready];
  // Hosts say their bare name.
  const name = kind === "Host" ? key.slice(key.indexOf("/") + 1) : key;
  return now === undefined ? undefined : { is: "object", kind: kind as ObjectKind, name, now };
}

function deedWhat(text: string): What | undefined {
  const signal = /^(SIG[A-Z]+) to (host-\d+-\d+|Signalbox|the API server)/.exec(text);
  if (signal !== null) {
    const part = PARTS[signal[2] ?? ""];
    if (part !== undefined) return { is: "down", part };
    const state = STATES[signal[1] ?? ""];
    return state === undefined ? undefined : { is: "host", host: signal[2] ?? "", state };
  }
  const part = /^(Signalbox|the API server|the bus) is (ready|back|lost)$/.exec(text);
  if (part !== null) return { is: part[2] === "lost" ? "down" : "up", part: PARTS[part[1] ?? ""] ?? "bus" };
  const unmade = /^(\S+) is unmade$/.exec(text)?.[1];
  return unmade === undefined ? undefined : { is: "unmade", hostname: hostnameOf(unmade) };
}

/** Ids of requests that hosts say they ended by a stop, or answered 503 while stopping. */
export function stoppedOf(said: readonly Said[]): ReadonlySet<number> {
  const ids = said.map(({ text }) => / (?:is killed with request|answers 503 to) lab\/(\d+)$/.exec(text)?.[1]);
  return new Set(ids.flatMap((id) => (id === undefined ? [] : [Number(id)])));
}

/** What Envoy's access log says of one request that was not plain. */
export interface Trace {
  readonly flags: string;
  /** Address of the host that was asked last, as in `host-11`; undefined where none was. */
  readonly asked: string | undefined;
}

/** By the ids of requests. */
export function tracesOf(said: readonly Said[]): ReadonlyMap<number, Trace> {
  const traces = new Map<number, Trace>();
  for (const { text } of said) {
    const match = /^lab\/(\d+) .* flags (\S+), .* host (?:127\.0\.0\.(\d+)|null)/.exec(text);
    if (match === null) continue;
    const [, id, flags = "", address] = match;
    traces.set(Number(id), { flags, asked: address === undefined ? undefined : `host-${address}` });
  }
  return traces;
}
