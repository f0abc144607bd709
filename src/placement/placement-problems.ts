/** What owners should put right about one hostname, in words that name object, field, cause and remedy. */
import { lineage } from "./claims.ts";
import type { Contender } from "./place-hostname.ts";
import type { Claim, HostnamePlacement } from "./placement.ts";
import type { OwnershipRule } from "./policy.ts";
import type { Problem, Subject } from "./problem.ts";

/** A hostname just placed. */
export interface Placed {
  readonly placement: HostnamePlacement;
  readonly rule: OwnershipRule | undefined;
  readonly contenders: readonly Contender[];
}

/** Each root owner is told once per hostname and fault, however many replicas it has. Sorted by subject. */
export function hostnameProblems(placed: Placed): readonly Problem[] {
  const { placement } = placed;
  const problems = [...lostClaims(placed), ...spellings(placement), ...contamination(placed), ...unknownHosts(placed)];
  return problems.length < 2 ? problems : problems.sort(bySubject);
}

/** Where a claim's root owner would look. */
function rootSubject({ namespace, root }: Pick<Claim, "namespace" | "root">): Subject {
  const field = root.kind === "Workload" ? "spec.hostInterfaces" : "spec.template.spec.hostInterfaces";
  return { kind: root.kind, namespace, name: root.name, field };
}

function* lostClaims({ placement, rule }: Placed): Iterable<Problem> {
  const { hostname, owner, claims } = placement;
  const winner = claims[0];
  for (const claim of oncePerRoot(claims.filter(({ verdict }) => verdict !== "owner"))) {
    const subject = rootSubject(claim);
    if (claim.verdict === "denied") {
      const allowed = rule?.namespaces.length === 0 ? "to no namespace" : `only to ${rule?.namespaces.join(", ")}`;
      const cause = `the administrator's rule for ${rule?.domain} gives ${hostname} ${allowed}`;
      const remedy = `Use another hostname, or ask the administrator to add namespace ${claim.namespace} to that rule`;
      yield { code: "hostname-denied", subject, cause, remedy };
    } else {
      const by = winner === undefined ? "" : ` (${winner.root.kind} ${winner.root.name}${since(winner)})`;
      const cause = `${hostname} is owned by namespace ${owner}${by}, so this object gets no traffic for it`;
      const remedy = `Use another hostname, or ask the administrator for an ownership rule that gives ${hostname} to ${claim.namespace}`;
      yield { code: "hostname-taken", subject, cause, remedy };
    }
  }
}

function since({ at }: Claim): string {
  return at === 0 ? "" : `, created ${new Date(at).toISOString()}`;
}

function* spellings({ claims }: HostnamePlacement): Iterable<Problem> {
  const spelling = claims[0]?.spelling ?? "";
  const odd = claims.filter((claim) => claim.verdict === "owner" && claim.spelling !== spelling);
  for (const claim of oncePerRoot(odd)) {
    const cause = `it spells ${claim.spelling} what the oldest claim spells ${spelling}, and a host up to wasmCloud 2.7.0 that runs both answers to one of them only`;
    yield {
      code: "hostname-spelling",
      subject: rootSubject(claim),
      cause,
      remedy: "Spell the hostname in lower case everywhere",
    };
  }
}

function* contamination({ placement, contenders }: Placed): Iterable<Problem> {
  const { hostname, owner, claims, replicas } = placement;
  const mixed = new Map<string, string>();
  for (const { hostId, hostName, contaminated } of replicas) if (contaminated) mixed.set(hostId, hostName);
  const [claim] = claims;
  if (mixed.size === 0 || claim === undefined) return;
  const losers = contenders
    .filter(({ replica: { workload } }) => workload.namespace !== owner && mixed.has(workload.hostId))
    .map(({ replica: { workload } }) => `${workload.namespace}/${workload.name}`);
  const hosts = listed([...new Set(mixed.values())]);
  const cause = `${hostname} is also registered by Workload ${listed(losers)} on Host ${hosts}, which answers for both at random`;
  const remedy = `Remove ${hostname} from the other namespace's workload, or keep the namespaces on separate host groups`;
  yield { code: "hostname-contaminated", subject: rootSubject(claim), cause, remedy };
}

/** Told under the first hostname of a workload only, or it would be told once for each. */
function* unknownHosts({ placement: { hostname }, contenders }: Placed): Iterable<Problem> {
  for (const { replica } of contenders) {
    const { workload, host } = replica;
    const usable = workload.placed && workload.ready && !workload.deleting && !workload.held;
    if (host !== undefined || !usable || workload.registration.names[0]?.hostname !== hostname) continue;
    // In a cluster it is in the status, in a file more often in the spec: the record does not tell.
    const subject = { kind: "Workload", namespace: workload.namespace, name: workload.name, field: "hostId" };
    const cause =
      workload.hostId === ""
        ? "it is Ready, but names no host"
        : `it is Ready on hostId ${workload.hostId}, but no Host has that hostId`;
    const of = lineage(replica)[0].kind === "Workload" ? "" : "; in a cluster its owner makes a new one";
    const remedy = `Correct hostId, or see that the Host object exists and may be read; if the host is gone for good, delete the Workload${of}`;
    yield { code: "host-unknown", subject, cause, remedy };
  }
}

function* oncePerRoot(claims: readonly Claim[]): Iterable<Claim> {
  const seen = new Set<string>();
  for (const claim of claims) {
    const root = `${claim.root.kind}/${claim.namespace}/${claim.root.name}`;
    if (seen.has(root)) continue;
    seen.add(root);
    yield claim;
  }
}

/** Three names at most, sorted, and how many more. */
function listed(names: readonly string[]): string {
  const sorted = names.toSorted();
  const shown = sorted.slice(0, 3).join(", ");
  return sorted.length > 3 ? `${shown} and ${sorted.length - 3} more` : shown;
}

function bySubject(a: Problem, b: Problem): number {
  const [left, right] = [problemOrder(a), problemOrder(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function problemOrder({ code, subject }: Problem): string {
  return `${subject.namespace}/${subject.kind}/${subject.name}/${code}`;
}
