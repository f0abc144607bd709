/** An API server whose store was put back takes watches from the future, and tells them nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeApi } from "./fake-api.ts";
import { ObservedReflector, plainAccess, until } from "./observed-reflector.ts";

test("a position in the future is found out when a watch is opened from it: what is there now comes", async (t) => {
  const api = new FakeApi();
  for (const name of ["rose", "lily", "iris"]) api.put(name, "white");
  await api.open();
  const observed = new ObservedReflector(plainAccess(api.url));
  t.after(async () => {
    await observed.stop();
    await api.close();
  });
  observed.reflector.start();
  await until("watching", () => observed.reflector.state === "watching" && api.openWatches === 1);
  api.rewind();
  api.put("aster", "white");
  await until("the aster came", () => "aster" in observed.colours);
  assert.deepEqual(observed.colours, { aster: "white" });
  assert.deepEqual(
    observed.failures.map(({ code }) => code),
    ["cut", "expired"],
  );
  assert.match(
    observed.failures[1]?.cause ?? "",
    /widgets at .* were at 103 and are at 101 now: its etcd was put back/,
  );
  assert.equal(observed.waits[1], 0, "a new list at once");
});
