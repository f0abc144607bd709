/** Mass disappearance is doubted, everything else is believed: scenarios as wasmCloud's operator (2.7.0) produces them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { holdSettings, LossLedger } from "../../../src/placement/hold/hold.ts";
import { Placer } from "../../../src/placement/placer.ts";
import type { PlacementRecord, RecordChange } from "../../../src/placement/records.ts";
import * as arbitrary from "../arbitrary-records.ts";
import { host, put, serves, workload } from "../sample-records.ts";
import {
  deleting,
  gone,
  HoldWorld,
  hostBack,
  hostDeleting,
  hostFalse,
  hostGone,
  hostUnknown,
  numbers,
  silence,
} from "./hold-world.ts";

const ALL_DRAINING = "w1 draining, w2 draining, w3 draining, w4 draining";

test("bus loss: from the first silence to the last deletion everything keeps serving as draining", () => {
  const world = new HoldWorld().hosts(4);
  for (const i of numbers(4)) world.at(34 + i / 10, silence(i));
  assert.equal(
    world.serving(),
    ALL_DRAINING,
    "workloads lose Ready within 35 s, long before their Hosts are suspected",
  );
  for (const i of numbers(4)) world.at(61, hostUnknown(i));
  assert.equal(world.serving(), ALL_DRAINING);
  for (const i of numbers(4))
    world.at(90 + i, hostFalse(i), hostDeleting(i), deleting(i, { ready: false }), hostGone(i));
  assert.equal(world.serving(), ALL_DRAINING);
  for (const i of numbers(4)) world.at(120, gone(i));
  assert.equal(world.serving(), ALL_DRAINING, "the hosts serve all the while");
  world.at(154);
  assert.equal(world.serving(), ALL_DRAINING);
  world.at(155);
  assert.equal(world.serving(), "unknown", "120 s after each workload was lost it is believed");
});

test("bus loss with operator 2.7.0 restarting: Hosts that come back end their holds", () => {
  const world = new HoldWorld().hosts(4).at(60, hostFalse(1, 2, 3, 4));
  assert.equal(world.serving(), ALL_DRAINING);
  world.at(70, hostBack(1, 2, 3, 4));
  assert.equal(world.serving(), "w1 ready, w2 ready, w3 ready, w4 ready");
  assert.deepEqual(world.ledger.doubted, []);
  assert.equal(world.ledger.held, 0);
});

test("workloads that become ready again end their holds", () => {
  const world = new HoldWorld()
    .hosts(2)
    .at(30, silence(1, 2))
    .at(40, put(workload("shop/w1", "h1")));
  assert.equal(world.serving(), "w1 ready, w2 draining");
});

test("one host drained: believed at once", () => {
  const world = new HoldWorld().hosts(3).at(10, hostDeleting(1));
  assert.equal(world.serving(), "w1 draining, w2 ready, w3 ready", "a deleting Host drains in any case");
  world.at(11, deleting(1), hostGone(1));
  assert.equal(world.serving(), "w2 ready, w3 ready");
  world.at(12, gone(1));
  assert.equal(world.ledger.held, 0);
});

test("a host lost alone is believed, whatever its share", () => {
  const world = new HoldWorld({ lostShare: 0 }).hosts(1).at(10, hostGone(1), gone(1));
  assert.equal(world.serving(), "unknown");
});

test("all hosts drained, workloads deleted with them: what was there stays until something ready is there", () => {
  const world = new HoldWorld().hosts(2);
  for (const i of numbers(2)) world.at(10 * i, hostDeleting(i), deleting(i), hostGone(i), gone(i));
  assert.equal(world.serving(), "w1 draining, w2 draining", "also what was lost before the doubt began");
  world.at(30, put(host("h3"), workload("shop/new", "h3")));
  assert.equal(world.serving(), "new ready, w1 draining, w2 draining");
  world.at(130);
  assert.equal(world.serving(), "new ready, w2 draining", "each is held 120 s from its own loss");
  world.at(140);
  assert.equal(world.serving(), "new ready");
});

const shares: readonly (readonly [lost: number, of: number, doubted: boolean])[] = [
  [1, 2, false],
  [2, 2, true],
  [2, 7, false],
  [2, 6, true],
  [3, 10, false],
  [4, 10, true],
];
for (const [lost, of, doubted] of shares) {
  test(`${lost} of ${of} hosts lost: ${doubted ? "doubted" : "believed"}`, () => {
    const world = new HoldWorld().hosts(of).at(10, hostGone(...numbers(lost)));
    assert.deepEqual(world.ledger.doubted, doubted ? ["default"] : []);
    assert.equal(world.ledger.held, doubted ? lost : 0);
  });
  test(`${lost} of ${of} hosts silent: ${doubted ? "doubted" : "believed"}`, () => {
    const world = new HoldWorld().hosts(of).at(10, silence(...numbers(lost)));
    assert.equal(world.ledger.held, doubted ? lost : 0);
  });
}

test("hosts without workloads do not hide that all others are silent", () => {
  const idle = numbers(20).map((i) => host(`idle${i}`, { addresses: [`10.0.1.${i}:80`] }));
  const world = new HoldWorld()
    .hosts(2)
    .at(0, put(...idle))
    .at(30, silence(1, 2));
  assert.equal(world.serving(), "w1 draining, w2 draining");
});

test("a workload that fails beside a running one on the same host is believed", () => {
  const world = new HoldWorld().hosts(3);
  for (const i of numbers(3)) world.at(1, put(workload(`shop/other${i}`, `h${i}`, { registration: serves("b.test") })));
  world.at(30, silence(1, 2, 3));
  assert.equal(world.serving(), "nothing");
  assert.equal(world.serving("b.test"), "other1 ready, other2 ready, other3 ready");
});

test("losses further apart than the window are not one event", () => {
  const world = new HoldWorld().hosts(3).at(10, hostGone(1)).at(100, hostGone(2));
  assert.equal(world.serving(), "w3 ready");
  assert.equal(world.ledger.held, 0);
  const closer = new HoldWorld().hosts(3).at(10, hostGone(1)).at(99, hostGone(2));
  assert.equal(closer.serving(), "w1 draining, w2 draining, w3 ready");
});

test("host groups are judged apart", () => {
  const world = new HoldWorld().hosts(2);
  const edge = numbers(10).map((i) => host(`e${i}`, { hostGroup: "edge", addresses: [`10.2.0.${i}:80`] }));
  world.at(1, put(...edge)).at(10, hostFalse(1, 2));
  assert.deepEqual(world.ledger.doubted, ["default"]);
});

test("all hosts restarted in place: no loss, the old workloads are gone from there", () => {
  const world = new HoldWorld().hosts(3);
  const restarted = numbers(3).map((i) => host(`n${i}`, { addresses: [`10.0.0.${i}:80`], age: { at: 2, order: "" } }));
  world.at(10, put(...restarted));
  assert.equal(world.serving(), "nothing");
  world
    .at(40, silence(1, 2, 3))
    .at(70, hostFalse(1, 2, 3))
    .at(75, hostGone(1, 2, 3), gone(1, 2, 3));
  assert.equal(world.ledger.held, 0);
  assert.equal(world.serving(), "unknown");
});

test("a host that restarts in place after the doubt began is believed with its workloads", () => {
  const world = new HoldWorld().hosts(3).at(10, hostGone(1, 2), silence(1, 2));
  assert.equal(world.serving(), "w1 draining, w2 draining, w3 ready");
  world.at(11, put(host("n1", { addresses: ["10.0.0.1:80"], age: { at: 2, order: "" } })));
  assert.equal(world.serving(), "w2 draining, w3 ready");
  assert.equal(world.ledger.held, 2, "Host h2 and its workload");
});

test("a workload deleted for itself is believed at once, also while its group is doubted", () => {
  const world = new HoldWorld().hosts(5).at(10, hostGone(1, 2)).at(11, deleting(3));
  assert.equal(world.serving(), "w1 draining, w2 draining, w3 draining, w4 ready, w5 ready");
  world.at(12, gone(3));
  assert.equal(world.serving(), "w1 draining, w2 draining, w4 ready, w5 ready");
});

test("a workload scaled down long before its host is lost stays gone", () => {
  const world = new HoldWorld().hosts(3).at(10, deleting(1), gone(1)).at(20, hostGone(1, 2));
  assert.equal(world.serving(), "w2 draining, w3 ready");
});

test("a workload whose deletion was seen just before its host's was deleted with it", () => {
  const world = new HoldWorld()
    .hosts(3)
    .at(10, deleting(1), gone(1), deleting(2))
    .at(11, hostDeleting(1, 2), hostGone(1, 2));
  assert.equal(world.serving(), "w1 draining, w2 draining, w3 ready");
});

test("while the doubt lasts, further losses are held; once it is over they are believed", () => {
  const world = new HoldWorld().hosts(5).at(10, hostGone(1, 2)).at(100, hostGone(3));
  assert.equal(
    world.serving(),
    "w1 draining, w2 draining, w3 draining, w4 ready, w5 ready",
    "h3 is lost alone, but in a doubted group",
  );
  world.at(130);
  assert.equal(world.serving(), "w3 draining, w4 ready, w5 ready");
  assert.deepEqual(world.ledger.doubted, [], "one host is not a mass");
  world.at(220).at(225, hostGone(4));
  assert.equal(world.serving(), "w5 ready");
});

test("a doubted workload that is deleted later stays as long as it would have", () => {
  const world = new HoldWorld()
    .hosts(2)
    .at(30, silence(1, 2))
    .at(95, deleting(1, { ready: false }), gone(1));
  assert.equal(world.serving(), "w1 draining, w2 draining");
  world.at(150);
  assert.equal(world.serving(), "nothing", "w2 is still there, and not ready");
});

test("a workload placed on another host is lost no longer", () => {
  const world = new HoldWorld().hosts(3).at(10, silence(1, 2));
  assert.equal(world.serving(), "w1 draining, w2 draining, w3 ready");
  world.at(20, put(workload("shop/w1", "h3", { ready: false })));
  assert.equal(world.serving(), "w2 draining, w3 ready");
});

test("a workload placed on another host at once is not lost", () => {
  const world = new HoldWorld()
    .hosts(3)
    .at(10, put(workload("shop/w1", "h3", { ready: false }), workload("shop/w2", "h3", { ready: false })));
  assert.equal(world.serving(), "w3 ready");
});

test("a doubted workload whose status is wiped keeps its host, also when it is deleted then", () => {
  const wiped = (i: number) => put(workload(`shop/w${i}`, "", { placed: false, ready: false }));
  const world = new HoldWorld().hosts(2).at(10, silence(1, 2)).at(20, wiped(1), wiped(2));
  assert.equal(world.serving(), "w1 draining, w2 draining");
  world.at(30, gone(1));
  assert.equal(world.serving(), "w1 draining, w2 draining");
  world.at(130);
  assert.equal(world.ledger.remembered, 0);
});

test("a Host held though gone leaves its address to a live one, also to an older", () => {
  const older = host("old", { addresses: ["10.0.0.1:80"], age: { at: 0, order: "" } });
  const world = new HoldWorld().hosts(2).at(0, put(older, workload("shop/w9", "old")));
  assert.equal(world.serving(), "w1 ready, w2 ready");
  world.at(10, hostGone(1, 2));
  assert.equal(world.ledger.held, 2, "an older Host is no restart of a newer one");
  assert.equal(world.serving(), "w2 draining, w9 ready");
});

test("Hosts left over from a restart in place do not count among the group", () => {
  const restarted = numbers(4).map((i) => host(`n${i}`, { addresses: [`10.0.0.${i}:80`], age: { at: 2, order: "" } }));
  const world = new HoldWorld().hosts(4).at(5, put(...restarted));
  world.at(10, put(...restarted.slice(0, 2).map((record) => ({ ...record, ready: "False" as const }))));
  assert.deepEqual(world.ledger.doubted, ["default"], "2 of 4, not of 8");
});

test("a held claim keeps its hostname from a younger one", () => {
  const world = new HoldWorld().hosts(2);
  world.at(10, hostGone(1, 2)).at(11, gone(1, 2));
  world.at(12, put(host("h3"), workload("rival/grab", "h3", { age: { at: 101, order: "" } })));
  assert.equal(world.placer.placement.get("a.test")?.owner, "shop");
  world.at(131);
  assert.equal(world.placer.placement.get("a.test")?.owner, "rival");
});

test("holdMs 0 believes every loss at once and remembers nothing", () => {
  const world = new HoldWorld({ holdMs: 0 }).hosts(4).at(10, silence(1, 2), hostGone(1, 2, 3, 4));
  assert.equal(world.serving(), "nothing");
  assert.equal(world.ledger.remembered, 0);
  assert.equal(world.ledger.nextAt, undefined);
});

test("new settings count for what is held already", () => {
  const world = new HoldWorld().hosts(2).at(10, hostGone(1, 2));
  world.placer.apply(world.ledger.setSettings(holdSettings({ holdMs: 20_000 }), 11_000));
  assert.equal(world.ledger.nextAt, 30_000);
  world.placer.apply(world.ledger.setSettings(holdSettings({ holdMs: 0 }), 12_000));
  assert.equal(world.serving(), "nothing");
});

test("Hosts that were never live are not lost", () => {
  const world = new HoldWorld().at(0, put(host("h1", { ready: "False" }), host("h2", { deleting: true })));
  world.at(1, hostGone(1, 2));
  assert.equal(world.ledger.remembered, 0);
});

test("what was lost is remembered for the window and no longer", () => {
  const world = new HoldWorld().hosts(10).at(10, hostGone(1), silence(2));
  assert.equal(world.ledger.remembered, 2);
  assert.equal(world.ledger.nextAt, 100_000);
  world.at(100);
  assert.equal(world.ledger.remembered, 0);
  assert.equal(world.ledger.nextAt, undefined);
});

test("no call gives out more than 1,000 objects beyond those it was given", () => {
  const ledger = new LossLedger(holdSettings({}));
  const workloads = numbers(5_000).map((i) => workload(`shop/w${i}`, `h${i % 2}`));
  ledger.apply(put(host("h0"), host("h1"), ...workloads), 0);
  const lost = workloads.map((record) => ({ ...record, ready: false }));
  const sizes = [ledger.apply(put(...lost), 1_000).length - lost.length];
  while (ledger.held < 5_000) {
    assert.equal(ledger.nextAt, 1_000, "the rest follows at once");
    sizes.push(ledger.advance(1_000).length);
  }
  assert.deepEqual(sizes, [1_000, 1_000, 1_000, 1_000, 1_000]);
  assert.equal(ledger.nextAt, 121_000);
});

const raw = arbitrary.change.map((change): RecordChange => {
  if ("remove" in change) return change;
  const { put } = change;
  return put.kind === "Host" || put.kind === "Workload" ? { put: { ...put, held: false } } : change;
});
const step = fc.record({
  changes: fc.array(raw, { maxLength: 4 }),
  afterMs: fc.constantFrom(0, 1_000, 40_000, 100_000),
});

test("when all holds have ended, the placer has been given what is there", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const ledger = new LossLedger(holdSettings({ lostShare: 0.1 }));
      const given = new Map<string, PlacementRecord>();
      const take = (changes: readonly RecordChange[]): void => {
        for (const change of changes) {
          const { kind, namespace, name } = "put" in change ? change.put : change.remove;
          if ("put" in change) given.set(`${kind}/${namespace}/${name}`, change.put);
          else given.delete(`${kind}/${namespace}/${name}`);
        }
      };
      let nowMs = 0;
      for (const { changes, afterMs } of steps) {
        nowMs += afterMs;
        take(ledger.apply(changes, nowMs));
        const heldRecords = [...given.values()].filter((record) => "held" in record && record.held);
        assert.equal(heldRecords.length, ledger.held);
      }
      for (let next = ledger.nextAt; next !== undefined; next = ledger.nextAt) take(ledger.advance(next));
      assert.equal(ledger.remembered, 0);
      const wanted = arbitrary.recordsAfter(steps.flatMap(({ changes }) => changes));
      const byKey = ({ kind, namespace, name }: PlacementRecord): string => `${kind}/${namespace}/${name}`;
      assert.deepEqual(
        [...given.values()].sort((a, b) => (byKey(a) < byKey(b) ? -1 : 1)),
        wanted.sort((a, b) => (byKey(a) < byKey(b) ? -1 : 1)),
      );
    }),
    { numRuns: 500 },
  );
});

test("a held replica is given to the placer as draining, never as ready", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const ledger = new LossLedger(holdSettings({ lostShare: 0.1 }));
      const placer = new Placer({ ownership: [] });
      let nowMs = 0;
      for (const { changes, afterMs } of steps) {
        nowMs += afterMs;
        placer.apply(ledger.apply(changes, nowMs));
        for (const { replicas } of placer.placement.values())
          for (const { namespace, workload: name, phase } of replicas) {
            const record = placer.index.workload({ namespace, name });
            assert.ok(record !== undefined);
            if (record.held || placer.index.standing(record.hostId)?.record.held) assert.equal(phase, "draining");
          }
      }
    }),
    { numRuns: 200 },
  );
});
