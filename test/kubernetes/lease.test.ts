/** Candidates for one Lease over an API server in memory, with clocks that disagree and requests that fail. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Lease, type LeaseTiming } from "../../src/kubernetes/lease.ts";
import { type LeaseEvent, type LeaseState, NEXT } from "../../src/kubernetes/lease-state.ts";
import { answerLost, FakeObjects, type ObjectFault, refusing, TestClock, unreachable } from "./fake-objects.ts";

const PATH = "/apis/coordination.k8s.io/v1/namespaces/signalbox/leases/signalbox-events";

interface Candidate {
  readonly lease: Lease;
  readonly told: string[];
  /** What its requests meet from now on. */
  fault: ObjectFault | undefined;
  /** By how much its machine's clock is off, in ms. */
  wallAt: number;
}

/** `wallAt`: what its machine believes the time to be at the start. */
interface Given {
  readonly wallAt?: number;
  readonly timing?: LeaseTiming;
}

function laboratory(t: TestContext) {
  const api = new FakeObjects();
  const clock = new TestClock();
  const candidates: Candidate[] = [];
  const candidate = (identity: string, { wallAt = 0, timing = {} }: Given = {}): Candidate => {
    const told: string[] = [];
    const own: Candidate = { lease: undefined as never, told, fault: undefined, wallAt };
    const client = {
      read: (...asked: Parameters<FakeObjects["read"]>) => through(own, () => api.read(...asked)),
      change: (...asked: Parameters<FakeObjects["change"]>) => through(own, () => api.change(...asked)),
    };
    const through = (by: Candidate, ask: () => Promise<unknown>) => {
      const { fault } = by;
      api.fault = () => fault;
      return ask();
    };
    const lease = new Lease({
      ...{ client, namespace: "signalbox", name: "signalbox-events", identity, clock, timing, chance: () => 0.5 },
      wallClock: () => own.wallAt + clock.now(),
      observer: {
        acquired: () => told.push("acquired"),
        lost: () => told.push("lost"),
        failed: ({ code }, waitMs) => told.push(`${code}, ${waitMs} ms`),
      },
    });
    Object.assign(own, { lease });
    candidates.push(own);
    t.after(() => lease.stop());
    return own;
  };
  const spec = () => api.objects.get(PATH)?.["spec"] as Readonly<Record<string, unknown>> | undefined;
  /** Never two, whatever happens. */
  const advance = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      await clock.advance(500);
      const leading = candidates.filter(({ lease }) => lease.leading).length;
      assert.ok(leading <= 1, `${leading} candidates lead at ${clock.now()}`);
    }
  };
  return { api, clock, candidate, spec, advance };
}

/** One leads, two follows. */
async function oneLeads(t: TestContext) {
  const { candidate, spec, advance } = laboratory(t);
  const [one, two] = [candidate("one"), candidate("two")];
  one.lease.start();
  await advance(1_000);
  two.lease.start();
  await advance(1_000);
  return { one, two, spec, advance };
}

test("the table is total, final in stopped, and leading is reached by winning alone", () => {
  const states = Object.keys(NEXT) as LeaseState[];
  for (const state of states)
    for (const [event, next] of Object.entries(NEXT[state]) as [LeaseEvent, LeaseState | "bug"][]) {
      if (state === "stopped") assert.ok(next === "stopped" || next === "bug", event);
      if (next === "leading") assert.ok(event === "won" || state === "leading", `${state} ${event}`);
    }
});

test("the first makes the Lease and renews it; the second looks on", async (t) => {
  const { one, two, spec, advance } = await oneLeads(t);
  const before = spec();
  assert.deepEqual([one.lease.leading, two.lease.leading], [true, false]);
  assert.equal(before?.["holderIdentity"], "one");
  assert.equal(before?.["leaseDurationSeconds"], 15);
  await advance(120_000);
  assert.deepEqual([one.told, two.told], [["acquired"], []]);
  assert.notEqual(spec()?.["renewTime"], before?.["renewTime"]);
  assert.equal(spec()?.["acquireTime"], before?.["acquireTime"], "it was acquired once");
});

test("a holder that dies is followed once its Lease has run out, and not before", async (t) => {
  const { candidate, spec, advance } = laboratory(t);
  const [one, two] = [candidate("one"), candidate("two")];
  one.lease.start();
  await advance(3_000);
  two.lease.start();
  await advance(3_000);
  one.fault = unreachable; // as good as dead
  await advance(9_000);
  assert.equal(two.lease.leading, false);
  await advance(12_000);
  assert.equal(two.lease.leading, true);
  assert.deepEqual(
    one.told.filter((word) => !word.startsWith("cut")),
    ["acquired", "lost"],
  );
  assert.equal(spec()?.["leaseTransitions"], 1);
  one.fault = undefined;
  await advance(30_000);
  assert.deepEqual([one.lease.leading, two.lease.leading], [false, true], "who comes back follows");
});

