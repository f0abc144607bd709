/** What placement gives: for every hostname its owner and the replicas behind it. Readonly; unchanged hostnames keep their object identity. */
import type { Age, ObjectMarks } from "./records.ts";

/** What one replica is worth to its hostname. Absent replicas do not appear in a placement. */
export type Phase = "ready" | "draining";

/** An object's wish to serve a hostname. Its age is that of its root owner. */
export interface Claim {
  readonly namespace: string;
  /** The object that makes the claim: where the owner would look. */
  readonly kind: "Workload" | "WorkloadReplicaSet" | "WorkloadDeployment";
  readonly name: string;
  /** The root owner whose age counts. */
  readonly root: { readonly kind: Claim["kind"]; readonly name: string };
  readonly at: number;
  readonly order: string;
  readonly spelling: string;
  /** `hostSelector.hostgroup` of the claiming spec; "" if not named. */
  readonly hostGroup: string;
  /** Of the placed replica, else `spec.environment`; "" if neither says. */
  readonly environment: string;
  readonly marks: ObjectMarks;
  /** What became of it. */
  readonly verdict: "owner" | "taken" | "denied";
}

/** One replica of the owner on one address. A host with several addresses gives one of these per address. */
export interface PlacedReplica {
  /** `ip:port` or `[ipv6]:port`. */
  readonly address: string;
  readonly phase: Phase;
  readonly namespace: string;
  readonly workload: string;
  readonly workloadId: string;
  /** Of the workload itself: of several replicas on one address, the oldest decides what goes upstream. */
  readonly age: Age;
  readonly hostName: string;
  readonly hostId: string;
  readonly hostGroup: string;
  readonly environment: string;
  /** Marks of the workload and its owners, the root's winning. */
  readonly marks: ObjectMarks;
  /** The spelling this replica's workload registered: what its host matches by. */
  readonly spelling: string;
  /** `<service>.<namespace>` of this replica's workload, given by the operator; undefined without, and where another namespace's workload names it on the same host. */
  readonly operatorAlias: string | undefined;
  /** A loser's replica of the same hostname is placed on the same host, which would mix them. */
  readonly contaminated: boolean;
}

/** Everything known of one hostname. Exists while there is a claim, whoever owns it. */
export interface HostnamePlacement {
  readonly hostname: string;
  /** Namespace that owns it; undefined if the administrator's rules deny every claim. */
  readonly owner: string | undefined;
  /** Host group that the owner's oldest claim asks for; "" if it names none. Decides the upstream protocol, so it must not flip while things move. */
  readonly protocolGroup: string;
  /** All claims, owner's first, then by age, namespace, kind (deployments, ReplicaSets, workloads: of equal age the root speaks first) and name. */
  readonly claims: readonly Claim[];
  /** The owner's replicas that are ready or draining, sorted by address, then workload. */
  readonly replicas: readonly PlacedReplica[];
}

/** All hostnames by lower-case name. */
export type Placement = ReadonlyMap<string, HostnamePlacement>;
