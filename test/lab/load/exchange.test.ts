/** Requests of every short kind, to a pretended host without a proxy between: what arrives is what the kind says, and a wrong answer is a failure. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { startDemoHost } from "../../../src/cli/demo-host.ts";
import { Exchange } from "./exchange.ts";
import { REQUEST_KINDS, type RequestKind, type Written } from "./request-kind.ts";

const REPLICA = { workloadId: "w", workload: "shop/cart-1" };
const TARGET = { hostname: "a.test" };
/** A right answer. */
const SERVED = { servedBy: REPLICA.workload };

/** A host that knows these names. `arrived` has the Host of every request. */
async function host(t: TestContext, names: readonly string[]) {
  const arrived: (string | undefined)[] = [];
  const made = await startDemoHost({
    name: "h",
    hostId: "h",
    onChosen: ({ workload }, { request, response }) => {
      // Both kinds take the same call; only the union of their overloads has no signature.
      (response as ServerResponse).setHeader("lab-served-by", workload);
      arrived.push(request.headers.host ?? request.headers[":authority"]?.toString());
    },
  });
  t.after(() => made.stop());
  for (const name of names) made.bind(name, REPLICA);
  const exchange = new Exchange();
  t.after(() => exchange.close());
  return { port: made.port, arrived, exchange };
}

for (const kind of REQUEST_KINDS)
  test(`${kind.name}: answered rightly`, async (t) => {
    const { port, exchange } = await host(t, ["a.test"]);
    assert.deepEqual(await exchange.perform(kind, { ...TARGET, port }, "lab/1"), SERVED);
  });

// biome-ignore format: a table is read by its columns
const SPELLINGS: readonly (readonly [written: Written, arrives: string, registered: string])[] = [
  ["with port",  "a.test:8080", "a.test"],
  ["upper case", "A.TEST",      "A.TEST"],
  ["absolute",   "a.test.",     "a.test."],
];

for (const [written, arrives, registered] of SPELLINGS)
  for (const over of ["http1", "http2"] as const)
    test(`${written} over ${over} arrives as ${arrives}`, async (t) => {
      const { port, arrived, exchange } = await host(t, [registered]);
      const kind: RequestKind = { name: "odd", share: 1, safe: true, over, what: "write", written };
      assert.deepEqual(await exchange.perform(kind, { ...TARGET, port }, "lab/1"), SERVED);
      assert.deepEqual(arrived, [arrives]);
    });

test("a name that nobody has is answered 404, by no replica", async (t) => {
  const { port, exchange } = await host(t, ["a.test"]);
  const kind: RequestKind = { name: "GET", share: 1, safe: true, over: "http1", what: "read" };
  const { failure, absence, servedBy } = await exchange.perform(kind, { hostname: "b.test", port }, "lab/2");
  assert.deepEqual([failure?.text, failure?.begun, absence, servedBy], ["404", false, "unknown", undefined]);
});

test("a client gives up when its kind says so", async (t) => {
  const { port, exchange } = await host(t, ["a.test"]);
  const kind: RequestKind = {
    name: "stream",
    share: 1,
    safe: true,
    over: "http1",
    what: "long-stream",
    timeoutMs: 1_000,
  };
  const { failure } = await exchange.perform(kind, { ...TARGET, port }, "lab/1");
  assert.deepEqual([failure?.as, failure?.begun], ["time-out", true]);
});
