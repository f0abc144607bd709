/** Invariants of the store, each by its name in the interface. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ResourceChange } from "../../src/codec/resource.ts";
import { Shelf } from "../../src/xds/content/shelf.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { CLUSTER, cluster, head, part, ROUTE, ROUTES, whole } from "./resources.ts";

const name = fc.constantFrom("a", "b", "c", "d");
const change: fc.Arbitrary<ResourceChange> = fc.oneof(
  fc.tuple(name, fc.constantFrom("1", "2")).map(([one, body]) => ({ put: cluster(one, body) })),
  name.map((one) => ({ remove: { type: CLUSTER, name: one } })),
);

test("who holds the contents at a position and fetches the names of since(position) holds what a newcomer is given", () =>
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 20 }), fc.nat(20), (steps, at) => {
      const store = new ResourceStore();
      const contents = () => new Map([...store.names(CLUSTER)].map((one) => [one, store.get(CLUSTER, one)?.version]));
      let held = contents();
      let position = store.position;
      for (const [index, changes] of steps.entries()) {
        store.apply(changes);
        if (index !== at) continue;
        held = contents();
        position = store.position;
      }
      const names = [...store.since(CLUSTER, position)];
      assert.equal(new Set(names).size, names.length, "each once");
      for (const one of names) {
        const version = store.get(CLUSTER, one)?.version;
        if (version === undefined) held.delete(one);
        else held.set(one, version);
      }
      assert.deepEqual(new Map([...held].sort()), new Map([...contents()].sort()));
    }),
  ));

test("putting an equal version again is no change, and nobody is told", () => {
  const store = new ResourceStore();
  store.apply([{ put: cluster("a") }]);
  let told = 0;
  store.listen(() => told++);
  const position = store.position;
  assert.equal(store.apply([{ put: cluster("a") }, { remove: { type: CLUSTER, name: "missing" } }]), position);
  assert.equal(told, 0);
  store.apply([{ put: cluster("a", "2") }, { put: cluster("b") }]);
  assert.deepEqual([store.position, told], [position + 1, 1]);
});

test("another subject with equal bytes is no change, and is the one that is told from then on", () => {
  const store = new ResourceStore();
  const bank = { kind: "Test", namespace: "bank", name: "a" };
  store.apply([{ put: whole(CLUSTER, "a") }]);
  const before = store.get(CLUSTER, "a");
  const { position } = store;
  store.apply([{ put: whole(CLUSTER, "a", "1", { subject: bank }) }]);
  assert.equal(store.position, position);
  assert.deepEqual(store.get(CLUSTER, "a")?.subject, bank);
  assert.ok(before !== undefined);
  assert.deepEqual(store.shelf(CLUSTER).subjectOf(before), bank, "whoever was sent it before");
});

test("other requirements with equal bytes are a change", () => {
  const store = new ResourceStore();
  store.apply([{ put: whole(CLUSTER, "a") }]);
  const position = store.position;
  store.apply([{ put: whole(CLUSTER, "a", "1", { requires: [{ type: CLUSTER, name: "b" }] }) }]);
  assert.equal(store.position, position + 1);
});

test("names of parts are a space of their own for each composed resource", () => {
  const store = new ResourceStore();
  store.apply([{ put: head(ROUTES) }, { put: part(ROUTES, "a") }, { put: part("other", "a", "2") }]);
  assert.deepEqual([...store.names(ROUTE)], [ROUTES]);
  assert.notEqual(store.get(ROUTE, "a", ROUTES)?.version, store.get(ROUTE, "a", "other")?.version);
  store.apply([{ remove: { type: ROUTE, name: "a", of: "other" } }]);
  assert.equal(store.get(ROUTE, "a", "other"), undefined);
  assert.notEqual(store.get(ROUTE, "a", ROUTES), undefined);
});

test("a composition has its members in the order of names, one version for equal members, and one object", () => {
  const made = (...order: readonly string[]) => {
    const store = new ResourceStore();
    store.apply([{ put: head(ROUTES) }, ...order.map((one) => ({ put: part(ROUTES, one) }))]);
    const recipe = { shelf: store.partsOf(ROUTE, ROUTES), head: store.get(ROUTE, ROUTES), only: undefined };
    const all = store.compositions.of({ ...recipe, except: new Map() });
    assert.equal(
      store.compositions.of({ ...recipe, except: new Map([["missing", undefined]]) }),
      all,
      "equal ones are shared",
    );
    return all;
  };
  const one = made("b", "a", "B");
  assert.deepEqual(
    one.members.map((member) => member.name),
    ["B", "a", "b"],
  );
  assert.equal(one.version, made("a", "B", "b").version);
  assert.notEqual(one.version, made("a", "b").version);
});

test("a composition is the shelf but for its exceptions", () =>
  fc.assert(
    fc.property(
      fc.uniqueArray(name),
      fc.array(fc.tuple(name, fc.constantFrom("1", "2", undefined))),
      (present, exceptions) => {
        const store = new ResourceStore();
        store.apply([{ put: head(ROUTES) }, ...present.map((one) => ({ put: part(ROUTES, one) }))]);
        const except = new Map(
          exceptions.map(([one, body]) => [one, body === undefined ? undefined : part(ROUTES, one, body)]),
        );
        const composition = store.compositions.of({
          shelf: store.partsOf(ROUTE, ROUTES),
          head: store.get(ROUTE, ROUTES),
          except,
          only: undefined,
        });
        const wanted = new Map<string, string>(present.map((one) => [one, part(ROUTES, one).version]));
        for (const [one, resource] of except) {
          if (resource === undefined) wanted.delete(one);
          else wanted.set(one, resource.version);
        }
        assert.deepEqual(
          composition.members.map((one) => [one.name, one.version]),
          [...wanted].sort(([a], [b]) => (a < b ? -1 : 1)),
        );
        for (const one of ["a", "b", "c", "d"]) assert.equal(composition.get(one)?.version, wanted.get(one));
      },
    ),
  ));

test("a slot keeps its name while somebody uses it, and is given to another name when nobody does", () => {
  const shelf = new Shelf(CLUSTER);
  const used = shelf.intern("used");
  shelf.users.add({ addUsed: (slots) => slots.add(used) });
  const free = shelf.intern("free");
  for (let i = 0; i < 1_100; i++) shelf.intern(`noise-${i}`);
  assert.equal(shelf.slotOf("free"), undefined, "thousands of names without resource made room");
  assert.deepEqual([shelf.nameOf(used), shelf.slotOf("used")], ["used", used]);
  shelf.put(cluster("used"), 1);
  assert.equal(shelf.get("used")?.name, "used");
  assert.ok(free >= 0);
});

test("a log that reaches back less far gives everything that changed since", () => {
  const shelf = new Shelf(CLUSTER);
  shelf.put(cluster("old"), 1);
  shelf.put(cluster("early"), 2);
  for (let position = 3; position < 6_000; position++) shelf.put(cluster("busy", String(position)), position);
  assert.deepEqual([...shelf.since(1)].map((slot) => shelf.nameOf(slot)).sort(), ["busy", "early"]);
  assert.deepEqual(
    [...shelf.since(5_998)].map((slot) => shelf.nameOf(slot)),
    ["busy"],
  );
});
