/** What owners are told: object, field, cause and remedy; once for each root owner; gone when put right. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Placer } from "../../src/placement/placer.ts";
import { problemText } from "../../src/placement/problem.ts";
import type { Age, PlacementRecord } from "../../src/placement/records.ts";
import { deployment, host, put, remove, replicaSet, serves, workload } from "./sample-records.ts";

function told(records: readonly PlacementRecord[], placer = new Placer({ ownership: [] })): string[] {
  placer.apply(put(host("h1"), host("h2"), ...records));
  return placer.problems().map((problem) => `${problem.code}: ${problemText(problem)}`);
}
const late = { age: { at: Date.UTC(2026, 0, 2), order: "" } };

test("hostname-taken: the loser's root is told once, who owns it and since when", () => {
  const records = [
    deployment("shop/web", { age: { at: Date.UTC(2026, 0, 1), order: "" } }),
    deployment("rival/copy", late),
    replicaSet("rival/copy-1", { deployment: "copy" }),
    workload("rival/copy-1-a", "h1", { replicaSet: "copy-1" }),
    workload("rival/copy-1-b", "h2", { replicaSet: "copy-1" }),
  ];
  assert.deepEqual(told(records), [
    "hostname-taken: WorkloadDeployment rival/copy, spec.template.spec.hostInterfaces: a.test is owned by namespace shop (WorkloadDeployment web, created 2026-01-01T00:00:00.000Z), so this object gets no traffic for it. Use another hostname, or ask the administrator for an ownership rule that gives a.test to rival",
  ]);
});

test("hostname-denied: names the rule and who may", () => {
  const placer = new Placer({ ownership: [{ domain: "*.test", namespaces: ["shop", "web"] }] });
  assert.deepEqual(told([workload("rival/w", "h1")], placer), [
    "hostname-denied: Workload rival/w, spec.hostInterfaces: the administrator's rule for *.test gives a.test only to shop, web. Use another hostname, or ask the administrator to add namespace rival to that rule",
  ]);
});

test("hostname-denied to everybody", () => {
  const placer = new Placer({ ownership: [{ domain: "a.test", namespaces: [] }] });
  assert.match(told([workload("rival/w", "h1")], placer)[0] ?? "", /gives a\.test to no namespace/);
});

test("hostname-contaminated: the owner is told which workload mixes in, and where", () => {
  const problems = told([workload("shop/w", "h1"), workload("rival/x", "h1", late)]);
  assert.equal(
    problems[1],
    "hostname-contaminated: Workload shop/w, spec.hostInterfaces: a.test is also registered by Workload rival/x on Host h1, which answers for both at random. Remove a.test from the other namespace's workload, or keep the namespaces on separate host groups",
  );
  assert.equal(problems.length, 2);
});

test("hostname-spelling: the younger spelling is told", () => {
  assert.deepEqual(
    told([workload("shop/w1", "h1"), workload("shop/w2", "h2", { ...late, registration: serves("A.Test") })]),
    [
      "hostname-spelling: Workload shop/w2, spec.hostInterfaces: it spells A.Test what the oldest claim spells a.test, and a host up to wasmCloud 2.7.0 that runs both answers to one of them only. Spell the hostname in lower case everywhere",
    ],
  );
});

test("host-unknown: told once for each workload, though it has several names", () => {
  const lost = workload("shop/w", "nowhere", { registration: serves("a.test", "b.test") });
  assert.deepEqual(told([lost]), [
    "host-unknown: Workload shop/w, hostId: it is Ready on hostId id-nowhere, but no Host has that hostId. Correct hostId, or see that the Host object exists and may be read; if the host is gone for good, delete the Workload",
  ]);
});

test("address-superseded and host-id-superseded: the Host that does not count is told", () => {
  const X = { addresses: ["10.0.0.7:80"] };
  const hosts = [
    host("old", X),
    host("new", { ...X, ...late }),
    host("twin1", { hostId: "i", addresses: [] }),
    host("twin2", { ...late, hostId: "i", addresses: [] }),
  ];
  assert.deepEqual(told(hosts), [
    "address-superseded: Host system/old, hostname: Host new is newer and has the same address 10.0.0.7:80, so workloads of this one are not served there. Wait, if the host was restarted: the operator removes this Host soon. Otherwise give each host its own hostname or port",
    "host-id-superseded: Host system/twin1, hostId: Host twin2 is newer and has the same hostId i, so this one is ignored. Delete this Host object if its process is gone; give every host process its own hostId",
  ]);
});

test("host-unknown: a Workload that has an owner comes back in a cluster only", () => {
  const lost = workload("shop/w", "nowhere", { replicaSet: "w-1" });
  assert.match(
    told([replicaSet("shop/w-1"), lost])[0] ?? "",
    /delete the Workload; in a cluster its owner makes a new one$/,
  );
});

const twins: readonly (readonly [why: string, a: Age, b: Age, words: RegExp])[] = [
  ["times", { at: 1, order: "" }, { at: 2, order: "" }, /Host b is newer and has/],
  ["a time against none", { at: 0, order: "z" }, { at: 2, order: "a" }, /Host b is newer and has/],
  [
    "no times, a folder",
    { at: 0, order: "x\x000001" },
    { at: 0, order: "x\x000002" },
    /Host b comes later in the folder and has/,
  ],
  [
    "equal times, a cluster",
    { at: 5, order: "" },
    { at: 5, order: "" },
    /Host a is as old, comes first by name and has/,
  ],
];
for (const [why, a, b, words] of twins)
  test(`superseded by ${why}: what decided is said`, () => {
    const X = { addresses: ["10.0.0.7:80"] };
    for (const change of [X, { ...X, hostId: "same" }]) {
      const [line = ""] = told([host("a", { ...change, age: a }), host("b", { ...change, age: b })]);
      assert.match(line, words);
    }
  });

test("a Host on its way out is told nothing", () => {
  assert.deepEqual(
    told([
      host("old", { addresses: ["10.0.0.7:80"], deleting: true }),
      host("new", { ...late, addresses: ["10.0.0.7:80"] }),
    ]),
    [],
  );
});

test("a Host that nobody uses is judged too", () => {
  const placer = new Placer({ ownership: [] });
  placer.stage(put(host("h1"), host("twin", { ...late, addresses: ["10.0.0.1:80"] })));
  assert.equal(placer.pending, 0);
  assert.deepEqual([...placer.takeProblemChanges().keys()], ["Host/system/h1"], "the first call gives all there are");
  assert.deepEqual(
    placer.problems().map(({ code }) => code),
    ["address-superseded"],
  );
});

test("problems come and go as groups, each told once", () => {
  const placer = new Placer({ ownership: [] });
  const rival = workload("rival/w", "h2", late);
  placer.apply(put(host("h1"), host("h2"), workload("shop/w", "h1"), rival));
  assert.deepEqual(
    [...placer.takeProblemChanges()].map(([group, problems]) => [group, problems.map(({ code }) => code)]),
    [["hostname/a.test", ["hostname-taken"]]],
  );
  placer.apply(put(workload("shop/w2", "h1")));
  assert.deepEqual([...placer.takeProblemChanges()], []);
  placer.apply(remove(rival));
  assert.deepEqual([...placer.takeProblemChanges()], [["hostname/a.test", []]]);
  assert.deepEqual(placer.problemsOf("a.test"), []);
});

test("a healthy fleet has no problems", () =>
  assert.deepEqual(told([deployment("shop/web"), workload("shop/w", "h1")]), []));
