/** Which of several Hosts counts for a hostId and for an address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HostTable } from "../../../src/placement/index/host-table.ts";
import type { HostRecord } from "../../../src/placement/records.ts";
import { host } from "../sample-records.ts";

const X = { addresses: ["10.0.0.1:80"] };
const at = (time: number) => ({ age: { at: time, order: "" } });

/** hostId=Host(addresses) of every hostId that stands for something. */
function standings(...hosts: readonly HostRecord[]): string[] {
  const table = new HostTable();
  for (const record of hosts) table.put(record);
  const ids = [...new Set(hosts.map(({ hostId }) => hostId))].sort();
  return ids.flatMap((id) => {
    const standing = table.standing(id);
    return standing === undefined ? [] : [`${id}=${standing.record.name}(${standing.addresses.join(",")})`];
  });
}

const rows: readonly (readonly [given: string, hosts: readonly HostRecord[], outcome: readonly string[]])[] = [
  [
    "the newest owns the address",
    [host("a", { ...X, ...at(1) }), host("b", { ...X, ...at(2) })],
    ["id-a=a()", "id-b=b(10.0.0.1:80)"],
  ],
  [
    "one being deleted counts less, though newer",
    [host("a", { ...X, ...at(1) }), host("b", { ...X, ...at(2), deleting: true })],
    ["id-a=a(10.0.0.1:80)", "id-b=b()"],
  ],
  [
    "of two being deleted the newest",
    [host("a", { ...X, ...at(1), deleting: true }), host("b", { ...X, ...at(2), deleting: true })],
    ["id-a=a()", "id-b=b(10.0.0.1:80)"],
  ],
  ["of equal ages the first name", [host("b", X), host("a", X)], ["id-a=a(10.0.0.1:80)", "id-b=b()"]],
  [
    "Ready False counts as much",
    [host("a", { ...X, ...at(1) }), host("b", { ...X, ...at(2), ready: "False" })],
    ["id-a=a()", "id-b=b(10.0.0.1:80)"],
  ],
  [
    "two Hosts with one hostId: the newest",
    [
      host("a", { ...at(1), hostId: "i", addresses: ["10.0.0.1:80"] }),
      host("b", { ...at(2), hostId: "i", addresses: ["10.0.0.2:80"] }),
    ],
    ["i=b(10.0.0.2:80)"],
  ],
  [
    "a Host that does not count for its hostId takes no address",
    [
      host("a", { ...at(2), hostId: "i", ...X }),
      host("b", { ...at(3), hostId: "i", addresses: ["10.0.0.2:80"] }),
      host("c", { ...at(1), ...X }),
    ],
    ["i=b(10.0.0.2:80)", "id-c=c(10.0.0.1:80)"],
  ],
  [
    "of several addresses only the shared one is lost",
    [host("a", { ...at(1), addresses: ["10.0.0.1:80", "10.0.0.9:80"] }), host("b", { ...X, ...at(2) })],
    ["id-a=a(10.0.0.9:80)", "id-b=b(10.0.0.1:80)"],
  ],
  [
    "the empty hostId stands for nothing and takes nothing",
    [host("a", { ...X, ...at(9), hostId: "" }), host("b", { ...X, ...at(1) })],
    ["id-b=b(10.0.0.1:80)"],
  ],
];
for (const [given, hosts, outcome] of rows)
  test(`standing: ${given}`, () => {
    assert.deepEqual(standings(...hosts), outcome);
    assert.deepEqual(standings(...hosts.toReversed()), outcome, "in any order");
  });

test("deleting one of two Hosts with one hostId leaves the other", () => {
  const table = new HostTable();
  table.put(host("a", { ...at(1), hostId: "i" }));
  table.put(host("b", { ...at(2), hostId: "i" }));
  const { hostIds } = table.remove({ namespace: "system", name: "b" });
  assert.deepEqual([...hostIds], ["i"]);
  assert.equal(table.standing("i")?.record.name, "a");
});

test("same name, new hostId: the old hostId stands for nothing any more", () => {
  const table = new HostTable();
  table.put(host("a", { hostId: "old" }));
  const { hostIds } = table.put(host("a", { hostId: "new" }));
  assert.deepEqual([...hostIds].sort(), ["new", "old"]);
  assert.equal(table.standing("old"), undefined);
});

test("a Host made anew with its old hostId stands for it again", () => {
  const table = new HostTable();
  table.put(host("a", { hostId: "i" }));
  table.remove(host("a"));
  assert.equal(table.standing("i"), undefined);
  assert.deepEqual([...table.put(host("a", { ...at(9), hostId: "i" })).hostIds], ["i"]);
  assert.equal(table.standing("i")?.addresses.length, 1);
});

test("what workloads cannot notice is no effect", () => {
  const table = new HostTable();
  table.put(host("a"));
  assert.equal(table.put(host("a", { ready: "Unknown" })).hostIds.size, 0);
  assert.equal(table.put(host("a", { age: { at: 7, order: "" }, ready: "Unknown" })).hostIds.size, 0);
  assert.equal(table.put(host("a", { ready: "False" })).hostIds.size, 1);
});

test("a Host that stops counting for its hostId gives its address back", () => {
  const table = new HostTable();
  table.put(host("a", { ...at(2), hostId: "i", ...X }));
  table.put(host("c", { ...at(1), ...X }));
  assert.deepEqual(table.standing("id-c")?.addresses, []);
  const { hostIds } = table.put(host("b", { ...at(3), hostId: "i", addresses: ["10.0.0.2:80"] }));
  assert.deepEqual([...hostIds].sort(), ["i", "id-c"]);
  assert.deepEqual(table.standing("id-c")?.addresses, X.addresses);
});

const noticed: readonly Partial<HostRecord>[] = [
  { addresses: [] },
  { hostGroup: "edge" },
  { environment: "prod" },
  { ready: "False" },
  { deleting: true },
  { held: true },
  { hostId: "other" },
];
for (const differing of noticed)
  test(`what workloads notice is an effect: ${JSON.stringify(differing)}`, () => {
    const table = new HostTable();
    table.put(host("a"));
    assert.ok(table.put(host("a", differing)).hostIds.has("id-a"));
  });
