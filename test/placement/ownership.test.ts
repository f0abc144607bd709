/** One namespace owns a hostname: rules, ages, ties, and where claims come from. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { coveringPatterns, covers } from "../../src/placement/hostname-pattern.ts";
import { OwnershipRules } from "../../src/placement/ownership.ts";
import { place } from "../../src/placement/place.ts";
import type { HostnamePlacement } from "../../src/placement/placement.ts";
import type { OwnershipRule } from "../../src/placement/policy.ts";
import type { PlacementRecord } from "../../src/placement/records.ts";
import { deployment, host, replicaSet, serves, workload } from "./sample-records.ts";

function placed(records: readonly PlacementRecord[], ownership: readonly OwnershipRule[] = []): HostnamePlacement {
  const placement = place({ records: [host("h1"), host("h2"), ...records], policy: { ownership } }).get("a.test");
  assert.ok(placement !== undefined);
  return placement;
}
const at = (time: number, order = "") => ({ age: { at: time, order } });
const verdicts = ({ claims }: HostnamePlacement): string[] =>
  claims.map((c) => `${c.kind} ${c.namespace}/${c.name} ${c.verdict}`);

const owners: readonly (readonly [given: string, records: readonly PlacementRecord[], owner: string])[] = [
  ["the older of two workloads", [workload("b/w", "h1", at(1)), workload("a/w", "h2", at(2))], "b"],
  ["the first namespace of equal ages", [workload("b/w", "h1"), workload("a/w", "h2")], "a"],
  [
    "of equal times, the earlier in the file",
    [workload("b/w", "h1", at(0, "f\x001")), workload("a/w", "h2", at(0, "f\x002"))],
    "b",
  ],
  [
    "the older though not ready",
    [workload("b/w", "h1", { ...at(1), ready: false }), workload("a/w", "h2", at(2))],
    "b",
  ],
  [
    "the younger where the older is stopped and only left over",
    [workload("b/w", "h1", { ...at(1), deleting: true, stopped: true }), workload("a/w", "h2", at(2))],
    "a",
  ],
  [
    "the older though not placed",
    [workload("b/w", "", { ...at(1), placed: false }), workload("a/w", "h2", at(2))],
    "b",
  ],
  [
    "the older while it is being deleted",
    [workload("b/w", "h1", { ...at(1), deleting: true }), workload("a/w", "h2", at(2))],
    "b",
  ],
  ["a deployment at zero replicas", [deployment("b/web", at(1)), workload("a/w", "h2", at(2))], "b"],
  [
    "a ReplicaSet without deployment, at zero replicas",
    [replicaSet("b/web", at(1)), workload("a/w", "h2", at(2))],
    "b",
  ],
  [
    "whose root is older, though its workload is younger",
    [
      deployment("b/web", at(1)),
      replicaSet("b/web-1", { ...at(8), deployment: "web" }),
      workload("b/w", "h1", { ...at(9), replicaSet: "web-1" }),
      workload("a/w", "h2", at(2)),
    ],
    "b",
  ],
  [
    "the next lower owner's age where the root is not there",
    [
      replicaSet("b/web-1", { ...at(1), deployment: "web" }),
      workload("b/w", "h1", { ...at(9), replicaSet: "web-1" }),
      workload("a/w", "h2", at(2)),
    ],
    "b",
  ],
  [
    "the workload's own age where no owner is there",
    [workload("b/w", "h1", { ...at(9), replicaSet: "web-1" }), workload("a/w", "h2", at(2))],
    "a",
  ],
  [
    "the deployment's age though its ReplicaSet is gone",
    [
      deployment("b/web", { ...at(1), registration: serves("other.test") }),
      workload("b/w", "h1", { ...at(9), replicaSet: "web-1", gone: true, goneDeployment: "web" }),
      workload("a/w", "h2", at(2)),
    ],
    "b",
  ],
];
for (const [given, records, owner] of owners) test(`owner: ${given}`, () => assert.equal(placed(records).owner, owner));

test("a ReplicaSet with a deployment claims nothing of its own", () => {
  const placement = placed([deployment("a/web"), replicaSet("a/web-1", { deployment: "web" })]);
  assert.deepEqual(verdicts(placement), ["WorkloadDeployment a/web owner"]);
});

test("claims are told owner's first, then by age, the root before its replicas", () => {
  const placement = placed([
    workload("b/w", "h2", at(5)),
    workload("a/w2", "h1", { ...at(9), replicaSet: "web-1" }),
    workload("a/w1", "h1", { ...at(9), replicaSet: "web-1" }),
    replicaSet("a/web-1", { deployment: "web" }),
    deployment("a/web", at(2)),
  ]);
  assert.deepEqual(verdicts(placement), [
    "WorkloadDeployment a/web owner",
    "Workload a/w1 owner",
    "Workload a/w2 owner",
    "Workload b/w taken",
  ]);
});

test("same namespace, several deployments: one pool", () => {
  const placement = placed([
    deployment("a/blue", at(1)),
    deployment("a/green", at(2)),
    workload("a/w1", "h1", at(1)),
    workload("a/w2", "h2", at(2)),
  ]);
  assert.deepEqual(
    placement.replicas.map(({ workload }) => workload),
    ["w1", "w2"],
  );
});

test("losers get no replica", () => {
  const placement = placed([workload("a/w", "h1", at(1)), workload("b/w", "h2", at(2))]);
  assert.deepEqual(
    placement.replicas.map(({ namespace }) => namespace),
    ["a"],
  );
});

const rules: readonly (readonly [given: string, ownership: readonly OwnershipRule[], owner: string | undefined])[] = [
  ["no rule: the oldest", [], "a"],
  ["a rule for another name", [{ domain: "b.test", namespaces: ["b"] }], "a"],
  ["an exact rule beats age", [{ domain: "a.test", namespaces: ["b"] }], "b"],
  ["a suffix rule beats age", [{ domain: "*.test", namespaces: ["b"] }], "b"],
  [
    "exact beats suffix",
    [
      { domain: "*.test", namespaces: ["b"] },
      { domain: "a.test", namespaces: ["a"] },
    ],
    "a",
  ],
  ["several namespaces: the oldest of them", [{ domain: "a.test", namespaces: ["b", "a"] }], "a"],
  [
    "rules for one domain add up",
    [
      { domain: "a.test", namespaces: ["b"] },
      { domain: "a.test", namespaces: ["a"] },
    ],
    "a",
  ],
  ["no namespace may", [{ domain: "a.test", namespaces: [] }], undefined],
  ["none of those that may claims it", [{ domain: "a.test", namespaces: ["c"] }], undefined],
  ["everything, unless said otherwise", [{ domain: "*", namespaces: ["b"] }], "b"],
];
for (const [given, ownership, owner] of rules)
  test(`rule: ${given}`, () => {
    const placement = placed([workload("a/w", "h1", at(1)), workload("b/w", "h2", at(2))], ownership);
    assert.equal(placement.owner, owner);
    if (owner === undefined) assert.deepEqual([placement.replicas, placement.protocolGroup], [[], ""]);
  });

test("a denied claim is told apart from one that came too late", () => {
  const records = [workload("a/w", "h1", at(1)), workload("b/w", "h2", at(2)), workload("c/w", "h2", at(3))];
  const placement = placed(records, [{ domain: "a.test", namespaces: ["b", "c"] }]);
  assert.deepEqual(verdicts(placement), ["Workload b/w owner", "Workload a/w denied", "Workload c/w taken"]);
});

test("the longest suffix decides, at any depth", () => {
  const ruleFor = (hostname: string) =>
    new OwnershipRules({
      ownership: [
        { domain: "*.test", namespaces: ["a"] },
        { domain: "*.shop.test", namespaces: ["b"] },
      ],
    }).ruleFor(hostname)?.domain;
  assert.equal(ruleFor("x.y.shop.test"), "*.shop.test");
  assert.equal(ruleFor("shop.test"), "*.test", "a suffix does not cover its own top");
  assert.equal(ruleFor("test"), undefined);
});

const patterns: readonly (readonly [pattern: string, hostname: string, covered: boolean])[] = [
  ["shop.test", "shop.test", true],
  ["shop.test", "a.shop.test", false],
  ["*.shop.test", "a.shop.test", true],
  ["*.shop.test", "a.b.shop.test", true],
  ["*.shop.test", "shop.test", false],
  ["*.shop.test", "myshop.test", false],
  ["*", "anything", true],
  ["*shop.test", "myshop.test", false],
];
for (const [pattern, hostname, covered] of patterns)
  test(`pattern ${pattern} ${covered ? "covers" : "does not cover"} ${hostname}`, () => {
    assert.equal(covers(pattern, hostname), covered);
    assert.equal([...coveringPatterns(hostname)].includes(pattern), covered);
  });
