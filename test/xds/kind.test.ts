/** What is known of a build of proxies: accepted, quarantined, and the content before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "../../src/codec/resource.ts";
import { Shelf } from "../../src/xds/content/shelf.ts";
import { type Acceptance, Kind, Kinds } from "../../src/xds/delivery/kind.ts";
import { CLUSTER, cluster } from "./resources.ts";

/** A shelf with one resource, and a kind that has a proxy. */
function begin() {
  const shelf = new Shelf(CLUSTER);
  const kind = new Kind();
  kind.proxies = 1;
  const of = kind.of(shelf);
  let position = 0;
  const put = (content: string): Resource => {
    const resource = cluster("a", content);
    shelf.put(resource, ++position);
    return resource;
  };
  const remove = () => shelf.remove("a", ++position);
  return { shelf, kind, of, put, remove, slot: shelf.intern("a") };
}

const facts = (of: Acceptance, slot: number) => [
  of.isQuarantined(slot),
  of.lastAccepted(slot)?.version,
  of.keptBytes > 0,
];

test("the last accepted content is kept while the newest is not accepted, and no longer", () => {
  const { of, put, slot } = begin();
  const one = put("1");
  of.acknowledged(slot, one);
  assert.deepEqual(facts(of, slot), [false, undefined, false]);
  const two = put("2");
  assert.deepEqual(facts(of, slot), [false, one.version, true]);
  put("3"); // nobody accepted "2"
  assert.deepEqual(facts(of, slot), [false, one.version, true]);
  of.acknowledged(slot, two); // late
  assert.deepEqual(facts(of, slot), [false, two.version, true]);
  of.acknowledged(slot, put("4"));
  assert.deepEqual(facts(of, slot), [false, undefined, false]);
});

test("refused by one and accepted by none: quarantined, until somebody accepts it, other content comes, or it goes", () => {
  const { of, put, remove, slot } = begin();
  const one = put("1");
  of.acknowledged(slot, one);
  const quarantine = () => {
    of.rejected(slot, put("bad"));
    assert.equal(of.isQuarantined(slot), true);
  };
  quarantine();
  put("2");
  assert.equal(of.isQuarantined(slot), false);
  quarantine();
  remove();
  assert.deepEqual(facts(of, slot), [false, undefined, false]);
  quarantine();
  of.acknowledged(slot, put("bad"));
  assert.equal(of.isQuarantined(slot), false);
});

test("what somebody of the kind accepted is not quarantined by another's rejection, nor is what is not the newest", () => {
  const { of, put, slot } = begin();
  const one = put("1");
  of.acknowledged(slot, one);
  of.rejected(slot, one);
  assert.equal(of.isQuarantined(slot), false);
  const two = put("2");
  put("3");
  of.rejected(slot, two);
  assert.equal(of.isQuarantined(slot), false);
});

test("content that comes back is known as accepted", () => {
  const { of, put, slot } = begin();
  const one = put("1");
  of.acknowledged(slot, one);
  put("2");
  of.rejected(slot, put("1"));
  assert.deepEqual(facts(of, slot), [false, undefined, false]);
});

test("a kind without proxies keeps nothing more: nobody would answer, and it would be kept for ever", () => {
  const { kind, of, put, slot } = begin();
  of.acknowledged(slot, put("1"));
  kind.proxies = 0;
  put("2");
  assert.deepEqual(facts(of, slot), [false, undefined, false]);
});

test("older contents are bounded in bytes", () => {
  const shelf = new Shelf(CLUSTER);
  const kind = new Kind();
  kind.proxies = 1;
  const of = kind.of(shelf);
  const big = (name: string, content: string): Resource => ({
    ...cluster(name, content),
    bytes: new Uint8Array(1_048_576),
  });
  for (let i = 0; i < 10; i++) {
    shelf.put(big(`${i}`, "1"), 2 * i + 1);
    of.acknowledged(shelf.intern(`${i}`), big(`${i}`, "1"));
    shelf.put(big(`${i}`, "2"), 2 * i + 2);
  }
  assert.ok(of.keptBytes <= 4_194_304);
  assert.notEqual(of.lastAccepted(shelf.intern("9")), undefined, "the newest are kept");
});

test("builds that clients invent share one kind, once eight are connected; a build without proxies makes room", () => {
  const kinds = new Kinds();
  const real = Array.from({ length: 8 }, (_, i) => kinds.of(`envoy ${i}`));
  for (const kind of real) kind.proxies = 1;
  const shared = kinds.of("invented 1");
  shared.proxies = 1;
  assert.equal(kinds.of("invented 2"), shared);
  for (const [i, kind] of real.entries()) assert.equal(kinds.of(`envoy ${i}`), kind);
  const [left] = real;
  assert.ok(left !== undefined);
  left.proxies = 0;
  kinds.of("envoy 9").proxies = 1;
  assert.notEqual(kinds.of("envoy 0"), left, "forgotten for the other");
});
