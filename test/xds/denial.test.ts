/** Clients that may not have what they ask for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { Denial } from "../../src/xds/observer.ts";
import type { Assignment } from "../../src/xds/server.ts";
import { DeltaClient, NODE } from "./client.ts";
import { names, started } from "./reading.ts";
import { ASSIGNMENT, assignment, CLUSTER } from "./resources.ts";
import { storeOf, withServer } from "./running-server.ts";

const DENIAL: Denial = { fleet: "edge", denied: "fleet edge asks for a certificate with a.test, and none was shown" };

test("a client that is denied its fleet is sent nothing, its stream ends, and both sides are told why", async () => {
  const told: unknown[] = [];
  const observer = {
    denied: (_: unknown, denial: Denial) => told.push(denial),
    sent: () => told.push("sent"),
    fault: (error: unknown) => told.push(error),
  };
  await withServer({ assign: () => DENIAL, observer }, async ({ port, server }) => {
    const client = new DeltaClient({ port });
    client.subscribe(CLUSTER, []);
    const { code, details } = await client.wire.ended;
    assert.deepEqual([code, details], [status.PERMISSION_DENIED, DENIAL.denied]);
    assert.deepEqual([client.wire.received, told], [[], [DENIAL]]);
    assert.deepEqual([server.snapshot(), server.unassigned()], [[], []]);
    client.close();
  });
});

test("who is denied by a reload keeps what it has and is sent nothing more; who waited for a fleet is told", async () => {
  const store = storeOf("a.test");
  const fleet: Assignment = { fleet: "edge", store };
  let answer: Assignment | Denial | undefined = fleet;
  await withServer({ store, assign: () => answer }, async (on) => {
    const served = await started(on, ["a.test"]);
    answer = undefined;
    const waiting = new DeltaClient({ port: on.port, node: { ...NODE, id: "edge-2" } });
    waiting.subscribe(CLUSTER, []);
    await on.until(() => on.told.unassigned.length === 1);
    answer = DENIAL;
    on.server.reassign();
    await waiting.wire.ended; // to come back, and be told
    assert.deepEqual(on.told.reassigned, ["kept"]);
    store.apply([{ put: assignment("a.test", "2") }]);
    await new Promise((settle) => setTimeout(settle, 30)); // time enough for a wrong response
    assert.deepEqual(served.wire.received, []);
    answer = fleet;
    on.server.reassign();
    assert.deepEqual(names(await served.accept(ASSIGNMENT)), ["a.test"]);
    served.close();
    waiting.close();
  });
});
