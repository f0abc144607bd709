/**
 * The client of a measurement: asks back to back, one request in flight, until the new place answers, and takes the time. A child process (see remote.ts),
 * since the bench itself writes changes meanwhile.
 */
import { monotonicMs } from "./clock.ts";
import { type Answer, Connection } from "./connection.ts";
import { answer } from "./remote.ts";
import { acceptedBy } from "./socket-owner.ts";

/** A hostname and the body that tells that it is served as wanted. */
export interface Target {
  readonly hostname: string;
  readonly body: string;
}

/** What was seen of one target, or of many. */
export interface Sighting {
  /** Per Envoy: when the first wanted answer was there (of a sweep: the last target's), on the machine's clock. */
  readonly servedAt: readonly number[];
  /** Answers before that were not 200, by status. */
  readonly others: Readonly<Record<string, number>>;
}

export type ProberCalls = {
  /** Connections to each of these Envoys, which all listen on `port`. */
  readonly connect: (to: { readonly port: number; readonly pids: readonly number[] }) => Promise<void>;
  /** Resolves when every Envoy was asked once: from now on a change is seen. */
  readonly watch: (target: Target) => Promise<void>;
  /** How the last watch ended. */
  readonly sighting: (argument: undefined) => Promise<Sighting>;
  /** Asks for all until every Envoy serves every one. */
  readonly sweep: (targets: readonly Target[]) => Promise<Sighting>;
};

/** What has not come by then will not come: the run fails and tells what it saw last. */
const BOUND_MS = 120_000;

let lanes: readonly Connection[] = [];
let watched: Promise<Sighting> | undefined;

/** One connection per Envoy. The kernel spreads connections over the Envoys that share a port, so we ask for more until each has one. */
async function connect({ port, pids }: { readonly port: number; readonly pids: readonly number[] }): Promise<void> {
  for (const lane of lanes) lane.close();
  const found = new Map<number, Connection>();
  for (let tries = 0; found.size < pids.length; tries++) {
    if (tries === 500) throw new Error(`${found.size} of ${pids.length} Envoys were reached on port ${port}`);
    const connection = await Connection.open(port);
    await connection.get("warm-up.test"); // accepted now, which the handshake alone does not tell
    const pid = pids.length === 1 ? pids[0] : acceptedBy(port, connection.localPort, pids);
    if (pid === undefined || found.has(pid)) connection.close();
    else found.set(pid, connection);
  }
  lanes = pids.map((pid) => found.get(pid) as Connection);
}

class Count {
  readonly others: Record<string, number> = {};
  #last: Answer | undefined;
  readonly #until = monotonicMs() + BOUND_MS;

  /** True if the answer is the wanted one. */
  take(target: Target, answered: Answer, now: number): boolean {
    this.#last = answered;
    if (answered.status === 200) return answered.body === target.body || this.#wait(target, now);
    this.others[answered.status] = (this.others[answered.status] ?? 0) + 1;
    return this.#wait(target, now);
  }

  #wait({ hostname, body }: Target, now: number): false {
    if (now > this.#until)
      throw new Error(
        `${hostname} was not answered by ${body} within ${BOUND_MS / 1000} s, but by ${JSON.stringify(this.#last)}`,
      );
    return false;
  }
}

async function watch(target: Target): Promise<void> {
  let asked = (): void => undefined;
  const begun = new Promise<void>((settle) => {
    asked = settle;
  });
  watched = seen(target, () => asked());
  await Promise.race([begun, watched]);
}

async function seen(target: Target, asked: () => void): Promise<Sighting> {
  const count = new Count();
  const servedAt = lanes.map(() => 0);
  for (let left = lanes.length; left > 0; ) {
    for (const [envoy, lane] of lanes.entries()) {
      if (servedAt[envoy] !== 0) continue;
      const answered = await lane.get(target.hostname);
      const now = monotonicMs();
      if (!count.take(target, answered, now)) continue;
      servedAt[envoy] = now;
      left -= 1;
    }
    asked();
  }
  return { servedAt, others: count.others };
}

async function sweep(targets: readonly Target[]): Promise<Sighting> {
  const count = new Count();
  const servedAt = await Promise.all(
    lanes.map(async (lane) => {
      let last = 0;
      for (let left = targets; left.length > 0; ) {
        const again: Target[] = [];
        for (const target of left) {
          const answered = await lane.get(target.hostname);
          const now = monotonicMs();
          if (count.take(target, answered, now)) last = now;
          else again.push(target);
        }
        left = again;
      }
      return last;
    }),
  );
  return { servedAt, others: count.others };
}

answer<ProberCalls>({
  connect,
  watch,
  sighting: async () => {
    if (watched === undefined) throw new Error("nothing is watched");
    return await watched;
  },
  sweep,
});
