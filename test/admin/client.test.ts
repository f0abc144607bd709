import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { hostnameAnswers, problemAnswer, proxyAnswer, statusAnswer, workloadAnswer } from "../../src/admin/answers.ts";
import { AdminClient } from "../../src/admin/client.ts";
import { explain } from "../../src/admin/explain.ts";
import { atOnce } from "../../src/admin/in-slices.ts";
import { serveAdminService } from "../../src/admin/service.ts";
import { fakeModel, host, workload } from "./fake-model.ts";

const unknownAge = workload("old", "old.test", { age: { at: 0, order: "" } });
const many = Array.from({ length: 1500 }, (_, at) => workload(`w${at}`, `h${at}.test`));
const model = fakeModel({ records: [host(1), workload("lost", "lost.test", { hostId: "id-9" }), unknownAge, ...many] });

async function connected(t: TestContext): Promise<AdminClient> {
  const service = await serveAdminService({
    address: "127.0.0.1:0",
    model,
    onError: (_, cause) => assert.fail(String(cause)),
  });
  const client = new AdminClient(`127.0.0.1:${service.port}`);
  t.after(() => {
    client.close();
    service.close();
  });
  return client;
}

test("a client gets what the model says, times as Date", async (t) => {
  const client = await connected(t);
  assert.deepEqual(await client.status(), statusAnswer(model));
  assert.deepEqual(await client.explain("h7.test"), explain("h7.test", model));
  assert.deepEqual(await client.lookup({ hostname: "h7.test" }), model.workloadsOf("h7.test").map(workloadAnswer));
  assert.deepEqual(await client.proxies(), model.proxies().map(proxyAnswer));
  assert.deepEqual(await client.problems(), model.problems().map(problemAnswer));
});

test("all hostnames are read over several pages", async (t) => {
  const client = await connected(t);
  const told = await Array.fromAsync(client.hostnames());
  const wanted = atOnce(hostnameAnswers([...model.placement.keys()], model));
  assert.deepEqual(
    told,
    wanted.toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1)),
  );
  assert.equal((await Array.fromAsync(client.hostnames("old"))).length, 1);
});

test("where nobody listens, a call says so", async () => {
  const service = await serveAdminService({ address: "127.0.0.1:0", model, onError: () => undefined });
  service.close();
  const client = new AdminClient(`127.0.0.1:${service.port}`);
  await assert.rejects(client.status(), { code: status.UNAVAILABLE });
  client.close();
});

test("a refusal names the field", async (t) => {
  const client = await connected(t);
  await assert.rejects(client.lookup({ workload: "cart" }), {
    code: status.INVALID_ARGUMENT,
    details: /namespace\/name$/,
  });
});
