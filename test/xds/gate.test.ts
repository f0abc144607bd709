/** What one proxy may be given, by what it has acknowledged, refused, and says that it has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "../../src/xds/delivery/gate.ts";
import { ASSIGNMENT, assignment, CLUSTER, cluster, scope, withoutHostname } from "./resources.ts";
import { storeOf } from "./running-server.ts";

function begin() {
  const store = storeOf("a.test");
  const gate = new Gate(store);
  const slot = (type: string): number => store.shelf(type).intern("a.test");
  const version = (type: string): string => store.get(type, "a.test")?.version ?? "";
  return { store, gate, slot, version, verdict: () => gate.verdict(scope("a.test")) };
}

test("a refusal counts for the content that was refused, while that is the newest", () => {
  const { store, gate, slot, version, verdict } = begin();
  gate.refused(CLUSTER, slot(CLUSTER), "older");
  assert.equal(verdict(), "waiting");
  gate.refused(CLUSTER, slot(CLUSTER), version(CLUSTER));
  assert.equal(verdict(), "refused");
  store.apply([{ put: cluster("a.test", "2") }]);
  assert.equal(verdict(), "waiting", "nobody has refused this");
  store.apply(withoutHostname("a.test"));
  assert.equal(verdict(), "waiting", "there is none");
  store.apply([{ put: cluster("a.test") }]);
  assert.equal(verdict(), "refused", "it is back");
});

test("what a proxy accepted once it keeps, whatever it refuses later; and so what it came back with", () => {
  const { store, gate, slot, version, verdict } = begin();
  gate.acknowledged(CLUSTER, slot(CLUSTER));
  gate.claimed(ASSIGNMENT, slot(ASSIGNMENT));
  assert.equal(verdict(), "waiting", "for what it is sent");
  gate.refused(ASSIGNMENT, slot(ASSIGNMENT), version(ASSIGNMENT));
  assert.equal(verdict(), "ready", "it has an older one");
  gate.forgotten(ASSIGNMENT, slot(ASSIGNMENT));
  gate.refused(ASSIGNMENT, slot(ASSIGNMENT), version(ASSIGNMENT));
  assert.equal(verdict(), "refused", "it gave it up");
  store.apply([{ put: assignment("a.test", "2") }]);
  gate.acknowledged(ASSIGNMENT, slot(ASSIGNMENT));
  assert.equal(verdict(), "ready");
  gate.refused(ASSIGNMENT, slot(ASSIGNMENT), version(ASSIGNMENT));
  assert.equal(verdict(), "ready", "it accepted this before");
});
