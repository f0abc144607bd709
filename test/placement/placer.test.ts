/** The placer against the naive placement, and its cost in counters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { viewOf } from "../../src/placement/exposure.ts";
import { place } from "../../src/placement/place.ts";
import type { HostnamePlacement, Placement } from "../../src/placement/placement.ts";
import { Placer } from "../../src/placement/placer.ts";
import type { RecordChange } from "../../src/placement/records.ts";
import * as arbitrary from "./arbitrary-records.ts";
import { naivePlacement, naiveView } from "./naive.ts";
import { host, put, remove, replicaSet, serves, workload } from "./sample-records.ts";

const NO_RULES = { ownership: [] };
const sorted = (placement: Placement): HostnamePlacement[] =>
  [...placement.keys()].sort().flatMap((hostname) => placement.get(hostname) ?? []);
const history = fc.array(arbitrary.change, { maxLength: 40 });

test("incremental placement equals placement from scratch", () => {
  fc.assert(
    fc.property(history, arbitrary.policy, (changes, policy) => {
      const placer = new Placer(policy);
      for (const [i, change] of changes.entries()) {
        const before = new Map(placer.placement);
        const changed = placer.apply([change]);
        const wanted = naivePlacement(arbitrary.recordsAfter(changes.slice(0, i + 1)), policy);
        assert.deepEqual(sorted(placer.placement), sorted(wanted));
        for (const hostname of new Set([...before.keys(), ...wanted.keys()])) {
          const [was, is] = [before.get(hostname), placer.placement.get(hostname)];
          assert.equal(changed.has(hostname), was !== is, "what keeps its object is not given out as changed");
          if (was !== undefined && was !== is) assert.notDeepEqual(is, was, "what is given out as changed differs");
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("slices and their limits do not matter", () => {
  const step = fc.record({ changes: fc.array(arbitrary.change, { maxLength: 10 }), limit: fc.constantFrom(0, 1, 3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
      const placer = new Placer(NO_RULES);
      const changes: RecordChange[] = [];
      for (const { changes: more, limit } of steps) {
        placer.stage(more);
        changes.push(...more);
        placer.settle(limit);
      }
      while (placer.pending > 0) placer.settle(1);
      assert.deepEqual(sorted(placer.placement), sorted(naivePlacement(arbitrary.recordsAfter(changes), NO_RULES)));
    }),
    { numRuns: 200 },
  );
});

test("a new policy gives what it would have given from the start", () => {
  fc.assert(
    fc.property(history, arbitrary.policy, arbitrary.policy, (changes, first, second) => {
      const placer = new Placer(first);
      placer.apply(changes);
      placer.setPolicy(second);
      const fresh = new Placer(second);
      fresh.apply(changes);
      assert.deepEqual(sorted(placer.placement), sorted(naivePlacement(arbitrary.recordsAfter(changes), second)));
      assert.deepEqual(placer.problems(), fresh.problems());
    }),
    { numRuns: 200 },
  );
});

test("problems depend on the records, not on their history", () => {
  fc.assert(
    fc.property(history, (changes) => {
      const placer = new Placer(NO_RULES);
      const reported = new Map<string, readonly unknown[]>();
      for (const change of changes) {
        placer.apply([change]);
        for (const [group, problems] of placer.takeProblemChanges()) reported.set(group, problems);
      }
      const fresh = new Placer(NO_RULES);
      fresh.apply(arbitrary.recordsAfter(changes).map((record) => ({ put: record })));
      assert.deepEqual(placer.problems(), fresh.problems());
      const groups = [...reported.keys()].sort();
      assert.deepEqual(
        groups.flatMap((group) => reported.get(group)),
        placer.problems(),
        "the changes add up",
      );
    }),
    { numRuns: 200 },
  );
});

test("a fleet sees what the naive view sees", () => {
  fc.assert(
    fc.property(history, arbitrary.policy, arbitrary.view, (changes, policy, view) => {
      for (const placement of place({ records: arbitrary.recordsAfter(changes), policy }).values())
        assert.deepEqual(viewOf(view, placement), naiveView(view, placement));
    }),
    { numRuns: 1000 },
  );
});

/** `count` hostnames with two replicas each, on `hosts` hosts. */
function fleetOf(count: number, hosts: number): RecordChange[] {
  const changes: RecordChange[] = [];
  for (let h = 0; h < hosts; h++) changes.push(...put(host(`h${h}`, { addresses: [`10.1.${h >> 8}.${h & 255}:80`] })));
  for (let i = 0; i < count; i++)
    for (const n of [0, 1])
      changes.push(...put(workload(`shop/w${i}-${n}`, `h${(i + n) % hosts}`, { registration: serves(`n${i}.test`) })));
  return changes;
}

test("one workload among 10,000 re-places its own hostname only", () => {
  const placer = new Placer(NO_RULES);
  placer.apply(fleetOf(5_000, 50));
  const { hostnames, claims } = placer.cost;
  const moved = workload("shop/w77-0", "h9", { registration: serves("n77.test") });
  assert.deepEqual([...placer.apply(put(moved))], ["n77.test"]);
  assert.deepEqual(placer.cost, { hostnames: hostnames + 1, claims: claims + 2 });
});

test("a host re-places the hostnames of its workloads only", () => {
  const placer = new Placer(NO_RULES);
  placer.apply(fleetOf(500, 50));
  const { hostnames } = placer.cost;
  const changed = placer.apply(put(host("h3", { addresses: ["10.1.0.3:80"], ready: "False" })));
  assert.equal(changed.size, 20);
  assert.equal(placer.cost.hostnames, hostnames + 20);
});

