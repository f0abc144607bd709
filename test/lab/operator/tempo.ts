/** How fast the operator and the hosts go about it. All in ms. */

export interface Tempo {
  /** A workload's status is asked for this often. */
  readonly workloadPollMs: number;
  readonly startTimeoutMs: number;
  readonly statusTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** A host is probed this often, and so long. */
  readonly hostPollMs: number;
  readonly probeTimeoutMs: number;
  /** A host that does not answer probes is given up so long after its last heartbeat. */
  readonly hostTtlMs: number;
  readonly heartbeatMs: number;
  /** A host that is told to end (SIGTERM) does so after this; hosts of 2.7.0 are killed at once instead. */
  readonly graceMs: number;
  /** ReplicaSets and Deployments look again this often when nothing wakes them. */
  readonly ownerPollMs: number;
  /** A workload whose Sync is False for so long is deleted by its ReplicaSet. */
  readonly unhealthyGraceMs: number;
  /** Until the next look after a condition changed, where no event comes first. */
  readonly requeueMs: number;
  /** Shortest and longest time a host takes to start a component. */
  readonly startMs: readonly [number, number];
  /** Time a host takes from the order to stop until it has stopped a component. */
  readonly stopMs: number;
}

/** The constants of wasmCloud's operator 2.7.0 and `wash host` 2.7.0, with components that are cached. */
const realistic: Tempo = {
  workloadPollMs: 30_000,
  startTimeoutMs: 60_000,
  statusTimeoutMs: 5_000,
  stopTimeoutMs: 30_000,
  hostPollMs: 60_000,
  probeTimeoutMs: 5_000,
  hostTtlMs: 60_000,
  heartbeatMs: 15_000,
  graceMs: 15_000,
  ownerPollMs: 60_000,
  unhealthyGraceMs: 60_000,
  requeueMs: 1_000,
  startMs: [150, 500],
  stopMs: 0,
};

/**
 * Adversarial: everything that is waited for comes ten times sooner, components start at once. Control planes have less time, tests take less; a busy host
 * misses probes, so that Ready flaps by itself.
 */
const fast: Tempo = {
  workloadPollMs: 3_000,
  startTimeoutMs: 6_000,
  statusTimeoutMs: 1_000,
  stopTimeoutMs: 3_000,
  hostPollMs: 6_000,
  probeTimeoutMs: 1_000,
  hostTtlMs: 6_000,
  heartbeatMs: 1_500,
  graceMs: 3_000,
  ownerPollMs: 6_000,
  unhealthyGraceMs: 6_000,
  requeueMs: 100,
  startMs: [5, 60],
  stopMs: 0,
};

/**
 * Fast, on a machine that others keep busy too: hosts are slow to stop. Between the word that a replica goes and its end lie tens of ms otherwise, which a
 * proxy and a host that wait for a core let pass with a request in their hands; nobody's failure but the machine's.
 */
const crowded: Tempo = { ...fast, stopMs: 150 };

export const TEMPOS = { realistic, fast, crowded } as const;
export type TempoName = keyof typeof TEMPOS;
