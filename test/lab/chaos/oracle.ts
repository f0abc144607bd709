/**
 * Which requests may fail, decided from the facts alone. A failed request is allowed to have failed for a cause that stands below, or it is a violation; nothing is
 * allowed because a control plane believed it. Pure.
 */
import type { Outcome } from "../load/outcome.ts";
import type { Endpoint, Endpoints, Told } from "./endpoints.ts";
import type { Trace } from "./facts.ts";

/**
 * - stop: by its host's words, a stop ended it, or it met a service that was stopping.
 * - nobody: at some time of its life nobody served its hostname.
 * - unknown: somebody did, but nobody of whom an Envoy must have known; or all those that count as ready were gone, and nobody could have known that.
 * - host: it was with a host that died, froze, or had stopped its workload, before anyone could have known; only a safe method may be repeated.
 * - outnumbered: so were two or more of its endpoints, and a safe request that meets one of them may meet the next.
 * - mistaken: it was answered by another namespace's replica, on a host that was told to run that before anyone could have known.
 * - deleted: its user was about to delete it, or did.
 */
export type Cause = "stop" | "nobody" | "unknown" | "host" | "outnumbered" | "mistaken" | "deleted";

export type Judgement = { readonly allowed: Cause } | { readonly violation: string };

/** What is known beside the facts on hosts and objects. */
export interface Witnesses {
  /** Ids of requests that hosts say they ended by a stop, or answered 503 while stopping. */
  readonly stopped: ReadonlySet<number>;
  readonly traces: ReadonlyMap<number, Trace>;
  /** Hostnames with the times at which they began and ceased to be their users'; those not named always are. */
  readonly deleted: ReadonlyMap<string, number>;
}

/** Clocks of processes agree within a ms; what they write is written a little after it happened. */
const CLOCKS_MS = 25;
/** Until a proxy that waits for the core has read that a connection broke. */
const BREAK_MS = 500;
/** An endpoint is tried, and so many others (traffic.retries has 2 at least here). */
const TRIES = 3;

/** Why a failed request failed. */
export function judge(outcome: Outcome, endpoints: Endpoints, witnesses: Witnesses): Judgement {
  const { id, hostname, at, tookMs, failure, safe } = outcome;
  if (failure === undefined) throw new Error(`request ${id} has not failed`);
  const [from, to] = [at - CLOCKS_MS, at + tookMs + CLOCKS_MS];
  if (failure.as === "wrong") return { violation: "not what was asked for" };
  if (failure.as === "foreign")
    return endpoints.mayMistake(hostname, from, to)
      ? { allowed: "mistaken" }
      : { violation: "answered by somebody who does not own the hostname" };
  if (witnesses.stopped.has(id)) return { allowed: "stop" };
  const deleted = (witnesses.deleted.get(hostname) ?? Number.POSITIVE_INFINITY) <= to;
  const trace = witnesses.traces.get(id);
  if (deleted && failure.as === "answer") return { allowed: "deleted" };
  if (trace?.flags === "NR") return { violation: "the hostname exists, and Envoy does not know it" };
  const inVain = new Map<string, Vain>();
  for (const time of endpoints.changes(hostname, from, to)) {
    const all = endpoints.at(hostname, time);
    const vain = vainOnes(all);
    if (vain === undefined && !failure.begun && !deleted)
      return { allowed: all.some(({ serving }) => serving) ? "unknown" : "nobody" };
    for (const endpoint of vain ?? all.filter(({ serving }) => !serving)) {
      const { address } = endpoint;
      inVain.set(address, worse(inVain.get(address), vainOf(endpoint, endpoints, from, to)));
    }
  }
  if (deleted)
    return [...inVain.values()].includes("loses")
      ? { allowed: "host" }
      : { violation: "the hostname is deleted: a clean answer was due" };
  return byHosts({ safe, begun: failure.begun, asked: trace?.asked }, inVain);
}

/** How an endpoint fails: it refuses connections, which costs nobody more than a try; answers that it has no such name; or takes requests and loses them. */
const VAIN = ["refuses", "denies", "loses"] as const;
type Vain = (typeof VAIN)[number];

const worse = (a: Vain | undefined, b: Vain): Vain => (a !== undefined && VAIN.indexOf(a) > VAIN.indexOf(b) ? a : b);

function vainOf({ address, state }: Endpoint, endpoints: Endpoints, from: number, to: number): Vain {
  if (state === "frozen" || endpoints.diedAt(address, from - BREAK_MS, to)) return "loses";
  return state === "dead" ? "refuses" : "denies";
}

/**
 * Endpoints that an Envoy may ask in vain. It asks those that are ready, or where there are none, those that drain; which they are, is known up to news on its
 * way, of which the worst is taken. Undefined when that may leave none that serves.
 */
function vainOnes(all: readonly Endpoint[]): readonly Endpoint[] | undefined {
  const may =
    (one: Told) =>
    (endpoint: Endpoint): boolean =>
      endpoint.told.has(one);
  const serving = all.filter((endpoint) => endpoint.serving);
  const others = all.filter((endpoint) => !endpoint.serving);
  const isReady = ({ told }: Endpoint): boolean => told.has("ready") && told.size === 1;
  if (!serving.some(isReady) && others.some(may("ready"))) return undefined;
  if (all.some(isReady)) return others.filter(may("ready"));
  if (serving.every(may("none"))) return undefined;
  return others.filter(({ told }) => told.has("ready") || told.has("draining"));
}

function byHosts(
  { safe, begun, asked }: { readonly safe: boolean; readonly begun: boolean; readonly asked: string | undefined },
  inVain: ReadonlyMap<string, Vain>,
): Judgement {
  const losing = [...inVain].filter(([, vain]) => vain === "loses").map(([address]) => address);
  const denying = [...inVain].filter(([, vain]) => vain === "denies").map(([address]) => address);
  if (begun)
    return losing.length > 0 ? { allowed: "host" } : { violation: "an answer was cut whose host went on serving" };
  if (inVain.size >= TRIES || (safe && losing.length + denying.length >= 2)) return { allowed: "outnumbered" };
  if (safe) return { violation: `another endpoint was ready${inVain.size === 0 ? ", and so were all" : ""}` };
  const guilty = [...losing, ...denying];
  if (guilty.length === 0) return { violation: "all endpoints that could be asked were ready" };
  if (asked !== undefined && !guilty.includes(asked))
    return { violation: `it was with ${asked}, which served; not with ${guilty.join(", ")}` };
  return { allowed: "host" };
}
