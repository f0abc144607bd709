/** What a fleet sees: endpoints of addresses, selectors, contamination. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { viewOf } from "../../src/placement/exposure.ts";
import type { ContaminationPolicy, Exposure } from "../../src/placement/fleet.ts";
import { place } from "../../src/placement/place.ts";
import type { PlacementRecord } from "../../src/placement/records.ts";
import { deployment, host, NO_MARKS, replicaSet, serves, workload } from "./sample-records.ts";

const ALL: Exposure = { namespaces: [], hostnames: [], labels: {}, annotations: {}, environments: [], hostGroups: [] };
const HOSTS = [
  host("h1"),
  host("h2", { hostGroup: "edge" }),
  host("h3", { addresses: ["10.0.0.3:80", "[2001:db8::3]:80"] }),
];

interface Look {
  readonly exposes?: Partial<Exposure>;
  readonly contaminated?: ContaminationPolicy;
}

/** Endpoints as `address phase weight authority workloadId`; "unknown" where the hostname does not exist. */
function seen(
  records: readonly PlacementRecord[],
  { exposes = {}, contaminated = "refuse" }: Look = {},
): readonly string[] | "unknown" {
  const placement = place({ records: [...HOSTS, ...records], policy: { ownership: [] } }).get("a.test");
  assert.ok(placement !== undefined);
  const view = viewOf({ name: "public", exposes: { ...ALL, ...exposes }, contaminated }, placement);
  if (view === undefined) return "unknown";
  return view.endpoints.map((e) => `${e.address} ${e.phase} ${e.weight} ${e.authority} ${e.workloadId ?? "-"}`);
}
const loser = (on: string) => workload("rival/w", on, { age: { at: 999, order: "" } });

test("several replicas on one address are one endpoint with their weight", () => {
  assert.deepEqual(seen([workload("shop/w1", "h1"), workload("shop/w2", "h1"), workload("shop/w3", "h2")]), [
    "10.0.0.1:80 ready 2 a.test -",
    "10.0.0.2:80 ready 1 a.test uid-shop-w3",
  ]);
});

test("one ready replica makes an address ready, and only ready ones count", () => {
  const drained = workload("shop/w2", "h1", { deleting: true });
  assert.deepEqual(seen([workload("shop/w1", "h1"), drained]), ["10.0.0.1:80 ready 1 a.test -"]);
});

test("an address with draining replicas only is draining, with their number", () => {
  const drained = ["shop/w1", "shop/w2"].map((path) => workload(path, "h1", { deleting: true }));
  assert.deepEqual(seen(drained), ["10.0.0.1:80 draining 2 a.test -"]);
});

test("a host with several addresses is an endpoint on each", () => {
  assert.deepEqual(seen([workload("shop/w1", "h3")]), [
    "10.0.0.3:80 ready 1 a.test uid-shop-w1",
    "[2001:db8::3]:80 ready 1 a.test uid-shop-w1",
  ]);
});

test("an owner without replicas exists and has no endpoint", () =>
  assert.deepEqual(seen([deployment("shop/web")]), []));

test("foo.com and FOO.com are one hostname: each endpoint gets the spelling registered there", () => {
  const upper = workload("shop/w2", "h2", { registration: serves("A.TEST") });
  assert.deepEqual(seen([workload("shop/w1", "h1"), upper]), [
    "10.0.0.1:80 ready 1 a.test uid-shop-w1",
    "10.0.0.2:80 ready 1 A.TEST uid-shop-w2",
  ]);
});

test("of several spellings on one address the oldest ready replica's goes upstream", () => {
  const old = workload("shop/z", "h1", { age: { at: 1, order: "" }, registration: serves("A.test") });
  const young = workload("shop/a", "h1", { age: { at: 2, order: "" } });
  assert.deepEqual(seen([old, young]), ["10.0.0.1:80 ready 2 A.test -"]);
  assert.deepEqual(
    seen([{ ...old, deleting: true }, young]),
    ["10.0.0.1:80 ready 1 a.test -"],
    "the drained one will be stopped",
  );
});

test("a contaminated endpoint is left out while a clean ready one exists", () => {
  const own = [workload("shop/w1", "h1"), workload("shop/w2", "h2")];
  assert.deepEqual(seen([...own, loser("h2")]), ["10.0.0.1:80 ready 1 a.test uid-shop-w1"]);
});

