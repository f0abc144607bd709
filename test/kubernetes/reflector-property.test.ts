/** Whatever happens in whatever order, what was delivered adds up to what there is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { endAfter, errorLine, FakeApi, reset, status } from "./fake-api.ts";
import { ObservedReflector, plainAccess, until } from "./observed-reflector.ts";

type Step = readonly [name: string, act: (api: FakeApi, observed: ObservedReflector) => void];

const put = (name: string, colour: string): Step => [`put ${name} ${colour}`, (api) => api.put(name, colour)];
const remove = (name: string): Step => [
  `remove ${name}`,
  (api) => (name in api.colours ? api.remove(name) : undefined),
];
const fault: readonly Step[] = [
  ["compact", (api) => api.compact()],
  ["watches end", (api) => api.endWatches("end")],
  ["watches reset", (api) => api.endWatches("reset")],
  ["garbage", (api) => api.write("garbage\n")],
  ["half a line", (api) => api.write('{"type":')],
  ["410 in the stream", (api) => api.write(errorLine(410, "Expired"))],
  ["500 in the stream", (api) => api.write(errorLine(500, "InternalError"))],
  ["bookmark", (api) => api.bookmark()],
  ["relist", (_, observed) => observed.reflector.relist()],
  [
    "503 next",
    (api) => (["list", "stream", "watch"] as const).forEach((kind) => void api.fail(kind, status(503, "no"))),
  ],
  ["reset next", (api) => (["list", "stream", "watch"] as const).forEach((kind) => void api.fail(kind, reset))],
  ["empty next", (api) => (["list", "stream", "watch"] as const).forEach((kind) => void api.fail(kind, endAfter("")))],
  [
    "no streams",
    (api) => {
      api.streamsLists = false;
    },
  ],
];
const step = fc.oneof(
  fc
    .tuple(fc.constantFrom("a", "b", "c"), fc.constantFrom("red", "blue", "invisible"))
    .map(([name, colour]) => put(name, colour)),
  fc.constantFrom("a", "b", "c").map(remove),
  fc.constantFrom(...fault),
);
/** Turns of the event loop between two steps: none lets them meet in one chunk. */
const script = fc.array(fc.tuple(step, fc.nat(4)), { maxLength: 25 });

test("after any history of changes and faults, the delivered objects are the objects there are", async () => {
  const property = fc.asyncProperty(script, async (steps) => {
    const api = new FakeApi();
    api.put("a", "red");
    await api.open();
    const observed = new ObservedReflector(plainAccess(api.url));
    try {
      observed.reflector.start();
      for (const [[, act], turns] of steps) {
        act(api, observed);
        for (let i = 0; i < turns; i++) await setImmediate();
      }
      api.endWatches("end"); // half a line would swallow what follows
      await until("watching again", () => observed.reflector.state === "watching" && api.openWatches === 1);
      api.put("last", "green");
      await until("the last one came", () => observed.colours["last"] === "green");
      const visible = Object.entries(api.colours).filter(([, colour]) => colour !== "invisible");
      assert.deepEqual(observed.colours, Object.fromEntries(visible));
      assert.equal(observed.reflector.size, visible.length);
      assert.deepEqual(observed.thrown, []);
    } finally {
      await observed.stop();
      await api.close();
    }
  });
  await fc.assert(property, { numRuns: 60 });
});
