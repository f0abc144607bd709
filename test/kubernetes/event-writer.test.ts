/** Events as they are written: made once, counted up by whoever says them again, tried again where that helps. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type ObjectEvent, saidSoFar } from "../../src/kubernetes/event.ts";
import { EventWriter } from "../../src/kubernetes/event-writer.ts";
import { FakeObjects, refusing, TestClock, unreachable } from "./fake-objects.ts";

const TAKEN: ObjectEvent = {
  regarding: { apiVersion: "v1", kind: "WorkloadDeployment", namespace: "blog", name: "cart", uid: "uid-1" },
  ...{ type: "Warning", reason: "HostnameTaken", note: "a.test is owned by namespace shop. Use another hostname." },
};
/** What every machine believes the time to be at the start. */
const WALL = Date.UTC(2026, 0, 2);
const HALF_HOUR = 1_800_000;

function laboratory(t: TestContext) {
  const api = new FakeObjects();
  const clock = new TestClock();
  const wall = { atMs: WALL };
  const writer = (speaks: () => boolean = () => true) => {
    const told: string[] = [];
    const made = new EventWriter({
      ...{ client: api, instance: "signalbox-1", speaks, clock, chance: () => 0 },
      wallClock: () => wall.atMs + clock.now(),
      observer: {
        counted: (result, by) => told.push(by === 1 ? result : `${result} ${by}`),
        failed: ({ code }, waitMs) => told.push(`${code}, ${waitMs} ms`),
      },
    });
    made.start();
    t.after(() => made.stop());
    return { writer: made, told };
  };
  const events = () => [...api.objects.values()];
  const changes = () => api.asked.map((asked) => asked.split(" ")[0]).join(" ");
  return { api, clock, wall, writer, events, changes };
}

test("an Event says what, of which object, when and by whom", async (t) => {
  const { clock, writer, events } = laboratory(t);
  writer().writer.report("a", [TAKEN], "all-replicas");
  await clock.advance(10_000);
  const [{ metadata, ...event } = assert.fail("no Event"), ...more] = events();
  assert.deepEqual(more, []);
  assert.match(metadata.name, /^cart\.[0-9a-f]{16}$/);
  assert.deepEqual(event, {
    ...{ apiVersion: "events.k8s.io/v1", kind: "Event", eventTime: "2026-01-02T00:00:03.000000Z", action: "Route" },
    ...{ reportingController: "signalbox.dev/signalbox", reportingInstance: "signalbox-1", ...TAKEN },
  });
});

test("a clock that is set moves the time that an Event shows, and not when it is said again", async (t) => {
  const { clock, wall, writer, events } = laboratory(t);
  writer().writer.report("a", [TAKEN], "all-replicas");
  await clock.advance(10_000);
  const counts: (number | undefined)[] = [];
  for (const setMs of [3_600_000, -7_200_000, 86_400_000]) {
    wall.atMs += setMs;
    await clock.advance(HALF_HOUR);
    counts.push(...events().map((event) => saidSoFar(event).count));
  }
  assert.deepEqual(counts, [2, 3, 4]);
});

test("said again after half an hour, it counts up; expired meanwhile, it is made anew", async (t) => {
  const { api, clock, writer, events, changes } = laboratory(t);
  const { writer: one, told } = writer();
  one.report("a", [TAKEN], "all-replicas");
  await clock.advance(2 * HALF_HOUR + 10_000);
  assert.deepEqual(
    events().map((event) => saidSoFar(event).count),
    [3],
  );
  api.objects.clear();
  await clock.advance(HALF_HOUR);
  assert.equal(changes(), "POST PATCH PATCH PATCH POST");
  assert.deepEqual(told, ["created", "repeated", "repeated", "created"]);
});

test("another replica, or this one after its restart, says the same: it is one Event, and not said again before its time", async (t) => {
  const { clock, writer, events, changes } = laboratory(t);
  writer().writer.report("a", [TAKEN], "all-replicas");
  await clock.advance(600_000);
  const { writer: two, told } = writer();
  two.report("b", [TAKEN], "all-replicas");
  await clock.advance(60_000);
  assert.equal(changes(), "POST POST PATCH");
  assert.deepEqual(
    events().map((event) => saidSoFar(event).count),
    [1],
  );
  assert.deepEqual(told, []);
});

test("one that follows is silent about what all know, and speaks once it may", async (t) => {
  const { clock, writer, events } = laboratory(t);
  let speaks = false;
  const { writer: one } = writer(() => speaks);
  one.report("a", [TAKEN], "all-replicas");
  await clock.advance(60_000);
  assert.equal(events().length, 0);
  speaks = true;
  await clock.advance(2_000);
  assert.equal(events().length, 1);
});

test("an API server that is away is asked ever more seldom, and told when it is back", async (t) => {
  const { api, clock, writer, events } = laboratory(t);
  api.fault = () => unreachable;
  const { writer: one, told } = writer();
  one.report("a", [TAKEN], "all-replicas");
  await clock.advance(600_000);
  assert.ok(told.includes("failed") && api.asked.length < 1_000, told.join(" "));
  api.fault = undefined;
  await clock.advance(61_000);
  assert.equal(events().length, 1);
});

test("without the right to it, one request a minute", async (t) => {
  const { api, clock, writer } = laboratory(t);
  api.fault = () => refusing(403);
  const { writer: one, told } = writer();
  one.report("a", [TAKEN, { ...TAKEN, note: "another" }], "all-replicas");
  await clock.advance(62_000);
  assert.deepEqual(told, ["failed", "forbidden, 60000 ms", "failed", "forbidden, 60000 ms"]);
});

for (const status of [404, 422])
  test(`what cannot be said (${status}) does not keep the next from being said`, async (t) => {
    const { api, clock, writer, events } = laboratory(t);
    const other = { ...TAKEN, regarding: { ...TAKEN.regarding, namespace: "shop", uid: "uid-2" } };
    api.fault = (_, path) => (path.includes("/blog/") ? refusing(status) : undefined);
    writer().writer.report("a", [TAKEN, other], "all-replicas");
    await clock.advance(60_000);
    assert.deepEqual(
      events().map(({ regarding }) => regarding),
      [other.regarding],
    );
    assert.equal(api.asked.length, 2);
  });

test("an object without a namespace has its Events in default", async (t) => {
  const { api, clock, writer } = laboratory(t);
  const host = { ...TAKEN, regarding: { ...TAKEN.regarding, kind: "Host", namespace: "" } };
  writer().writer.report("a", [host], "all-replicas");
  await clock.advance(10_000);
  assert.deepEqual(api.asked, ["POST /apis/events.k8s.io/v1/namespaces/default/events"]);
});
