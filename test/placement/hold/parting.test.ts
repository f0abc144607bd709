/** A drained Host is gone before the operator has stopped what runs on it; until then it has to be found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Parting } from "../../../src/placement/hold/parting.ts";
import { Placer } from "../../../src/placement/placer.ts";
import type { HostRecord, RecordChange } from "../../../src/placement/records.ts";
import { host, put, remove, workload } from "../sample-records.ts";

class World {
  readonly placer = new Placer({ ownership: [] });
  readonly #parting = new Parting(this.placer.index);

  constructor() {
    this.apply(put(host("h1"), host("h2"), workload("shop/w1", "h1"), workload("shop/w2", "h1")));
  }

  /** What a.test is served by after these. */
  apply(...changes: readonly (readonly RecordChange[])[]): string {
    for (const some of changes) this.placer.apply(this.#parting.apply(some));
    const { replicas = [] } = this.placer.placement.get("a.test") ?? {};
    return replicas.map((replica) => `${replica.workload} ${replica.phase}`).join(", ");
  }

  get hosts(): string {
    return [...this.placer.index.hosts.records()]
      .map(({ name }) => name)
      .toSorted()
      .join(", ");
  }
}

const leaving = (name: string, differing: Partial<HostRecord> = {}): RecordChange[] =>
  put(host(name, { deleting: true, ...differing }));
const stopping = (name: string, on = "h1"): RecordChange[] => put(workload(`shop/${name}`, on, { deleting: true }));
const stopped = (name: string): RecordChange[] => remove(workload(`shop/${name}`, "h1"));
const gone = (name: string): RecordChange[] => remove(host(name));

test("a drained Host is gone, and what is still to be stopped on it drains; with the last of them it is forgotten", () => {
  const world = new World();
  assert.equal(world.apply(leaving("h1"), stopping("w1"), stopping("w2"), gone("h1")), "w1 draining, w2 draining");
  assert.equal(world.apply(stopped("w1")), "w2 draining");
  assert.equal(world.hosts, "h1, h2");
  assert.equal(world.apply(stopped("w2")), "");
  assert.equal(world.hosts, "h2");
});

test("in whatever order Host and workloads tell of it, and in one batch", () => {
  assert.equal(new World().apply(leaving("h1"), gone("h1"), stopping("w1")), "w1 draining, w2 draining");
  const batch = [leaving("h1"), gone("h1"), stopping("w1"), stopping("w2"), stopped("w1")].flat();
  const world = new World();
  assert.equal(world.apply(batch), "w2 draining");
  assert.equal(world.apply([...stopped("w2"), ...put(workload("shop/w3", "h2"))]), "w3 ready");
  assert.equal(world.hosts, "h2");
});

test("beside a replica that is ready it is a draining endpoint like any other", () => {
  const world = new World();
  assert.equal(
    world.apply(put(workload("shop/w2", "h2")), leaving("h1"), stopping("w1"), gone("h1")),
    "w1 draining, w2 ready",
  );
});

const BELIEVED: readonly (readonly [why: string, before: readonly RecordChange[]])[] = [
  ["it was given up: Ready is False", leaving("h1", { ready: "False" })],
  ["it was doubted, and the doubt has ended", leaving("h1", { held: true })],
  ["nobody saw that it was being deleted", []],
];
for (const [why, before] of BELIEVED)
  test(`a Host that is gone is believed: ${why}`, () => {
    const world = new World();
    assert.equal(world.apply(before, gone("h1")), "");
    assert.equal(world.hosts, "h2");
  });

test("a Host that comes back by its next heartbeat takes the place of what was kept, and is not taken away by the last workload of before", () => {
  const world = new World();
  world.apply(leaving("h1"), stopping("w1"), stopping("w2"), gone("h1"));
  world.apply(put(host("h1", { age: { at: 2, order: "" } })), stopped("w1"), stopped("w2"));
  assert.equal(world.hosts, "h1, h2");
});

test("a Host that restarts at the address takes it at once", () => {
  const world = new World();
  world.apply(leaving("h1"), stopping("w1"), stopping("w2"), gone("h1"));
  assert.equal(world.apply(put(host("h3", { addresses: ["10.0.0.1:80"], age: { at: 2, order: "" } }))), "");
});

test("workloads that move elsewhere let it go too", () => {
  const world = new World();
  world.apply(leaving("h1"), gone("h1"));
  assert.equal(world.apply(put(workload("shop/w1", "h2"), workload("shop/w2", "h2"))), "w1 ready, w2 ready");
  assert.equal(world.hosts, "h2");
});

test("a Host whose last workload is stopped is let go, though a finalizer that is not the operator's keeps the object", () => {
  const world = new World();
  world.apply(leaving("h1"), stopping("w1"), stopping("w2"), gone("h1"), stopped("w1"));
  assert.equal(world.apply(put(workload("shop/w2", "h1", { deleting: true, stopped: true }))), "");
  assert.equal(world.hosts, "h2");
  const doubting = new World();
  doubting.apply(leaving("h1"), gone("h1"), stopped("w1"));
  const held = put(workload("shop/w2", "h1", { deleting: true, stopped: true, held: true }));
  assert.equal(doubting.apply(held), "w2 draining", "while a loss is doubted, so is that it was stopped");
});

test("a Host that has the hostId under another name, and goes before the last workload does, leaves nothing of either", () => {
  const world = new World();
  world.apply(
    leaving("h1"),
    gone("h1"),
    put(host("h9", { hostId: "id-h1" })),
    put(host("h9", { hostId: "id-h1", ready: "Unknown" })),
  );
  world.apply(remove(host("h9")), stopped("w1"), stopped("w2"));
  assert.equal(world.hosts, "h2");
});
