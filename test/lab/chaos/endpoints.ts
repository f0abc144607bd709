/** Who could serve a hostname at one time: in truth, and as far as Envoys could have known. */
import { NAMESPACE } from "../cluster/deployments.ts";
import type { Availability } from "./availability.ts";
import type { HostState } from "./facts.ts";
import type { Lives, ReplicaLife } from "./lives.ts";
import { addressOf } from "./names.ts";
import type { Phase } from "./objects-then.ts";

/** What an Envoy may have been told of an endpoint. */
export type Told = "none" | "ready" | "draining";

const TOLD: Readonly<Record<Phase, readonly Told[]>> = {
  absent: ["none"],
  ready: ["ready"],
  draining: ["draining"],
  // Lost together with many others it is kept, alone it is not.
  lost: ["none", "draining"],
  doubted: ["draining"],
};

/** Whose the hostnames under load are; others may want them too, and come too late. */
const isOwners = ({ replica }: ReplicaLife): boolean => replica.startsWith(`${NAMESPACE}/`);

/** All that is at one address, since an Envoy knows nothing smaller. */
export interface Endpoint {
  readonly address: string;
  /** One of these; several while news may be on its way. */
  readonly told: ReadonlySet<Told>;
  /** A process answers there, and has a replica of the hostname. */
  readonly serving: boolean;
  /** Of the process that has the address now. */
  readonly state: HostState;
}

export class Endpoints {
  readonly #owners: ReadonlyMap<string, readonly ReplicaLife[]>;
  readonly #foreign: ReadonlyMap<string, readonly ReplicaLife[]>;
  readonly #lives: Lives;
  readonly #availability: Availability;

  constructor(lives: Lives, availability: Availability) {
    this.#lives = lives;
    this.#availability = availability;
    this.#owners = byHostname(lives.replicas.filter(isOwners));
    this.#foreign = byHostname(lives.replicas.filter((life) => !isOwners(life)));
  }

  /** Those that an Envoy may know or that serve, at this time. */
  at(hostname: string, at: number): readonly Endpoint[] {
    const groups = Map.groupBy(this.#owners.get(hostname) ?? [], ({ host }) => addressOf(host));
    return [...groups].flatMap(([address, lives]) => {
      const [process, state] = this.#processAt(address, at);
      const told = new Set(lives.map((life) => this.#toldOf(life, at)).reduce(together));
      // Where both are, the host would mix them: it may be left out, and asked for nothing that has no other name.
      if (this.#isMixed(hostname, address, at)) told.add("none");
      const serving =
        state === "alive" &&
        lives.some(({ host, boundAt, unboundAt }) => host === process && boundAt <= at && at < unboundAt);
      return serving || told.size > 1 || !told.has("none") ? [{ address, told, serving, state }] : [];
    });
  }

  /** Times within this stretch at which any of that changes for a hostname, its ends included. */
  changes(hostname: string, from: number, to: number): readonly number[] {
    const lives = [...(this.#owners.get(hostname) ?? []), ...(this.#foreign.get(hostname) ?? [])];
    const addresses = new Set(lives.map(({ host }) => addressOf(host)));
    const processes = [...this.#lives.hosts].filter(([host]) => addresses.has(addressOf(host)));
    const times = [
      ...lives.flatMap(({ chosenAt, boundAt, unboundAt }) => [
        this.#availability.earliest(chosenAt),
        boundAt,
        unboundAt,
      ]),
      ...lives.flatMap(({ phases }) => phases.flatMap(({ at }) => [at, this.#availability.earliest(at)])),
      ...processes.flatMap(([, states]) => states.map(({ at }) => at)),
    ];
    return [from, ...new Set(times.filter((at) => from < at && at < to)), to];
  }

  /** Whether a host may have answered for somebody else than the owner, as it was told to run the other before anyone could have known. */
  mayMistake(hostname: string, from: number, to: number): boolean {
    return (this.#foreign.get(hostname) ?? []).some(
      ({ chosenAt, boundAt, unboundAt }) =>
        boundAt <= to && unboundAt >= from && !this.#availability.told(chosenAt, Math.max(from, boundAt)),
    );
  }

  #isMixed(hostname: string, address: string, at: number): boolean {
    return (this.#foreign.get(hostname) ?? []).some(
      ({ host, chosenAt, goneAt }) =>
        addressOf(host) === address &&
        this.#availability.earliest(chosenAt) <= at &&
        !this.#availability.told(goneAt, at),
    );
  }

  /** Whether whatever had this address died within this stretch. */
  diedAt(address: string, from: number, to: number): boolean {
    return [...this.#lives.hosts].some(
      ([host, states]) =>
        addressOf(host) === address && states.some(({ at, now }) => now === "dead" && from <= at && at <= to),
    );
  }

  /** The latest process at an address; dead before there was one. */
  #processAt(address: string, at: number): readonly [process: string, state: HostState] {
    let latest: readonly [string, HostState] = ["", "dead"];
    let since = Number.NEGATIVE_INFINITY;
    for (const [host, states] of this.#lives.hosts) {
      const began = states[0]?.at ?? Number.POSITIVE_INFINITY;
      if (addressOf(host) !== address || began > at || began < since) continue;
      latest = [host, states.findLast((state) => state.at <= at)?.now ?? "dead"];
      since = began;
    }
    return latest;
  }

  #toldOf({ phases }: ReplicaLife, at: number): readonly Told[] {
    const possible = new Set<Told>();
    for (let i = phases.length; i >= 0; i--) {
      const phase = phases[i - 1];
      if (phase !== undefined && this.#availability.earliest(phase.at) > at) continue;
      for (const told of TOLD[phase?.now ?? "absent"]) possible.add(told);
      if (phase === undefined || this.#availability.told(phase.at, at)) break;
    }
    return [...possible];
  }
}

function byHostname(lives: readonly ReplicaLife[]): ReadonlyMap<string, readonly ReplicaLife[]> {
  const found = new Map<string, ReplicaLife[]>();
  for (const life of lives) for (const name of life.hostnames) found.set(name, [...(found.get(name) ?? []), life]);
  return found;
}

/** Of two replicas at one address: ready if one surely is; gone only if both are. */
function together(a: readonly Told[], b: readonly Told[]): readonly Told[] {
  if (surely(a, "ready") || surely(b, "ready")) return ["ready"];
  const either = new Set([...a, ...b]);
  if (!a.includes("none") || !b.includes("none")) either.delete("none");
  return [...either];
}

const surely = (told: readonly Told[], one: Told): boolean => told.length === 1 && told[0] === one;
