/** Pauses of the server itself: an event loop that is held, or a process that is stopped, is no fault of its clients. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { GrpcTransport } from "../../../src/xds/transport/transport.ts";

/** Many times what a thread waits for its turn on a busy machine. */
const KEEPALIVE_TIMEOUT_MS = 400;

/** In a thread of its own, so that it answers pings while ours is held. Tells how many it has answered, and when its connection is over. */
const CLIENT = `
const { parentPort, workerData } = require("node:worker_threads");
const session = require("node:http2").connect("http://127.0.0.1:" + workerData);
session.on("error", () => undefined);
session.on("ping", () => parentPort.postMessage("ping"));
session.on("close", () => parentPort.postMessage("closed"));
`;

test("a client that answers is not cut because our event loop was held for longer than its answer may take", async (t) => {
  const transport = new GrpcTransport({
    handler: () => undefined,
    settings: { keepaliveMs: 20, keepaliveTimeoutMs: KEEPALIVE_TIMEOUT_MS },
    ...{ maxRequestBytes: 100_000, maxCalls: 100 },
    on: { offended: () => undefined, overfull: () => undefined },
  });
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    transport.take(socket, { maxAgeMs: 0 });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new Worker(CLIENT, { eval: true, workerData: (server.address() as AddressInfo).port });
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await client.terminate();
  });
  const heard: string[] = [];
  client.on("message", (what: string) => heard.push(what));
  await once(client, "message");
  for (let held = 0; held < 4; held += 1) {
    const [said] = await once(client, "message"); // a ping has arrived there, and is answered
    assert.equal(said, "ping");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * KEEPALIVE_TIMEOUT_MS);
  }
  await once(client, "message");
  assert.deepEqual(
    heard.filter((what) => what !== "ping"),
    [],
  );
});
