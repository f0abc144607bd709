/** The bus does what operator and hosts count on of NATS. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startBroker } from "./broker.ts";
import { Bus, type Handler } from "./bus.ts";

async function member(t: TestContext, name: string, port: number, handler: Handler): Promise<Bus> {
  const bus = new Bus(name, port, handler);
  t.after(() => bus.close());
  const connected = Promise.withResolvers<void>();
  bus.onConnect = connected.resolve;
  bus.connect();
  await connected.promise;
  return bus;
}

const nothing: Handler = async () => undefined;

test("a request is answered by whom it is for, with its result or its error", async (t) => {
  const broker = await startBroker();
  t.after(() => broker.lose());
  await member(t, "host", broker.port, async (call, body) => {
    if (call === "fail") throw new Error("no such image");
    return { call, body };
  });
  const operator = await member(t, "operator", broker.port, nothing);
  assert.deepEqual(await operator.request("host", "start", { id: 1 }, 5_000), { call: "start", body: { id: 1 } });
  await assert.rejects(operator.request("host", "fail", {}, 5_000), /fail: Error: no such image/);
});

test("nobody there is told at once; a host that is silent costs the whole time-out", async (t) => {
  const broker = await startBroker();
  t.after(() => broker.lose());
  const operator = await member(t, "operator", broker.port, nothing);
  await assert.rejects(operator.request("host", "status", {}, 60_000), /no responders/);
  await member(t, "host", broker.port, () => new Promise(() => {}));
  await assert.rejects(operator.request("host", "status", {}, 20), /timed out after 20 ms/);
});

test("a lost bus is silence for who asks, and is found again when it is back", async (t) => {
  const broker = await startBroker();
  t.after(() => broker.lose());
  const heard = Promise.withResolvers<unknown>();
  const operator = await member(t, "operator", broker.port, async (_, body) => heard.resolve(body));
  const host = await member(t, "host", broker.port, nothing);
  await broker.lose();
  await assert.rejects(operator.request("host", "heartbeat", {}, 20), /timed out/);
  const again = Promise.all([operator, host].map((bus) => new Promise<void>((fulfil) => (bus.onConnect = fulfil))));
  await broker.restore();
  await again;
  host.publish("operator", "heartbeat", "alive");
  assert.equal(await heard.promise, "alive");
});
