/** Which wishes the records make for a hostname (rules 1 and 6), before anybody judges them. */

import type { Claimant } from "./index/record-index.ts";
import type { Replica } from "./phase.ts";
import type { Claim } from "./placement.ts";
import type { DeploymentRecord, ObjectMarks, RegisteredName, ReplicaSetRecord } from "./records.ts";

const NO_MARKS: ObjectMarks = { labels: {}, annotations: {} };

/** The objects of one workload from the root owner down to itself: what is not in the records is left out, and the next lower one is the root. */
export function lineage({ deployment, replicaSet, workload }: Replica): readonly [Claimant, ...Claimant[]] {
  if (deployment !== undefined)
    return replicaSet === undefined ? [deployment, workload] : [deployment, replicaSet, workload];
  return replicaSet === undefined ? [workload] : [replicaSet, workload];
}

/** The claim of a workload, of any readiness and while it is being deleted: names stay claimed as long as an object asks for them. */
export function workloadClaim(replica: Replica, name: RegisteredName, marks: ObjectMarks): Claim {
  const [root] = lineage(replica);
  return claimOf({ by: replica.workload, root, name, environment: environmentOf(replica), marks });
}

/** The claim of a template: it keeps the name at zero replicas and while a Recreate is under way. */
export function templateClaim(owner: DeploymentRecord | ReplicaSetRecord, name: RegisteredName): Claim {
  return claimOf({ by: owner, root: owner, name, environment: owner.registration.environment, marks: owner.marks });
}

/** The environment a workload runs in: its own, which the operator fills in from wasmCloud 2.1.0 on, else its host's. */
export function environmentOf({ workload, host }: Replica): string {
  return workload.environment === "" ? (host?.record.environment ?? "") : workload.environment;
}

/** Marks of a workload and its owners; where they differ, the root's win, since it is the user's own object. */
export function marksOf(replica: Replica): ObjectMarks {
  return lineage(replica).reduceRight((lower, { marks }) => overlay(lower, marks), NO_MARKS);
}

function overlay(lower: ObjectMarks, upper: ObjectMarks): ObjectMarks {
  const labels = merged(lower.labels, upper.labels);
  const annotations = merged(lower.annotations, upper.annotations);
  // The upper one is handed on as it is where it hides the lower one: replicas of one deployment then share it.
  if (labels === upper.labels && annotations === upper.annotations) return upper;
  return { labels, annotations };
}

function merged(
  lower: Readonly<Record<string, string>>,
  upper: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const key in lower) if (!Object.hasOwn(upper, key)) return { ...lower, ...upper };
  return upper;
}

interface Wish {
  readonly by: Claimant;
  readonly root: Claimant;
  readonly name: RegisteredName;
  readonly environment: string;
  readonly marks: ObjectMarks;
}

function claimOf({ by, root, name, environment, marks }: Wish): Claim {
  return {
    namespace: by.namespace,
    kind: by.kind,
    name: by.name,
    root: { kind: root.kind, name: root.name },
    at: root.age.at,
    order: root.age.order,
    spelling: name.spelling,
    hostGroup: by.registration.hostGroup,
    environment,
    marks,
    verdict: "owner", // until the election says otherwise
  };
}
