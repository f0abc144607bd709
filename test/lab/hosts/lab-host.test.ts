/** A host's process, as the operator hears of it. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startBroker } from "../bus/broker.ts";
import { Bus, OPERATOR } from "../bus/bus.ts";
import type { Heartbeat } from "../operator/host-controller.ts";
import { Timeline } from "../timeline.ts";
import { LabHost, type LabHostOptions } from "./lab-host.ts";

/** Hears heartbeats in the operator's place. */
class Ear {
  readonly heard: Heartbeat[] = [];
  #waiting: (() => void)[] = [];

  take(heartbeat: Heartbeat): void {
    this.heard.push(heartbeat);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Fulfilled with the next one. */
  async next(): Promise<Heartbeat | undefined> {
    await new Promise<void>((wake) => this.#waiting.push(wake));
    return this.heard.at(-1);
  }
}

async function running(t: TestContext, options: Pick<LabHostOptions, "address" | "advertised" | "labels" | "called">) {
  const broker = await startBroker();
  t.after(() => broker.lose());
  const ear = new Ear();
  const bus = new Bus(OPERATOR, broker.port, async (_, body) => ear.take(body as Heartbeat));
  t.after(() => bus.close());
  const connected = new Promise<void>((fulfil) => {
    bus.onConnect = fulfil;
  });
  bus.connect();
  await connected;
  const timeline = new Timeline();
  const host = new LabHost({ ...options, busPort: broker.port, tempo: "fast", timeline });
  t.after(() => host.stop());
  const first = ear.next();
  await host.start();
  return { host, ear, timeline, first: await first };
}

test("a heartbeat says where the host is, or what it is told to say of that", async (t) => {
  const plain = await running(t, { address: "127.0.0.61" });
  const { name, port } = plain.host;
  assert.equal(name, "host-61-1");
  assert.deepEqual(
    [plain.first?.friendlyName, plain.first?.hostname, plain.first?.httpPort, plain.first?.labels],
    [name, "127.0.0.61", port, { hostgroup: "default" }],
  );
  const odd = await running(t, {
    address: "::1",
    called: "host-odd",
    advertised: { hostname: "", httpPort: 0 },
    labels: { hostgroup: "tls", pair: "1" },
  });
  assert.deepEqual(
    [odd.first?.friendlyName, odd.first?.hostname, odd.first?.httpPort, odd.first?.labels],
    ["host-odd-1", "", 0, { hostgroup: "tls", pair: "1" }],
  );
});

test("a host that is told to end sends heartbeats until its grace is over", async (t) => {
  const { host, ear, timeline } = await running(t, { address: "127.0.0.62" });
  const ended = host.terminate();
  const before = ear.heard.length;
  await ended;
  assert.ok(ear.heard.length > before, "a heartbeat came after it");
  assert.ok(timeline.matching(/^ends in 3000 ms$/, 0).length === 1);
  const { name } = host;
  await host.start();
  assert.notEqual(host.name, name, "and it comes back under another name");
});