for (const [wallAt, what] of [
  [-86_400_000, "a day behind"],
  [86_400_000, "a day ahead"],
] as const)
  test(`clocks of machines are not compared: a follower ${what} does not take what is renewed, and takes what is not`, async (t) => {
    const { candidate, advance } = laboratory(t);
    const [one, two] = [
      candidate("one", { wallAt: 100 * 86_400_000 }),
      candidate("two", { wallAt: 100 * 86_400_000 + wallAt }),
    ];
    one.lease.start();
    await advance(1_000);
    two.lease.start();
    await advance(60_000);
    assert.equal(two.lease.leading, false);
    one.fault = unreachable;
    await advance(25_000);
    assert.equal(two.lease.leading, true);
  });

test("clocks that are set while they run change nothing", async (t) => {
  const { candidate, advance } = laboratory(t);
  const [one, two] = [candidate("one", { wallAt: 100 * 86_400_000 }), candidate("two", { wallAt: 100 * 86_400_000 })];
  one.lease.start();
  await advance(1_000);
  two.lease.start();
  for (const setMs of [3_600_000, -3_600_000, 86_400_000, -86_400_000])
    for (const machine of [one, two]) {
      machine.wallAt += setMs;
      await advance(30_000);
    }
  assert.deepEqual([one.told, two.told], [["acquired"], []]);
});

test("a holder that cannot renew stops by its own clock, before anybody else may begin", async (t) => {
  const { candidate, advance } = laboratory(t);
  const one = candidate("one");
  one.lease.start();
  await advance(1_000);
  one.fault = (_, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await advance(8_500);
  assert.equal(one.lease.leading, true);
  await advance(1_500); // nothing was answered, and no timer fired meanwhile
  assert.equal(one.lease.leading, false);
});

test("given back at the end, it is taken at once", async (t) => {
  const { one, two, spec, advance } = await oneLeads(t);
  await one.lease.stop();
  assert.equal(spec()?.["holderIdentity"], "");
  await advance(3_000);
  assert.equal(two.lease.leading, true);
  assert.deepEqual(one.told, ["acquired", "lost"]);
});

test("who follows gives nothing back", async (t) => {
  const { two, spec } = await oneLeads(t);
  await two.lease.stop();
  assert.equal(spec()?.["holderIdentity"], "one");
});

test("two that find it free at once: the API server takes one", async (t) => {
  const { candidate, advance } = laboratory(t);
  const both = [candidate("one"), candidate("two")];
  for (const { lease } of both) lease.start();
  await advance(60_000);
  assert.equal(both.filter(({ lease }) => lease.leading).length, 1);
  assert.equal(both.flatMap(({ told }) => told).filter((word) => word === "acquired").length, 1);
});

test("a renewal whose answer is lost does not cost the Lease", async (t) => {
  const { candidate, advance } = laboratory(t);
  const one = candidate("one");
  one.lease.start();
  await advance(1_000);
  one.fault = answerLost;
  await advance(3_000);
  one.fault = undefined;
  await advance(30_000);
  assert.deepEqual(
    one.told.filter((word) => !word.startsWith("cut")),
    ["acquired"],
  );
  assert.equal(one.lease.leading, true);
});

test("a Lease that somebody deletes is made again", async (t) => {
  const { api, candidate, advance } = laboratory(t);
  const one = candidate("one");
  one.lease.start();
  await advance(1_000);
  api.objects.clear();
  await advance(5_000);
  assert.equal(one.lease.leading, true);
  assert.ok(api.objects.has(PATH));
});

test("a Lease that is a mess is taken when it stands still", async (t) => {
  const { api, candidate, advance } = laboratory(t);
  await api.change(
    {
      method: "POST",
      path: PATH.slice(0, PATH.lastIndexOf("/")),
      body: { metadata: { name: "signalbox-events" }, spec: { holderIdentity: "who", leaseTransitions: "many" } },
    },
    {
      asked: { verb: "create", plural: "leases", group: "", namespace: "" },
      signal: new AbortController().signal,
      answerMs: 1,
    },
  );
  const one = candidate("one");
  one.lease.start();
  await advance(14_000);
  assert.equal(one.lease.leading, false);
  await advance(5_000);
  assert.equal(one.lease.leading, true);
});

test("without the right to it, it is asked for once a minute and told each time by its code", async (t) => {
  const { api, candidate, advance } = laboratory(t);
  const one = candidate("one");
  one.fault = refusing(403);
  one.lease.start();
  await advance(130_000);
  assert.deepEqual(
    one.told,
    Array.from({ length: 3 }, () => "forbidden, 60000 ms"),
  );
  assert.equal(api.asked.length, 3);
  one.fault = undefined;
  await advance(60_000);
  assert.equal(one.lease.leading, true);
});
