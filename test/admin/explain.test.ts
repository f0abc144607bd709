import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../../src/admin/explain.ts";
import type { AdminModel } from "../../src/admin/model.ts";
import { delivery, deployment, fakeModel, host, proxy, stranger, workload } from "./fake-model.ts";

const served = fakeModel({ records: [host(1), workload("cart", "Shop.example.com")] });

test("a hostname that is served: every step is ok, down to each proxy", () => {
  const answer = explain("SHOP.example.com.:8080", served);
  assert.equal(answer.hostname, "shop.example.com");
  assert.equal(answer.ok, true);
  assert.equal(
    answer.summary,
    "shop.example.com is served on fleet public: every proxy that should route it has acknowledged that.",
  );
  assert.deepEqual(
    answer.steps.map(({ name, ok, text, details }) => [name, ok, text, ...details]),
    [
      ["host-header", true, "Host: SHOP.example.com.:8080 is compared as shop.example.com"],
      ["name", true, "shop.example.com is a name that hosts register"],
      ["claims", true, "1 objects claim shop.example.com", "Workload shop/cart, since 2026-01-02T03:04:05.000Z: owner"],
      ["owner", true, "shop.example.com belongs to namespace shop"],
      [
        "replicas",
        true,
        "1 ready, 0 draining, 0 absent",
        "Workload shop/cart at 10.0.0.1:8080: ready, ready on Host host-1",
      ],
      ["fleets", true, "exposed on public", "public: 10.0.0.1:8080 ready weight 1", "internal: does not expose it"],
      ["resources", true, "Envoy's configuration for shop.example.com breaks none of its rules"],
      [
        "proxies",
        true,
        "all 2 proxies have acknowledged it",
        "proxy edge-1 at 127.0.0.1:40001, fleet public: acknowledged",
        "proxy edge-2 at 127.0.0.1:40002, fleet public: acknowledged",
      ],
    ],
  );
});

const rejection = {
  ...{ type: "type.googleapis.com/envoy.config.cluster.v3.Cluster", name: "a.test", of: undefined, version: "v" },
  ...{ subject: undefined, detail: "unknown field 99" },
};
const served2 = [host(1), workload("w", "a.test")];