test("noise costs nothing: equal records, Ready Unknown, a host nobody uses", () => {
  const placer = new Placer(NO_RULES);
  const changes = fleetOf(100, 10);
  placer.apply(changes);
  const before = placer.cost;
  assert.equal(placer.apply(structuredClone(changes)).size, 0);
  assert.equal(placer.apply(put(host("h3", { addresses: ["10.1.0.3:80"], ready: "Unknown" }))).size, 0);
  assert.equal(placer.apply(put(host("h99"))).size, 0);
  assert.deepEqual(placer.cost, before);
});

test("a restarted host re-places the hostnames of both its Hosts", () => {
  const placer = new Placer(NO_RULES);
  placer.apply(
    put(host("h1", { age: { at: 1, order: "" } }), workload("shop/old", "h1", { registration: serves("old.test") })),
  );
  placer.apply(put(host("h2"), workload("shop/other", "h2", { registration: serves("other.test") })));
  const restarted = host("h9", { age: { at: 2, order: "" }, addresses: ["10.0.0.1:80"] });
  assert.deepEqual([...placer.apply(put(restarted))], ["old.test"]);
  assert.deepEqual(placer.placement.get("old.test")?.replicas, []);
});

test("the current ReplicaSet becoming Ready re-places its siblings' hostnames", () => {
  const placer = new Placer(NO_RULES);
  const of = { deployment: "web" };
  const v1 = workload("shop/v1", "h1", { replicaSet: "web-1" });
  const web = { kind: "WorkloadDeployment", currentReplicaSet: "web-2", deleting: false } as const;
  const rest = { namespace: "shop", name: "web", age: v1.age, marks: v1.marks, registration: v1.registration };
  placer.apply(
    put(host("h1"), v1, replicaSet("shop/web-1", of), replicaSet("shop/web-2", { ...of, ready: false }), {
      ...web,
      ...rest,
    }),
  );
  assert.equal(placer.placement.get("a.test")?.replicas[0]?.phase, "ready");
  assert.deepEqual([...placer.apply(put(replicaSet("shop/web-2", of)))], ["a.test"]);
  assert.equal(placer.placement.get("a.test")?.replicas[0]?.phase, "draining");
});

test("staging places nothing until it is settled", () => {
  const placer = new Placer(NO_RULES);
  placer.stage(fleetOf(10, 2));
  assert.equal(placer.placement.size, 0);
  assert.equal(placer.pending, 10);
  assert.equal(placer.settle(4).size, 2, "two claims each, so two hostnames reach the limit");
  assert.equal(placer.pending, 8);
  placer.settle();
  assert.equal(placer.placement.size, 10);
});

test("records that go take their hostname with them", () => {
  const placer = new Placer(NO_RULES);
  const only = workload("shop/only", "h1");
  placer.apply(put(host("h1"), only));
  assert.deepEqual([...placer.apply(remove(only))], ["a.test"]);
  assert.equal(placer.placement.has("a.test"), false);
  assert.equal(placer.apply(remove(only)).size, 0);
});

test("an edited hostname moves with the object: the old name goes, the new one comes", () => {
  const placer = new Placer(NO_RULES);
  placer.apply(put(host("h1"), workload("shop/w", "h1")));
  const changed = placer.apply(put(workload("shop/w", "h1", { registration: serves("b.test") })));
  assert.deepEqual([...changed].sort(), ["a.test", "b.test"]);
  assert.deepEqual([...placer.placement.keys()], ["b.test"]);
});

test("a workload placed on another host moves in one step", () => {
  const placer = new Placer(NO_RULES);
  placer.apply(put(host("h1"), host("h2"), workload("shop/w", "h1")));
  placer.apply(put(workload("shop/w", "h2")));
  assert.deepEqual(
    placer.placement.get("a.test")?.replicas.map(({ address }) => address),
    ["10.0.0.2:80"],
  );
});

test("a Workload seen before its Host is placed when the Host comes", () => {
  const placer = new Placer(NO_RULES);
  placer.apply(put(workload("shop/w", "h1")));
  assert.deepEqual(placer.placement.get("a.test")?.replicas, []);
  assert.deepEqual([...placer.apply(put(host("h1")))], ["a.test"]);
  assert.equal(placer.placement.get("a.test")?.replicas.length, 1);
});

test("a workload that takes another namespace's alias touches what is served by it, and leaves it again", () => {
  const placer = new Placer(NO_RULES);
  const registration = { ...serves("a.test"), operatorAlias: "web.shop" };
  const loser = workload("rival/w", "h1", { age: { at: 999, order: "" } });
  const intruder = workload("evil/w", "h1", { registration: serves("web.shop") });
  placer.apply(put(host("h1"), workload("shop/w", "h1", { registration }), loser));
  const alias = (): string | undefined => placer.placement.get("a.test")?.replicas[0]?.operatorAlias;
  assert.equal(alias(), "web.shop");
  placer.apply(put(intruder));
  assert.equal(alias(), undefined);
  placer.apply(remove(intruder));
  assert.equal(alias(), "web.shop");
});

test("a new policy re-places only the hostnames whose rule differs", () => {
  const placer = new Placer({ ownership: [{ domain: "n1.test", namespaces: ["shop"] }] });
  placer.apply(fleetOf(10, 2));
  const { hostnames } = placer.cost;
  const stays = { domain: "n1.test", namespaces: ["shop"] };
  assert.deepEqual([...placer.setPolicy({ ownership: [stays, { domain: "n2.test", namespaces: [] }] })], ["n2.test"]);
  assert.equal(placer.cost.hostnames, hostnames + 1);
});
