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
  /** It is written which host is to run it. */
  | { readonly is: "chosen"; readonly replica: string }
  | { readonly is: "unbound"; readonly host: string; readonly replica: string }
  | { readonly is: "host"; readonly host: string; readonly state: HostState }
  | { readonly is: "object"; readonly kind: ObjectKind; readonly name: string; readonly now: ObjectState }
  /** Of a part there may be several. */
  | { readonly is: "up" | "down"; readonly part: Part; readonly name: string }
  /** Its user is about to delete it, for good. */
  | { readonly is: "unmade"; readonly hostname: string }
  /** Who was kept from the core, until now, for so long. */
  | { readonly is: "late"; readonly who: string; readonly ms: number };

const STATES: Readonly<Record<string, HostState>> = { SIGKILL: "dead", SIGSTOP: "frozen", SIGCONT: "alive" };
/** Which part a name is of. */
const PARTS: readonly (readonly [Part, RegExp])[] = [
  ["signalbox", /^signalbox/i],
  ["api-server", /^the API server$/],
  ["bus", /^the bus$/],
];
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
  const chosen = /^Workload (\S+): HostSelection is True$/.exec(text)?.[1];
  if (chosen !== undefined) return { is: "chosen", replica: chosen };
  const match = /^(\w+) (\S+?)(?:: Ready is (\w+)| is (new|gone|being deleted))$/.exec(text);
  if (match === null) return undefined;
  const [, kind = "", key = "", ready, comes = ""] = match;
  const now = ready === undefined ? COMES[comes] : READY[ready];
  // Hosts say their bare name.
  const name = kind === "Host" ? key.slice(key.indexOf("/") + 1) : key;
  return now === undefined ? undefined : { is: "object", kind: kind as ObjectKind, name, now };
}

function deedWhat(text: string): What | undefined {
  const [, signal = "", to = ""] = /^(SIG[A-Z]+) to (host-\d+-\d+|[Ss]ignalbox\S*|the API server)/.exec(text) ?? [];
  const state = to.startsWith("host-") ? STATES[signal] : undefined;
  if (state !== undefined) return { is: "host", host: to, state };
  if (signal !== "") return partWhat(signal === "SIGCONT" ? "up" : "down", to);
  const [, name = "", word = ""] = /^([Ss]ignalbox\S*|the API server|the bus) is (ready|back|lost)$/.exec(text) ?? [];
  if (name !== "") return partWhat(word === "lost" ? "down" : "up", name);
  const unmade = /^(\S+) is unmade$/.exec(text)?.[1];
  return unmade === undefined ? undefined : { is: "unmade", hostname: hostnameOf(unmade) };
}

function partWhat(is: "up" | "down", name: string): What | undefined {
  const part = PARTS.find(([, pattern]) => pattern.test(name))?.[0];
  return part === undefined ? undefined : { is, part, name };
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