/** The first step that is not ok, its cause and its remedy. */
const rows: readonly (readonly [why: string, asked: string, model: AdminModel, step: string, summary: RegExp])[] = [
  [
    "no name",
    "a_b.test",
    served,
    "name",
    /^"a_b\.test" has an underscore in "a_b", so no host registers it\. Use a hyphen/,
  ],
  ["nothing at all", "", served, "name", /^"" is empty, so no host registers it\. Write the hostname/],
  ["nobody claims it", "b.test", served, "claims", /^no Workload, .* names b\.test\. Put it into config\.host/],
  [
    "objects are still being read",
    "b.test",
    fakeModel({ records: [], changes: { readiness: () => ({ ready: false, waitingFor: ["Hosts"] }) } }),
    "claims",
    /^nothing claims b\.test so far, and objects are still being read\. Wait for Hosts\.$/,
  ],
  [
    "objects cannot be read any more",
    "b.test",
    fakeModel({ records: [], changes: { stale: () => ({ because: "Restart the API server.", forMs: 0 }) } }),
    "claims",
    /^nothing claimed b\.test when objects could last be read\. Restart the API server\.$/,
  ],
  [
    "the administrator denies it",
    "a.test",
    fakeModel({ records: served2, denied: ["*.test"] }),
    "owner",
    /^nobody who claims a\.test may own it \(the administrator's rule for \*\.test admits admins\)\. Use another/,
  ],
  [
    "scaled to zero",
    "a.test",
    fakeModel({ records: [deployment("d", "a.test")] }),
    "replicas",
    /^namespace shop has no Workload for a\.test\. Scale the WorkloadDeployment up/,
  ],
  [
    "not ready",
    "a.test",
    fakeModel({ records: [host(1), workload("w", "a.test", { ready: false })] }),
    "replicas",
    /^no replica of a\.test can serve: condition Ready is not True \(hostId id-1\)\. See the conditions/,
  ],
  [
    "no fleet exposes it",
    "a.test",
    fakeModel({
      records: served2,
      changes: { fleets: () => [{ name: "internal", contaminated: "refuse", exposed: new Map() }] },
    }),
    "fleets",
    /^no fleet exposes a\.test, so all answer as for an unknown hostname\. Compare the fleets' exposes/,
  ],
  [
    "our own translation is wrong",
    "a.test",
    fakeModel({
      records: served2,
      changes: {
        translationProblems: () => [
          {
            code: "resource-invalid",
            subject: { kind: "Fleet", namespace: "", name: "public" },
            cause: "c",
            remedy: "R",
          },
        ],
      },
    }),
    "resources",
    /^Envoy would refuse the configuration made for a\.test, so it is withheld\. Report it/,
  ],
  [
    "no proxy is there",
    "a.test",
    fakeModel({ records: served2, changes: { proxies: () => [], deliveries: () => [] } }),
    "proxies",
    /^no proxy of public is connected to this replica\. See that Envoy runs/,
  ],
  [
    "the only proxy belongs to no fleet",
    "a.test",
    fakeModel({
      records: served2,
      changes: { proxies: () => [], deliveries: () => [], unassigned: () => [stranger("edge-9")] },
    }),
    "proxies",
    /^no proxy of public is connected to this replica, and 1 that no fleet admits\. See that Envoy runs/,
  ],
  [
    "another owner's replica on the only host",
    "a.test",
    fakeModel({ records: [host(1), workload("w", "a.test"), workload("x", "a.test", { namespace: "zoo" })] }),
    "fleets",
    /^a\.test has no endpoint on public, which answers 503; 10\.0\.0\.1:8080 is left out: Workload zoo\/x runs on the same Host; fleet policy contaminated: refuse\. Remove a\.test from Workload zoo\/x, /,
  ],
  [
    "a proxy is behind",
    "a.test",
    fakeModel({
      records: served2,
      changes: { deliveries: () => [delivery("a.test", "acknowledged"), delivery("a.test", "withheld")] },
    }),
    "proxies",
    /^1 of 2 proxies have not acknowledged all of it yet\. Ask again/,
  ],
  [
    "a proxy rejected it",
    "a.test",
    fakeModel({
      records: served2,
      changes: { deliveries: () => [delivery("a.test", "rejected")], proxies: () => [proxy(1), proxy(2, [rejection])] },
    }),
    "proxies",
    /^1 of 2 proxies rejected it and keep what they last accepted\. Read the proxy's own words/,
  ],
];
for (const [why, asked, model, name, summary] of rows)
  test(`explains: ${why}`, () => {
    const answer = explain(asked, model);
    assert.equal(answer.ok, false);
    assert.equal(answer.steps.find(({ ok }) => !ok)?.name, name);
    assert.match(answer.summary, summary);
  });

test("a rejection is told in the proxy's own words", () => {
  const model = fakeModel({
    records: served2,
    changes: { deliveries: () => [delivery("a.test", "rejected")], proxies: () => [proxy(1), proxy(2, [rejection])] },
  });
  assert.deepEqual(explain("a.test", model).steps.at(-1)?.details, [
    "proxy edge-1 at 127.0.0.1:40001, fleet public: acknowledged",
    "proxy edge-2 at 127.0.0.1:40002, fleet public: rejected (Cluster a.test): unknown field 99",
  ]);
});

test("what is left out beside clean endpoints is told though all is well", () => {
  const other = workload("x", "a.test", { namespace: "zoo" });
  const model = fakeModel({
    records: [host(1), host(2), workload("v", "a.test", { hostId: "id-2" }), workload("w", "a.test"), other],
  });
  const { ok, summary, steps } = explain("a.test", model);
  const leftOut = "10.0.0.1:8080 is left out: Workload zoo/x runs on the same Host; others answer for it alone";
  assert.equal(ok, true);
  assert.match(summary, /^a\.test is served on fleet public: /);
  assert.ok(summary.endsWith(` ${leftOut}.`), summary);
  const details = steps.find(({ name }) => name === "fleets")?.details;
  assert.equal(details?.[0], `public: 10.0.0.2:8080 ready weight 1; ${leftOut}`);
});

test("who loses a hostname is named beside its owner", () => {
  const model = fakeModel({
    records: [host(1), workload("w", "a.test"), workload("x", "a.test", { namespace: "zoo", hostId: "" })],
  });
  const owner = explain("a.test", model).steps.find(({ name }) => name === "owner");
  assert.equal(owner?.text, "a.test belongs to namespace shop; zoo claim it too and get no traffic");
  assert.match(
    owner?.details.join("\n") ?? "",
    /^Workload zoo\/x, spec\.hostInterfaces: a\.test is owned by namespace shop/m,
  );
});
