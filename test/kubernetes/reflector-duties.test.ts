/** What a reflector promises besides adding up: waits, words, identity, isolation, order, silence after stop. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ReflectorTuning } from "../../src/kubernetes/reflector-options.ts";
import { endAfter, errorLine, FakeApi, mute, status, WIDGETS } from "./fake-api.ts";
import { ObservedReflector, plainAccess, until } from "./observed-reflector.ts";

async function started(t: TestContext, script: (api: FakeApi) => void, tuning?: ReflectorTuning, namespace?: string) {
  const api = new FakeApi();
  script(api);
  await api.open();
  const observed = new ObservedReflector(plainAccess(api.url), tuning, { ...WIDGETS, namespace });
  t.after(async () => {
    await observed.stop();
    await api.close();
  });
  observed.reflector.start();
  return { api, observed };
}

const watching = async ({ api, observed }: { readonly api: FakeApi; readonly observed: ObservedReflector }) =>
  await until("synced and watching", () => observed.reflector.state === "watching" && api.openWatches === 1);

test("a server that says how long to stay away is believed", async (t) => {
  const { observed, api } = await started(t, (a) => a.fail("stream", status(429, "too many", { "retry-after": "7" })));
  await watching({ api, observed });
  assert.deepEqual(observed.waits, [7_000]);
});

test("a refusal is told with verb, kind, namespace and remedy, and tried again at a slow pace in the end", async (t) => {
  const forbid = status(403, 'widgets.test.signalbox.dev is forbidden: User "x" cannot list');
  const { observed, api } = await started(
    t,
    (a) => {
      a.fail("stream", ...Array.from({ length: 7 }, () => forbid));
    },
    { capMs: 1_000 },
    "shop",
  );
  await watching({ api, observed });
  const [failure] = observed.failures;
  assert.match(failure?.cause ?? "", /cannot watch widgets\.test\.signalbox\.dev in namespace shop: .*User "x"/);
  assert.match(
    failure?.remedy ?? "",
    /^Grant the verb watch .* Role and RoleBinding in namespace shop .*"list", "watch"/,
  );
  assert.ok(
    observed.waits.slice(0, 5).every((ms) => ms <= 1_000),
    "an API server that starts refuses too",
  );
  assert.deepEqual(
    observed.waits.slice(5),
    [30_000, 30_000],
    "the middle of 22.5 to 37.5 s, since chance is a half here",
  );
});

test("an API server that comes back and has not read its roles yet is asked again soon, however often it failed before", async (t) => {
  const { observed, api } = await started(
    t,
    (a) => {
      const away = Array.from({ length: 9 }, () => status(503, "apiserver is shutting down"));
      a.fail("stream", ...away, status(403, 'widgets.test.signalbox.dev is forbidden: User "x" cannot watch'));
    },
    { capMs: 1_000 },
  );
  await watching({ api, observed });
  assert.deepEqual([observed.failures.length, observed.failures.at(-1)?.code], [10, "forbidden"]);
  assert.ok((observed.waits.at(-1) ?? Number.POSITIVE_INFINITY) <= 1_000, observed.waits.join());
});

test("an old position is nobody's fault: the first list after it comes at once", async (t) => {
  const { observed, api } = await started(t, (a) => a.put("rose", "white"));
  await watching({ api, observed });
  api.compact();
  api.endWatches("end");
  await until("listed anew", () => observed.lists === 2);
  assert.deepEqual(observed.waits, [0]);
});

test("a server that ends every watch at once is asked ever more seldom", async (t) => {
  const hasty = Array.from({ length: 12 }, () => endAfter(""));
  const { observed, api } = await started(t, (a) => {
    a.streamsLists = false;
    a.fail("watch", ...hasty);
  });
  await until("all ends were met", () => observed.sleeps.length === 12 && api.openWatches === 1);
  const growing = observed.sleeps.every((ms, i, all) => i === 0 || ms >= (all[i - 1] ?? 0));
  assert.ok(
    growing && observed.sleeps[0] === 500 && observed.sleeps[11] === 5_000,
    `waits: ${observed.sleeps.join(", ")}`,
  );
});

test("a watch goes on from the last event, with or without bookmarks", async (t) => {
  const { observed, api } = await started(t, (a) => {
    a.sendsBookmarks = false;
    a.put("lily", "white");
  });
  await watching({ api, observed });
  api.put("rose", "white");
  await until("the rose came", () => "rose" in observed.colours);
  api.endWatches("end");
  await until("watched again", () => api.requests.length === 2);
  assert.equal(api.requests[1]?.query.get("resourceVersion"), "102", "the fake counts from 100");
});

test("a watch that was told of the end of everything and ends early is not gone on from: its kind may have been installed anew", async (t) => {
  const { observed, api } = await started(t, (a) => a.put("rose", "white"));
  await watching({ api, observed });
  api.remove("rose");
  api.put("lily", "white");
  await until("the lily came", () => "lily" in observed.colours);
  api.endWatches("end");
  await until("listed anew", () => observed.lists === 2);
  assert.deepEqual(
    api.requests.map(({ kind }) => kind),
    ["stream", "stream"],
  );
  assert.deepEqual([observed.failures, observed.colours], [[], { lily: "white" }]);
});

test("a new list delivers differences only, and in it what is gone", async (t) => {
  const { observed, api } = await started(t, (a) => {
    a.put("rose", "white");
    a.put("lily", "white");
    a.put("iris", "blue");
  });
  await watching({ api, observed });
  api.freeze();
  api.put("rose", "red");
  api.remove("lily");
  observed.batches.length = 0;
  observed.reflector.relist();
  await until("listed anew", () => observed.lists === 2);
  assert.deepEqual(
    observed.batches.map(({ upserts, removals }) => ({ upserts, removals })),
    [{ upserts: [{ name: "rose", colour: "red" }], removals: [{ name: "lily", colour: "white" }] }],
  );
});

test("what changes nothing that is kept is no change", async (t) => {
  const { observed, api } = await started(t, (a) => a.put("rose", "white"));
  await watching({ api, observed });
  const batches = observed.batches.length;
  api.put("rose", "white");
  api.put("tulip", "black");
  await until("the tulip came", () => "tulip" in observed.colours);
  assert.deepEqual(
    observed.batches.slice(batches).map(({ upserts }) => upserts),
    [[{ name: "tulip", colour: "black" }]],
  );
});

test("an object that the projection does not keep is not there", async (t) => {
  const { observed, api } = await started(t, (a) => a.put("rose", "white"));
  await watching({ api, observed });
  api.put("rose", "invisible");
  await until("the rose went", () => !("rose" in observed.colours));
  assert.equal(observed.reflector.size, 0);
});

test("a projection that throws hurts its object only", async (t) => {
  const { observed, api } = await started(t, (a) => a.put("rose", "white"));
  await watching({ api, observed });
  observed.trap = (where, name) => {
    if (where === "project" && name === "thistle") throw new Error("ouch");
  };
  api.put("thistle", "grey");
  api.put("tulip", "black");
  await until("the tulip came", () => "tulip" in observed.colours);
  assert.deepEqual(observed.thrown, ["project: ouch"]);
  assert.deepEqual(observed.colours, { rose: "white", tulip: "black" });
});

test("a receiver that throws is told of, and given what follows", async (t) => {
  const { observed, api } = await started(t, (a) => a.put("rose", "white"));
  await watching({ api, observed });
  observed.trap = (where, name) => {
    if (where === "deliver" && name === "thistle") throw new Error("ouch");
  };
  api.put("thistle", "grey");
  await until("the thistle was told of", () => observed.thrown.length === 1);
  api.put("tulip", "black");
  await until("the tulip came", () => "tulip" in observed.colours);
  assert.deepEqual(observed.thrown, ["deliver: ouch"]);
});

test("relist asks after it was called, also while a list is under way", async (t) => {
  const { observed, api } = await started(t, (a) => {
    a.streamsLists = false;
    a.put("rose", "white");
    a.fail("list", (response, fake) => {
      observed.reflector.relist();
      fake.list(response, new URLSearchParams());
    });
  });
  await until("two lists", () => observed.lists === 2);
  const marker = observed.order();
  await watching({ api, observed });
  observed.reflector.relist();
  await until("three lists", () => observed.lists === 3);
  const marks = observed.batches.flatMap(({ listed }) => (listed === undefined ? [] : [listed]));
  assert.equal(marks.length, 3);
  assert.ok(Number(marks[1]) < marker && marker < Number(marks[2]), `${marks.join(", ")} around ${marker}`);
});

test("stale from a failure until a list or watch works, with the reason", async (t) => {
  const { observed, api } = await started(t, () => undefined, { answerMs: 1_000 });
  await watching({ api, observed });
  const staleness = () => observed.reflector.staleness;
  assert.equal(staleness(), undefined);
  api.fail("watch", mute);
  api.endWatches("reset");
  await until("stale", () => staleness() !== undefined);
  assert.equal(staleness()?.failure.code, "cut");
  assert.equal(observed.reflector.synced, true, "what was delivered stays valid");
  await until("current again", () => observed.recoveries.length === 1 && staleness() === undefined);
});

test("stale until a watch that goes on has told something: one that says 410 first never was current", async (t) => {
  const { observed, api } = await started(t, () => undefined);
  await watching({ api, observed });
  api.fail("watch", (response) => {
    response.flushHeaders(); // 200, and nothing for a while
    setTimeout(() => response.end(errorLine(410, "Expired")), 50);
  });
  api.endWatches("reset");
  await until("listed anew", () => observed.lists === 2);
  assert.deepEqual(
    observed.failures.map(({ code }) => code),
    ["cut", "expired"],
  );
  assert.equal(observed.recoveries.length, 1, "by the list, not by the watch before");
});

test("a watch that goes on and has nothing to tell is believed after a second", async (t) => {
  const { observed, api } = await started(t, (a) => {
    a.sendsBookmarks = false;
  });
  await watching({ api, observed });
  api.endWatches("reset");
  await until("current again", () => observed.recoveries.length === 1 && api.openWatches === 1);
  assert.equal(observed.lists, 1);
});

for (const state of ["listing", "watching", "list-due", "watch-due"] as const)
  test(`stop while ${state}: no request stays open and nothing is delivered any more`, async (t) => {
    const { observed, api } = await started(t, (a) => {
      a.put("rose", "white");
      if (state === "listing") a.fail("stream", mute);
    });
    if (state === "watching") await watching({ api, observed });
    if (state === "list-due") {
      await watching({ api, observed });
      await api.close();
      observed.reflector.relist();
      await until(state, () => observed.reflector.state === state);
    }
    if (state === "watch-due") {
      await watching({ api, observed });
      await api.close();
      await until(state, () => observed.reflector.state === state);
    }
    await until("asked", () => api.requests.length > 0);
    await observed.stop();
    const batches = observed.batches.length;
    assert.equal(observed.reflector.state, "stopped");
    await until("no watch is open", () => api.openWatches === 0);
    assert.equal(observed.batches.length, batches);
  });

test("a list of many pages shows one moment and asks for pages by weight", async (t) => {
  const { observed, api } = await started(t, (a) => {
    a.streamsLists = false;
    for (let i = 0; i < 1_700; i++) a.put(`w${i}`, i < 800 ? "light" : "x".repeat(8_192));
  });
  await watching({ api, observed });
  const lists = api.requests.filter(({ kind }) => kind === "list");
  const limits = lists.map(({ query }) => Number(query.get("limit")));
  assert.equal(observed.reflector.size, 1_700);
  assert.deepEqual(limits.slice(0, 3), [100, 500, 500], "light objects");
  assert.ok(
    limits.slice(4).every((limit) => limit < 150),
    `heavy objects: ${limits.join(", ")}`,
  );
  assert.ok(
    lists.every(({ query }) => !query.has("resourceVersion")),
    "resourceVersion 0 would be of any age",
  );
  assert.ok(observed.batches.every(({ upserts }) => upserts.length <= 500));
  assert.equal(
    observed.batches.filter(({ listed }) => listed !== undefined).length,
    1,
    "the last of them completes the list",
  );
});

test("history forgotten while paging begins the list anew", async (t) => {
  const { observed, api } = await started(t, (a) => {
    a.streamsLists = false;
    for (let i = 0; i < 300; i++) a.put(`w${i}`, "light");
    a.fail("list", (response, fake) => {
      fake.list(response, new URLSearchParams({ limit: "100" }));
      fake.compact();
    });
  });
  await watching({ api, observed });
  assert.deepEqual(
    observed.failures.map(({ code }) => code),
    ["expired"],
  );
  assert.equal(observed.reflector.size, 300);
});

test("a throttled page is asked for again, not the whole list", async (t) => {
  const { observed, api } = await started(t, (a) => {
    a.streamsLists = false;
    for (let i = 0; i < 300; i++) a.put(`w${i}`, "light");
    a.fail("list", (response, fake) => {
      fake.list(response, new URLSearchParams({ limit: "100" }));
      fake.fail("list", status(429, "too many", { "retry-after": "3" }));
    });
  });
  await watching({ api, observed });
  const pages = api.requests
    .filter(({ kind }) => kind === "list")
    .map(({ query }) => query.get("continue")?.split(",")[0]);
  assert.deepEqual(pages, [undefined, "100", "100"]);
  assert.ok(observed.sleeps.includes(3_000), `waits: ${observed.sleeps.join(", ")}`);
  assert.deepEqual(observed.failures, []);
});
