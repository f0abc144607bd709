/** The source of a cluster: wasmCloud's objects as an API server lists and watches them. */
import type { KubernetesClient } from "../kubernetes/client.ts";
import { type Failure, HELPLESS } from "../kubernetes/failure.ts";
import { Reflector } from "../kubernetes/reflector.ts";
import type {
  Batch as ReflectorBatch,
  ReflectorClock,
  ReflectorObserver,
  ReflectorTuning,
} from "../kubernetes/reflector-options.ts";
import type { ReflectorState } from "../kubernetes/reflector-state.ts";
import { located, resourcesIn } from "../kubernetes/scope.ts";
import type { ObjectName, RecordKind } from "../placement/records.ts";
import { ClusterLedger } from "./cluster-ledger.ts";
import { type ClusterObject, clusterObject, sameClusterObject } from "./kubernetes-object.ts";
import { API_VERSION, GROUP } from "./object.ts";
import type { ObjectChange, ObjectSource, ProblemReport, Sink } from "./source.ts";

export interface KubernetesOptions {
  readonly client: KubernetesClient;
  /** Namespaces to read, that of wasmCloud's operator (where its Hosts are) among them; empty: all, which needs a ClusterRole. */
  readonly namespaces: readonly string[];
  /** Told what each watch goes through. `namespace` is undefined for all. */
  observer(kind: RecordKind, namespace: string | undefined): ReflectorObserver;
  readonly clock: ReflectorClock;
  /** 0 to below 1. */
  chance(): number;
  readonly tuning?: ReflectorTuning;
  /** How long the ReplicaSet of a workload may be unknown before ReplicaSets are listed anew, in ms. Default 3,000: their watch is a moment behind at times. */
  readonly ownerMs?: number;
  /**
   * How long an optional kind must be forbidden or not installed before Signalbox goes on without it, in ms. Default 5,000: an API server that starts
   * refuses what it will allow in a moment, and ownership decided without deployments would be decided otherwise then.
   */
  readonly degradedMs?: number;
}

/** How one kind is read, in one namespace or all; for status and metrics. */
export interface KindStatus {
  readonly kind: RecordKind;
  readonly namespace: string | undefined;
  readonly state: ReflectorState;
  readonly synced: boolean;
  readonly objects: number;
  /** Since when, on the clock given, and why it may be out of date. */
  readonly stale: { readonly sinceMs: number; readonly failure: Failure } | undefined;
}

/** An object as others may point at it. */
export interface ObjectIdentity {
  readonly apiVersion: string;
  readonly uid: string;
  /** A controller made it: a Workload of a ReplicaSet, a ReplicaSet of a deployment. */
  readonly owned: boolean;
}

/** What cannot be done without; of the others ages and succession are learnt, and without them Signalbox goes on. */
const ESSENTIAL: Readonly<Record<RecordKind, boolean>> = {
  Host: true,
  Workload: true,
  WorkloadReplicaSet: false,
  WorkloadDeployment: false,
};

const PLURAL: Readonly<Record<RecordKind, string>> = {
  Host: "hosts",
  Workload: "workloads",
  WorkloadReplicaSet: "workloadreplicasets",
  WorkloadDeployment: "workloaddeployments",
};

const KINDS: readonly RecordKind[] = ["Host", "Workload", "WorkloadReplicaSet", "WorkloadDeployment"];

interface Watched {
  readonly kind: RecordKind;
  readonly namespace: string | undefined;
  readonly reflector: Reflector<ClusterObject>;
  /** Since when, on the clock given, it has met nothing but HELPLESS failures; undefined while it works or fails otherwise. */
  helplessSince: number | undefined;
}

/**
 * A cluster as a source (see Source for what that promises). Besides:
 * - `synced` waits for every kind, but not for an optional one that is forbidden or not installed: that is the problem `ownership-degraded`.
 * - `stale` from the first failure of any watch until it works again; what was given stays.
 * - `gone` and `goneDeployment` of workloads are decided here, by the owner ledger.
 */
export class KubernetesSource implements ObjectSource {
  readonly #options: KubernetesOptions;
  readonly #ledger = new ClusterLedger();
  readonly #watched: readonly Watched[];
  #sink: Sink<ObjectChange> | undefined;
  #order = 0;
  #synced = false;
  #stale: string | undefined;
  /** Runs while a workload waits for its ReplicaSet to be seen. */
  #ownerTimer: NodeJS.Timeout | undefined;

  constructor(options: KubernetesOptions) {
    this.#options = options;
    this.#watched = KINDS.flatMap((kind) => this.#watchesOf(kind));
  }

  /** Never fails: an API server that is away is waited for, and told by `stale`. */
  async start(sink: Sink<ObjectChange>): Promise<void> {
    this.#sink = sink;
    for (const { reflector } of this.#watched) reflector.start();
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
    clearTimeout(this.#ownerTimer);
    await Promise.all(this.#watched.map(({ reflector }) => reflector.stop()));
  }

  status(): readonly KindStatus[] {
    return this.#watched.map(({ kind, namespace, reflector }) => {
      const { state, synced, size, staleness } = reflector;
      return { kind, namespace, state, synced, objects: size, stale: staleness };
    });
  }

  #watchesOf(kind: RecordKind): readonly Watched[] {
    const { client, clock, chance, tuning = {}, namespaces } = this.#options;
    return resourcesIn({ group: GROUP, version: "v1alpha1", plural: PLURAL[kind] }, namespaces).map((resource) => {
      const { namespace } = resource;
      const watched: Watched = {
        kind,
        namespace,
        helplessSince: undefined,
        reflector: new Reflector<ClusterObject>({
          client,
          clock,
          chance,
          tuning: { quietMs: quietMsFor(namespaces.length), ...tuning },
          // Hosts without a namespace are then read once per namespace: the same objects, so the same records.
          locate: async (signal) => (kind === "Host" ? await located(client, resource, signal) : resource),
          project: (object) => clusterObject(kind, object),
          same: sameClusterObject,
          deliver: (batch) => this.#take(batch, kind, namespace),
          observer: this.#observer(() => watched, this.#options.observer(kind, namespace)),
          order: () => ++this.#order,
        }),
      };
      return watched;
    });
  }