test("contaminated endpoints only: refused by default, served if the fleet says so", () => {
  const records = [workload("shop/w1", "h1"), loser("h1")];
  assert.deepEqual(seen(records), []);
  assert.deepEqual(seen(records, { contaminated: "serve" }), ["10.0.0.1:80 ready 1 a.test -"]);
});

test("a clean draining endpoint stays, and does not stand for mixed ready ones", () => {
  const records = [workload("shop/w1", "h1"), workload("shop/w2", "h2", { deleting: true }), loser("h1")];
  assert.deepEqual(seen(records), ["10.0.0.2:80 draining 1 a.test uid-shop-w2"]);
  assert.deepEqual(seen(records, { contaminated: "serve" }), [
    "10.0.0.1:80 ready 1 a.test -",
    "10.0.0.2:80 draining 1 a.test uid-shop-w2",
  ]);
});

const contaminating: readonly (readonly [given: string, differing: Parameters<typeof workload>[2], mixes: boolean])[] =
  [
    ["ready", {}, true],
    ["placed and not ready: its Ready is a poll result", { ready: false }, true],
    ["being deleted", { deleting: true }, true],
    ["held, its Placement lost", { placed: false, ready: false, held: true }, true],
    ["not placed yet, its host chosen: the host binds it before it says so", { placed: false, ready: false }, true],
    ["without a host", { placed: false, ready: false, hostId: "" }, false],
    ["stopped, its object left over", { deleting: true, stopped: true }, false],
    ["stopped by an operator whose word is doubted", { deleting: true, stopped: true, held: true }, true],
    ["on another host", { hostId: "id-h2" }, false],
    ["of another hostname", { registration: serves("b.test") }, false],
  ];
for (const [given, differing, mixes] of contaminating)
  test(`a loser's workload ${given}: ${mixes ? "mixes" : "does not mix"}`, () => {
    const records = [workload("shop/w1", "h1"), { ...loser("h1"), ...differing }];
    assert.deepEqual(seen(records), mixes ? [] : ["10.0.0.1:80 ready 1 a.test uid-shop-w1"]);
  });

const aliased = { registration: { ...serves("a.test", "web.shop", "web.shop.svc"), operatorAlias: "web.shop" } };

test("a contaminated endpoint with an operator alias is served by the alias, once no clean one is ready", () => {
  assert.deepEqual(seen([workload("shop/w1", "h1", aliased), loser("h1")]), [
    "10.0.0.1:80 ready 1 web.shop uid-shop-w1",
  ]);
  const clean = workload("shop/w2", "h2", aliased);
  assert.deepEqual(seen([workload("shop/w1", "h1", aliased), clean, loser("h1")]), [
    "10.0.0.2:80 ready 1 a.test uid-shop-w2",
  ]);
});

test("an alias serves an address only if every replica there has one", () => {
  assert.deepEqual(seen([workload("shop/w1", "h1", aliased), workload("shop/w2", "h1"), loser("h1")]), []);
});

test("an alias that another namespace's workload names on the same host is of no use", () => {
  const intruder = workload("evil/w", "h1", { registration: serves("web.shop") });
  assert.deepEqual(seen([workload("shop/w1", "h1", aliased), loser("h1"), intruder]), []);
});

test("what is left over of a stopped intruder does not take an alias away", () => {
  const intruder = workload("evil/w", "h1", { registration: serves("web.shop"), deleting: true, stopped: true });
  const records = [workload("shop/w1", "h1", aliased), loser("h1"), intruder];
  assert.deepEqual(seen(records), ["10.0.0.1:80 ready 1 web.shop uid-shop-w1"]);
});

test("endpoints by alias go before mixed ones, also under serve", () => {
  const records = [
    workload("shop/w1", "h1", aliased),
    workload("shop/w2", "h2"),
    loser("h1"),
    workload("rival/w2", "h2", { age: { at: 999, order: "" } }),
  ];
  assert.deepEqual(seen(records, { contaminated: "serve" }), ["10.0.0.1:80 ready 1 web.shop uid-shop-w1"]);
});

