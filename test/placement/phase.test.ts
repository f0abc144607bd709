/** What one replica is worth: every reason, and which of two counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PHASES, type PhaseReason, phaseOf, type Replica, reasonOf, reasonText } from "../../src/placement/phase.ts";
import { deployment, host, replicaSet, workload } from "./sample-records.ts";

const h1 = host("h1");
const standing = (differing: Parameters<typeof host>[1] = {}): Replica["host"] => {
  const record = host("h1", differing);
  return { record, addresses: record.addresses };
};
const replica = (differing: Partial<Replica> = {}): Replica => ({
  workload: workload("shop/w", "h1", { replicaSet: "web-1" }),
  replicaSet: replicaSet("shop/web-1", { deployment: "web" }),
  deployment: deployment("shop/web", { currentReplicaSet: "web-1" }),
  current: replicaSet("shop/web-1", { deployment: "web" }),
  host: standing(),
  ...differing,
});
const next = (differing: Parameters<typeof replicaSet>[1] = {}): Partial<Replica> => ({
  deployment: deployment("shop/web", { currentReplicaSet: "web-2" }),
  current: replicaSet("shop/web-2", { deployment: "web", ...differing }),
});
const w = (differing: Parameters<typeof workload>[2]): Partial<Replica> => ({
  workload: workload("shop/w", "h1", { replicaSet: "web-1", ...differing }),
});

const rows: readonly (readonly [given: string, differing: Partial<Replica>, reason: PhaseReason])[] = [
  ["placed and ready", {}, "serving"],
  ["no owner at all", { replicaSet: undefined, deployment: undefined, current: undefined }, "serving"],
  ["Host Unknown", { host: standing({ ready: "Unknown" }) }, "serving"],
  ["Placement not True", w({ placed: false }), "not-placed"],
  [
    "hostId set, workloadId empty, Placement not answered",
    w({ placed: false, ready: false, workloadId: "" }),
    "not-placed",
  ],
  ["Placement True, Ready False (failed start)", w({ ready: false }), "not-ready"],
  ["no such Host", { host: undefined }, "host-unknown"],
  ["Host without usable address", { host: standing({ addresses: [] }) }, "address-missing"],
  ["Host whose address a newer one has", { host: { record: h1, addresses: [] } }, "address-superseded"],
  ["Host False", { host: standing({ ready: "False" }) }, "host-not-ready"],
  ["Workload deleting", w({ deleting: true }), "workload-deleting"],
  ["Workload deleting and stopped", w({ deleting: true, stopped: true }), "stopped"],
  ["held, though stopped", w({ held: true, deleting: true, stopped: true }), "held"],
  ["Host deleting", { host: standing({ deleting: true }) }, "host-deleting"],
  ["Host deleting and False", { host: standing({ deleting: true, ready: "False" }) }, "host-not-ready"],
  ["ReplicaSet gone", w({ gone: true }), "replica-set-gone"],
  ["ReplicaSet deleting", { replicaSet: replicaSet("shop/web-1", { deleting: true }) }, "replica-set-deleting"],
  ["WorkloadDeployment deleting", { deployment: deployment("shop/web", { deleting: true }) }, "deployment-deleting"],
  ["superseded by a Ready ReplicaSet", next(), "superseded"],
  ["current ReplicaSet not Ready yet", next({ ready: false }), "serving"],
  ["current ReplicaSet on its way out", next({ deleting: true }), "serving"],
  ["current ReplicaSet not seen yet", { ...next(), current: undefined }, "serving"],
  ["held, though not ready", w({ held: true, ready: false, deleting: true }), "held"],
  ["held, Host False", { ...w({ held: true }), host: standing({ ready: "False" }) }, "held"],
  ["held, Host not there", { ...w({ held: true }), host: undefined }, "host-unknown"],
  ["Host held, though False", { host: standing({ held: true, ready: "False" }) }, "host-held"],
  ["Host held, Workload never ready", { ...w({ ready: false }), host: standing({ held: true }) }, "not-ready"],
];
for (const [given, differing, reason] of rows)
  test(`${given}: ${PHASES[reason]}, ${reason}`, () => {
    const given = replica(differing);
    assert.equal(reasonOf(given), reason);
    assert.equal(phaseOf(given), PHASES[reason]);
  });

test("every reason has a row, and words that name an object", () => {
  const covered = new Set(rows.map(([, , reason]) => reason));
  const all = Object.keys(PHASES);
  assert.deepEqual(
    all.filter((reason) => !covered.has(reason as PhaseReason)),
    [],
  );
  for (const [, differing, reason] of rows) {
    const words = reasonText(replica(differing), reason);
    assert.doesNotMatch(words, /undefined/);
    assert.match(words, /Host|Workload|Placement|Ready|lost/);
  }
});
