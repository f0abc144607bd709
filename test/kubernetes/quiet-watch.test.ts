/** A watch whose connection stays and says nothing is found out by what the API server tells another. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { FakeApi, mute, status } from "./fake-api.ts";
import { ObservedReflector, plainAccess, until } from "./observed-reflector.ts";

async function watching(t: TestContext) {
  const api = new FakeApi();
  api.put("rose", "white");
  await api.open();
  const observed = new ObservedReflector(plainAccess(api.url), { quietMs: 100 });
  t.after(async () => {
    await observed.stop();
    await api.close();
  });
  observed.reflector.start();
  await until("watching", () => observed.reflector.state === "watching" && api.openWatches >= 1);
  return { api, observed };
}

test("what a silent watch does not tell comes by the next one, and what it had told does not come again", async (t) => {
  const { api, observed } = await watching(t);
  api.freeze();
  api.put("lily", "white");
  await until("the lily came", () => "lily" in observed.colours);
  assert.deepEqual(
    observed.failures.map(({ code }) => code),
    ["silent"],
  );
  assert.match(
    observed.failures[0]?.cause ?? "",
    /the watch of widgets at .* does not tell what the API server tells another one/,
  );
  assert.equal(observed.lists, 1, "its position was good");
  assert.deepEqual(
    observed.batches.map(({ upserts }) => upserts.map(({ name }) => name)),
    [["rose"], ["lily"]],
  );
});

test("a watch that has nothing to tell is left alone", async (t) => {
  const { api, observed } = await watching(t);
  await until("it was doubted three times", () => api.requests.length >= 4);
  api.put("lily", "white");
  await until("the lily came", () => "lily" in observed.colours);
  assert.deepEqual([observed.failures, observed.lists], [[], 1]);
});

test("behind something that keeps back what is told, and lets it through in the end, a watch is given time to get further", async (t) => {
  const { api, observed } = await watching(t);
  api.lateMs = 1_250; // a doubt and its grace take 1,100
  api.freeze();
  api.put("lily", "white");
  await until("the lily came", () => "lily" in observed.colours);
  assert.equal(observed.lists, 1, "its position was good");
});

for (const [what, fault] of [
  ["refused", status(429, "too many", { "retry-after": "60" })],
  ["not answered", mute],
] as const)
  test(`a doubt that is ${what} proves nothing, and the next one comes`, async (t) => {
    const { api, observed } = await watching(t);
    api.fail("watch", fault);
    await until("it was doubted", () => api.requests.length >= 2);
    api.freeze();
    api.put("lily", "white");
    await until("the lily came", () => "lily" in observed.colours);
    assert.deepEqual(
      observed.failures.map(({ code }) => code),
      ["silent"],
    );
  });