  /** Tells the owner's observer, then looks whether `synced` or `stale` changed by it. */
  #observer(watched: () => Watched, observer: ReflectorObserver): ReflectorObserver {
    return {
      listed: (objects, tookMs) => observer.listed(objects, tookMs),
      events: (count) => observer.events(count),
      threw: (where, error) => observer.threw(where, error),
      failed: (failure, waitMs) => {
        observer.failed(failure, waitMs);
        const helpless = HELPLESS.has(failure.code);
        watched().helplessSince = helpless ? (watched().helplessSince ?? this.#options.clock.now()) : undefined;
        this.#give([], []);
      },
      recovered: (staleMs) => {
        observer.recovered(staleMs);
        watched().helplessSince = undefined;
        for (const { reflector } of this.#watched) reflector.hurry();
        this.#give([], []);
      },
    };
  }

  #take(batch: ReflectorBatch<ClusterObject>, kind: RecordKind, namespace: string | undefined): void {
    const { changes, reports } = this.#ledger.take(batch, ++this.#order);
    if (batch.listed !== undefined && kind === "WorkloadReplicaSet")
      changes.push(...this.#ledger.ownersListed(batch.listed, namespace));
    this.#give(changes, reports);
    if (kind === "Workload" || batch.listed !== undefined) this.#lookForOwners();
  }

  #give(changes: readonly ObjectChange[], reports: readonly ProblemReport[]): void {
    const problems = [...reports, ...this.#ledger.report(this.#degradations())];
    const stale = this.#staleness();
    const synced = this.#synced || this.#watched.every((w) => w.reflector.synced || this.#degraded(w) !== undefined);
    if (changes.length === 0 && problems.length === 0 && synced === this.#synced && stale === this.#stale) return;
    this.#synced = synced;
    this.#stale = stale;
    this.#sink?.({ changes, problems, synced, stale });
  }

  /** What is known of an object beside its record; undefined if it is not there. */
  identityOf({ kind, namespace, name }: ObjectName & { readonly kind: RecordKind }): ObjectIdentity | undefined {
    for (const watched of this.#watched) {
      const object = watched.kind === kind ? watched.reflector.get(`${namespace}/${name}`) : undefined;
      if (object !== undefined) return { apiVersion: API_VERSION, uid: object.uid, owned: isOwned(object) };
    }
    return undefined;
  }

  #staleness(): string | undefined {
    const watched = this.#watched.find((w) => w.reflector.staleness !== undefined && this.#degraded(w) === undefined);
    const failure = watched?.reflector.staleness?.failure;
    return failure === undefined ? undefined : `${failure.cause}. ${failure.remedy}`;
  }

  /** Why an optional kind is done without; undefined while it is not. */
  #degraded({ kind, reflector, helplessSince }: Watched): Failure | undefined {
    const { clock, degradedMs = 5_000 } = this.#options;
    if (ESSENTIAL[kind] || helplessSince === undefined || clock.now() - helplessSince < degradedMs) return undefined;
    return reflector.staleness?.failure;
  }

  /** One report for each optional kind: what is missing, or that nothing is. */
  #degradations(): readonly ProblemReport[] {
    return KINDS.filter((kind) => !ESSENTIAL[kind]).map((kind) => {
      const failures = this.#watched.flatMap((w) => (w.kind === kind ? (this.#degraded(w) ?? []) : []));
      const problems = failures.map(({ cause, remedy }) => ({
        code: "ownership-degraded" as const,
        subject: { kind, namespace: "", name: "(all)" },
        cause: `${cause}; until then ${CONSEQUENCE[kind] ?? ""}`,
        remedy,
      }));
      return { about: `${kind}//(all)`, problems };
    });
  }

  /** A workload whose ReplicaSet nobody has seen may be an orphan: only a list requested from now on tells. */
  #lookForOwners(): void {
    if (this.#ownerTimer !== undefined || this.#ledger.undecided.size === 0) return;
    this.#ownerTimer = setTimeout(() => {
      this.#ownerTimer = undefined;
      if (this.#sink === undefined) return;
      const namespaces = this.#ledger.undecided;
      for (const { kind, namespace, reflector } of this.#watched)
        if (kind === "WorkloadReplicaSet" && reflector.synced && namespaces.size > 0)
          if (namespace === undefined || namespaces.has(namespace)) reflector.relist();
    }, this.#options.ownerMs ?? 3_000);
  }
}

/** Its spec is a copy of that of an owner, which is the one that people edit. */
function isOwned({ owner, record }: ClusterObject): boolean {
  return owner !== undefined || (record?.kind === "WorkloadReplicaSet" && record.deployment !== undefined);
}

/** All watches together are doubted at most four times a second (kubernetes/quiet-watch.ts): with many namespaces each more seldom. */
function quietMsFor(namespaces: number): number {
  return Math.max(5_000, 250 * KINDS.length * Math.max(1, namespaces));
}

const CONSEQUENCE: Partial<Readonly<Record<RecordKind, string>>> = {
  WorkloadReplicaSet:
    "replicas of an old version get requests until they stop, and ownership goes by the age of workloads",
  WorkloadDeployment:
    "replicas of an old version get requests until they stop, ownership goes by the age of ReplicaSets, and a hostname without replicas is unknown",
};
