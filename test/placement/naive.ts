/**
 * Placement and exposure a second time, written from the rules in ARCHITECTURE and sharing nothing with src/placement but types: no indices, every
 * question answered by looking at all records. Slow and plain, to be compared with. A difference is a fault in one of the two.
 */
import type { Endpoint, ExposedHostname, FleetView } from "../../src/placement/fleet.ts";
import type { Claim, HostnamePlacement, PlacedReplica } from "../../src/placement/placement.ts";
import type { PlacementPolicy } from "../../src/placement/policy.ts";
import type {
  DeploymentRecord,
  HostRecord,
  ObjectMarks,
  PlacementRecord,
  ReplicaSetRecord,
  WorkloadRecord,
} from "../../src/placement/records.ts";

type Owner = DeploymentRecord | ReplicaSetRecord | WorkloadRecord;

export function naivePlacement(
  records: readonly PlacementRecord[],
  policy: PlacementPolicy,
): Map<string, HostnamePlacement> {
  const world = new World(records);
  const hostnames = new Set<string>();
  for (const r of records) if (r.kind !== "Host") for (const n of r.registration.names) hostnames.add(n.hostname);
  const result = new Map<string, HostnamePlacement>();
  for (const hostname of [...hostnames].sort()) {
    const placed = placeOne(hostname, world, policy);
    if (placed !== undefined) result.set(hostname, placed);
  }
  return result;
}

class World {
  readonly hosts: HostRecord[];
  readonly workloads: WorkloadRecord[];
  readonly replicaSets: ReplicaSetRecord[];
  readonly deployments: DeploymentRecord[];

  constructor(records: readonly PlacementRecord[]) {
    this.hosts = records.filter((r) => r.kind === "Host");
    this.workloads = records.filter((r) => r.kind === "Workload");
    this.replicaSets = records.filter((r) => r.kind === "WorkloadReplicaSet");
    this.deployments = records.filter((r) => r.kind === "WorkloadDeployment");
  }

