/** Places one hostname: from the records that name it to its owner, its replicas and its problems. */
import { environmentOf, marksOf, templateClaim, workloadClaim } from "./claims.ts";
import type { RecordIndex } from "./index/record-index.ts";
import { elect, type OwnershipRules } from "./ownership.ts";
import { isOver, PHASES, type Replica, reasonOf } from "./phase.ts";
import type { Claim, HostnamePlacement, PlacedReplica } from "./placement.ts";
import { hostnameProblems } from "./placement-problems.ts";
import type { Problem } from "./problem.ts";
import type { ObjectMarks, WorkloadRecord } from "./records.ts";

/** A hostname placed, with what its owners should put right. */
export interface PlacedHostname {
  readonly placement: HostnamePlacement;
  readonly problems: readonly Problem[];
}

/** A workload that names the hostname. */
export interface Contender {
  readonly replica: Replica;
  readonly marks: ObjectMarks;
  readonly spelling: string;
}

/** The placement of a hostname; undefined if nothing claims it. Depends on the records alone, not on the order in which they came. */
export function placeHostname(hostname: string, index: RecordIndex, rules: OwnershipRules): PlacedHostname | undefined {
  const { claims: wishes, contenders } = candidates(hostname, index);
  if (wishes.length === 0) return undefined;
  const rule = rules.ruleFor(hostname);
  const { owner, claims } = elect(wishes, rule);
  const mixing = mixingHostIds(contenders.filter(({ replica }) => replica.workload.namespace !== owner));
  const replicas = contenders
    .filter(({ replica }) => replica.workload.namespace === owner)
    .flatMap((contender) => placedReplicas(contender, mixing, index));
  const placement: HostnamePlacement = {
    hostname,
    owner,
    protocolGroup: owner === undefined ? "" : (claims[0]?.hostGroup ?? ""),
    claims,
    replicas: replicas.sort(byAddress),
  };
  return { placement, problems: hostnameProblems({ placement, rule, contenders }) };
}

/** Everything that names the hostname. */
function candidates(
  hostname: string,
  index: RecordIndex,
): { readonly claims: readonly Claim[]; readonly contenders: readonly Contender[] } {
  const claims: Claim[] = [];
  const contenders: Contender[] = [];
  for (const { record } of index.claimants(hostname)) {
    const name = record.registration.names.find((registered) => registered.hostname === hostname);
    if (name === undefined) continue;
    if (record.kind === "Workload") {
      if (isOver(record)) continue;
      const replica = index.replica(record);
      const marks = marksOf(replica);
      claims.push(workloadClaim(replica, name, marks));
      contenders.push({ replica, marks, spelling: name.spelling });
    } else claims.push(templateClaim(record, name));
  }
  return { claims, contenders };
}

/**
 * Hosts that would mix a loser's answers into the owner's (rule 7): every host that was chosen for one of its workloads. The host binds the name while it
 * starts the workload, some ms before Placement says so (measured in the laboratory: an owner's request got the loser's answer in between), and goes on
 * answering where Ready or Placement was lost to a poll that failed, or to a start that took longer than the operator waited. A leak is worse than an
 * endpoint left out.
 */
function mixingHostIds(losers: readonly Contender[]): ReadonlySet<string> {
  return new Set(losers.map(({ replica }) => replica.workload.hostId));
}

function placedReplicas(
  { replica, marks, spelling }: Contender,
  mixing: ReadonlySet<string>,
  index: RecordIndex,
): readonly PlacedReplica[] {
  const { workload, host } = replica;
  const phase = PHASES[reasonOf(replica)];
  if (phase === "absent" || host === undefined) return [];
  const contaminated = mixing.has(workload.hostId);
  const operatorAlias = contaminated ? exclusiveAlias(workload, index) : workload.registration.operatorAlias;
  return host.addresses.map((address) => ({
    address,
    phase,
    namespace: workload.namespace,
    workload: workload.name,
    workloadId: workload.workloadId,
    age: workload.age,
    hostName: host.record.name,
    hostId: workload.hostId,
    hostGroup: host.record.hostGroup,
    environment: environmentOf(replica),
    marks,
    spelling,
    operatorAlias,
    contaminated,
  }));
}

/**
 * The alias by which the host finds the owner's workloads only. The operator gives `<svc>.<ns>` to no other namespace, but nobody keeps a workload
 * from naming it as a host of its own, so who else has it on this host is looked at.
 */
function exclusiveAlias({ namespace, hostId, registration }: WorkloadRecord, index: RecordIndex): string | undefined {
  const alias = registration.operatorAlias;
  if (alias === undefined) return undefined;
  for (const { record } of index.claimants(alias)) {
    if (record.kind === "Workload" && record.namespace !== namespace && record.hostId === hostId) {
      if (!isOver(record)) return undefined;
    }
  }
  return alias;
}

function byAddress(a: PlacedReplica, b: PlacedReplica): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.workload < b.workload ? -1 : a.workload > b.workload ? 1 : 0;
}