const marked = (tier: string) => ({ marks: { labels: { tier }, annotations: { team: "x" } } });
const exposures: readonly (readonly [
  given: string,
  exposes: Partial<Exposure>,
  records: readonly PlacementRecord[],
  exists: boolean,
])[] = [
  ["nothing asked for", {}, [workload("shop/w", "h1")], true],
  ["its namespace", { namespaces: ["other", "shop"] }, [workload("shop/w", "h1")], true],
  ["another namespace", { namespaces: ["other"] }, [workload("shop/w", "h1")], false],
  [
    "the owner's namespace counts, not a loser's",
    { namespaces: ["rival"] },
    [workload("shop/w", "h1"), loser("h2")],
    false,
  ],
  ["its hostname", { hostnames: ["a.test"] }, [workload("shop/w", "h1")], true],
  ["a pattern of hostnames", { hostnames: ["*.test"] }, [workload("shop/w", "h1")], true],
  ["another pattern", { hostnames: ["*.a.test"] }, [workload("shop/w", "h1")], false],
  ["a label of the workload", { labels: { tier: "public" } }, [workload("shop/w", "h1", marked("public"))], true],
  ["another value of the label", { labels: { tier: "public" } }, [workload("shop/w", "h1", marked("private"))], false],
  ["no such label", { labels: { tier: "public" } }, [workload("shop/w", "h1")], false],
  [
    "label and annotation",
    { labels: { tier: "public" }, annotations: { team: "x" } },
    [workload("shop/w", "h1", marked("public"))],
    true,
  ],
  [
    "label without the annotation",
    { labels: { tier: "public" }, annotations: { team: "y" } },
    [workload("shop/w", "h1", marked("public"))],
    false,
  ],
  [
    "a label of a template at zero replicas",
    { labels: { tier: "public" } },
    [deployment("shop/web", marked("public"))],
    true,
  ],
  ["its host's group", { hostGroups: ["edge"] }, [workload("shop/w", "h2")], true],
  ["another host group", { hostGroups: ["edge"] }, [workload("shop/w", "h1")], false],
  [
    "a template that asks for the host group",
    { hostGroups: ["edge"] },
    [deployment("shop/web", { registration: { ...serves("a.test"), hostGroup: "edge" } })],
    true,
  ],
  ["its environment", { environments: ["prod"] }, [workload("shop/w", "h1", { environment: "prod" })], true],
  ["no environment named", { environments: ["prod"] }, [workload("shop/w", "h1")], false],
  ["a property of Object is no label", { labels: { constructor: "x" } }, [workload("shop/w", "h1")], false],
];
for (const [given, exposes, records, exists] of exposures)
  test(`exposed by ${given}: ${exists ? "exists" : "is unknown"}`, () =>
    assert.equal(seen(records, { exposes }) !== "unknown", exists));

test("only admitted replicas become endpoints, and a replica among others on its host is not named", () => {
  const records = [
    workload("shop/w1", "h1", marked("public")),
    workload("shop/w2", "h1", marked("private")),
    workload("shop/w3", "h2", marked("private")),
  ];
  assert.deepEqual(seen(records, { exposes: { labels: { tier: "public" } } }), ["10.0.0.1:80 ready 1 a.test -"]);
});

test("marks of the root win over those of its replicas", () => {
  const records = [
    deployment("shop/web", marked("public")),
    replicaSet("shop/web-1", { deployment: "web", ...marked("private") }),
    workload("shop/w", "h1", { replicaSet: "web-1", marks: { ...NO_MARKS, labels: { tier: "private", own: "yes" } } }),
  ];
  assert.deepEqual(seen(records, { exposes: { labels: { tier: "public", own: "yes" } } }), [
    "10.0.0.1:80 ready 1 a.test uid-shop-w",
  ]);
  assert.equal(seen(records, { exposes: { labels: { tier: "private" } } }), "unknown");
});

test("the protocol group is what the owner's oldest claim asks for, whatever the fleet admits", () => {
  const records = [
    deployment("shop/web", { registration: { ...serves("a.test"), hostGroup: "tls" } }),
    workload("shop/w", "h1", { registration: { ...serves("a.test"), hostGroup: "plain" } }),
  ];
  const placement = place({ records: [...HOSTS, ...records], policy: { ownership: [] } }).get("a.test");
  assert.ok(placement !== undefined);
  assert.equal(
    viewOf({ name: "f", exposes: { ...ALL, hostGroups: ["default"] }, contaminated: "refuse" }, placement)
      ?.protocolGroup,
    "tls",
  );
});