  /** Rule 2, the newest not being deleted; all deleting: the newest; ties: the first name. */
  private best(hosts: HostRecord[]): HostRecord | undefined {
    const alive = hosts.filter((h) => !h.deleting);
    const pool = alive.length > 0 ? alive : hosts;
    const sorted = [...pool].sort((a, b) => {
      if (a.age.at !== b.age.at) return b.age.at - a.age.at;
      if (a.age.order !== b.age.order) return a.age.order > b.age.order ? -1 : 1;
      return `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1;
    });
    return sorted[0];
  }

  hostOf(hostId: string): HostRecord | undefined {
    return hostId === "" ? undefined : this.best(this.hosts.filter((h) => h.hostId === hostId));
  }

  addressesOf(host: HostRecord): string[] {
    return host.addresses.filter((address) => {
      const rivals = this.hosts.filter((h) => h.addresses.includes(address) && this.hostOf(h.hostId) === h);
      return this.best(rivals) === host;
    });
  }

  rsOf(w: WorkloadRecord): ReplicaSetRecord | undefined {
    return this.replicaSets.find((rs) => rs.namespace === w.namespace && rs.name === w.replicaSet);
  }

  wdOf(w: WorkloadRecord): DeploymentRecord | undefined {
    const rs = this.rsOf(w);
    const name = rs ? rs.deployment : w.goneDeployment;
    return this.deployments.find((d) => d.namespace === w.namespace && d.name === name);
  }

  owners(w: WorkloadRecord): Owner[] {
    return [this.wdOf(w), this.rsOf(w), w].filter((o) => o !== undefined);
  }
}

function phase(w: WorkloadRecord, world: World): "ready" | "draining" | "absent" {
  const host = world.hostOf(w.hostId);
  const usable = host !== undefined && world.addressesOf(host).length > 0;
  if (!usable) return "absent";
  if (w.held) return "draining";
  if (w.stopped) return "absent";
  if (!(w.placed && w.ready)) return "absent";
  if (host.held) return "draining";
  if (host.ready === "False") return "absent";
  const rs = world.rsOf(w);
  const wd = world.wdOf(w);
  const current = world.replicaSets.find((x) => wd && x.namespace === w.namespace && x.name === wd.currentReplicaSet);
  const superseded = rs && current && current !== rs && current.ready && !current.deleting;
  const leaving = w.deleting || host.deleting || w.gone || rs?.deleting || wd?.deleting || superseded;
  return leaving ? "draining" : "ready";
}

function marks(chain: Owner[]): ObjectMarks {
  let labels = {};
  let annotations = {};
  for (const o of [...chain].reverse()) {
    labels = { ...labels, ...o.marks.labels };
    annotations = { ...annotations, ...o.marks.annotations };
  }
  return { labels, annotations };
}

function environment(w: WorkloadRecord, world: World): string {
  return w.environment !== "" ? w.environment : (world.hostOf(w.hostId)?.environment ?? "");
}

function placeOne(hostname: string, world: World, policy: PlacementPolicy): HostnamePlacement | undefined {
  const naming = <R extends Owner>(list: R[]): R[] =>
    list.filter((r) => r.registration.names.some((n) => n.hostname === hostname));
  const spelling = (r: Owner): string => r.registration.names.find((n) => n.hostname === hostname)?.spelling ?? "?";
  const workloads = naming(world.workloads).filter((w) => !w.stopped || w.held);
  const claim = (r: Owner, root: Owner, rest: Pick<Claim, "environment" | "marks">): Omit<Claim, "verdict"> => ({
    namespace: r.namespace,
    kind: r.kind,
    name: r.name,
    root: { kind: root.kind, name: root.name },
    at: root.age.at,
    order: root.age.order,
    spelling: spelling(r),
    hostGroup: r.registration.hostGroup,
    ...rest,
  });
  const wishes = [
    ...naming(world.deployments).map((d) => claim(d, d, { environment: d.registration.environment, marks: d.marks })),
    ...naming(world.replicaSets.filter((r) => r.deployment === undefined)).map((r) =>
      claim(r, r, { environment: r.registration.environment, marks: r.marks }),
    ),
    ...workloads.map((w) => {
      const chain = world.owners(w);
      return claim(w, chain[0] ?? w, { environment: environment(w, world), marks: marks(chain) });
    }),
  ];
  if (wishes.length === 0) return undefined;
  const allowed = allowedNamespaces(hostname, policy);
  const sortKey = (c: Omit<Claim, "verdict">): string => {
    const rank = ["WorkloadDeployment", "WorkloadReplicaSet", "Workload"].indexOf(c.kind);
    return [String(c.at).padStart(20, "0"), c.order, c.namespace, rank, c.name].join("\u0000");
  };
  wishes.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const owner = wishes.find((c) => allowed === undefined || allowed.includes(c.namespace))?.namespace;
  const claims: Claim[] = [
    ...wishes.filter((c) => c.namespace === owner).map((c) => ({ ...c, verdict: "owner" as const })),
    ...wishes
      .filter((c) => c.namespace !== owner)
      .map((c) => ({
        ...c,
        verdict: allowed === undefined || allowed.includes(c.namespace) ? ("taken" as const) : ("denied" as const),
      })),
  ];
  const replicas: PlacedReplica[] = [];
  for (const w of workloads.filter((x) => x.namespace === owner)) {
    const p = phase(w, world);
    const host = world.hostOf(w.hostId);
    if (p === "absent" || host === undefined) continue;
    const foreign = (name: string): boolean =>
      world.workloads.some(
        (x) =>
          x.namespace !== w.namespace &&
          !(x.stopped && !x.held) &&
          x.hostId === w.hostId &&
          x.registration.names.some((n) => n.hostname === name),
      );
    const contaminated = foreign(hostname);
    const alias = w.registration.operatorAlias;
    for (const address of world.addressesOf(host))
      replicas.push({
        address,
        phase: p,
        namespace: w.namespace,
        workload: w.name,
        workloadId: w.workloadId,
        age: w.age,
        hostName: host.name,
        hostId: w.hostId,
        hostGroup: host.hostGroup,
        environment: environment(w, world),
        marks: marks(world.owners(w)),
        spelling: spelling(w),
        operatorAlias: contaminated && alias !== undefined && foreign(alias) ? undefined : alias,
        contaminated,
      });
  }
  replicas.sort((a, b) => (`${a.address}\u0000${a.workload}` < `${b.address}\u0000${b.workload}` ? -1 : 1));
  const protocolGroup = owner === undefined ? "" : (claims[0]?.hostGroup ?? "");
  return { hostname, owner, protocolGroup, claims, replicas };
}

function allowedNamespaces(hostname: string, policy: PlacementPolicy): readonly string[] | undefined {
  const exact = policy.ownership.filter((r) => r.domain === hostname);
  if (exact.length > 0) return exact.flatMap((r) => r.namespaces);
  const suffixes = policy.ownership.filter(
    (r) => r.domain.startsWith("*") && hostname.endsWith(r.domain.slice(1)) && hostname !== r.domain.slice(1),
  );
  const longest = Math.max(...suffixes.map((r) => r.domain.length));
  const best = suffixes.filter((r) => r.domain.length === longest);
  return best.length === 0 ? undefined : best.flatMap((r) => r.namespaces);
}

export function naiveView(view: FleetView, placement: HostnamePlacement): ExposedHostname | undefined {
  const { exposes } = view;
  const any = (list: readonly string[], value: string): boolean => list.length === 0 || list.includes(value);
  const { owner } = placement;
  if (owner === undefined || !any(exposes.namespaces, owner)) return undefined;
  const nameAdmitted = exposes.hostnames.some((p) =>
    p.startsWith("*")
      ? new RegExp(`^.+${p.slice(1).replaceAll(".", "\\.")}$`).test(placement.hostname)
      : p === placement.hostname,
  );
  if (exposes.hostnames.length > 0 && !nameAdmitted) return undefined;
  const admits = (x: Claim | PlacedReplica): boolean =>
    any(exposes.environments, x.environment) &&
    any(exposes.hostGroups, x.hostGroup) &&
    Object.entries(exposes.labels).every(([k, v]) => x.marks.labels[k] === v) &&
    Object.entries(exposes.annotations).every(([k, v]) => x.marks.annotations[k] === v);
  const mine = placement.replicas.filter(admits);
  if (mine.length === 0 && !placement.claims.some((c) => c.verdict === "owner" && admits(c))) return undefined;
  let endpoints = [...new Set(mine.map((r) => r.address))].sort().map((address) => {
    const here = mine.filter((r) => r.address === address);
    const ready = here.filter((r) => r.phase === "ready");
    const counted = ready.length > 0 ? ready : here;
    const oldest = [...counted].sort((a, b) =>
      a.age.at !== b.age.at
        ? a.age.at - b.age.at
        : `${a.age.order}\u0000${a.workload}` < `${b.age.order}\u0000${b.workload}`
          ? -1
          : 1,
    )[0];
    if (oldest === undefined) throw new Error("an address without replicas");
    const mixed = oldest.contaminated;
    const byAlias = mixed && here.every((r) => r.operatorAlias !== undefined);
    const lonely = placement.replicas.filter((r) => r.address === address).length === 1 && (!mixed || byAlias);
    const endpoint: Endpoint = {
      address,
      phase: ready.length > 0 ? "ready" : "draining",
      authority: byAlias && oldest.operatorAlias !== undefined ? oldest.operatorAlias : oldest.spelling,
      weight: counted.length,
      workloadId: lonely && oldest.workloadId !== "" ? oldest.workloadId : undefined,
      hostId: oldest.hostId,
      hostGroup: oldest.hostGroup,
    };
    return { endpoint, mixed, byAlias };
  });
  const isReady = (e: { endpoint: Endpoint }): boolean => e.endpoint.phase === "ready";
  if (endpoints.some((e) => isReady(e) && !e.mixed)) endpoints = endpoints.filter((e) => !e.mixed);
  else if (endpoints.some((e) => isReady(e) && e.byAlias)) endpoints = endpoints.filter((e) => !e.mixed || e.byAlias);
  else if (view.contaminated === "refuse") endpoints = endpoints.filter((e) => !e.mixed || e.byAlias);
  return {
    hostname: placement.hostname,
    owner,
    protocolGroup: placement.protocolGroup,
    endpoints: endpoints.map((e) => e.endpoint),
  };
}
