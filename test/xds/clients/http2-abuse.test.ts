/**
 * HTTP/2 as no library would send it. What ends most of these is nghttp2 or Node itself (measured on Node 24.21 with nghttp2 as it brings it); the tests hold
 * that it does, since a version that did not would leave us open. The rest is ended or bounded by us.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "../../../src/codec/encode.ts";
import { NODE } from "../client.ts";
import { ASSIGNMENT, CLUSTER } from "../resources.ts";
import { abused } from "./abused.ts";
import { AbusedServer } from "./abused-server.ts";
import { callHeaders, FRAME, frame, headerBlock, messageFrames, RawClient } from "./raw-client.ts";

const DELTA = "envoy.service.discovery.v3.DeltaDiscoveryRequest";
const times = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array<Buffer>(count).fill(bytes));

/** Floods that cost their connection, and hardly anything else. */
const floods: readonly (readonly [name: string, flood: (client: RawClient) => Promise<void>])[] = [
  ["pings", (client) => client.flood(times(1_000, frame(FRAME.ping, 0, 0, Buffer.alloc(8))), 100)],
  [
    "settings",
    (client) => client.flood(times(1_000, frame(FRAME.settings, 0, 0, Buffer.from([0, 4, 0, 0, 255, 255]))), 100),
  ],
  [
    "empty data",
    async (client) => {
      await client.open(1);
      await client.flood(times(1_000, frame(FRAME.data, 0, 1)), 100);
    },
  ],
  [
    "headers that never end",
    async (client) => {
      await client.send(frame(FRAME.headers, 0, 1, callHeaders()));
      for (let at = 0; at < 1_000 && !client.socket.destroyed; at++)
        await client.send(frame(FRAME.continuation, 0, 1, headerBlock({ [`x-${at}`]: "y".repeat(16_000) })));
    },
  ],
  [
    "empty continuations of headers",
    async (client) => {
      await client.send(frame(FRAME.headers, 0, 1, callHeaders()));
      await client.flood(times(1_000, frame(FRAME.continuation, 0, 1)), 100);
    },
  ],
  [
    "streams opened and reset",
    async (client) => {
      for (let id = 1; id < 40_000 && !client.socket.destroyed; id += 2) {
        await client.open(id);
        await client.send(frame(FRAME.reset, 0, id, Buffer.from([0, 0, 0, 8])));
      }
    },
  ],
  [
    "streams of methods that nobody serves",
    async (client) => {
      for (let id = 1; id < 40_000 && !client.socket.destroyed; id += 2)
        await client.open(id, { ":path": "/none/none" });
    },
  ],
  [
    "streams whose half stays open after their requests were noise",
    async (client) => {
      for (let id = 1; id < 40_000 && !client.socket.destroyed; id += 2) {
        await client.open(id);
        await client.send(messageFrames(id, Buffer.from([255, 255, 255])));
      }
    },
  ],
];
for (const [name, flood] of floods)
  for (const reads of [true, false])
    abused(
      `a flood of ${name}, by a client that ${reads ? "reads what comes" : "reads nothing"}, costs it the connection`,
      {
        abuse: async (server) => {
          const client = await RawClient.connect(server.port);
          if (!reads) client.freeze();
          const over = client.closed.then(() => true);
          await Promise.race([flood(client), over]);
          if (!reads) client.socket.resume(); // a socket that is not read does not see that it was closed
          assert.equal(await over, true);
          return () => undefined;
        },
        most: { retainedMb: 3, sent: 1 },
      },
    );

test("a flood of window updates is dropped as it comes", async () => {
  const server = await AbusedServer.start(10);
  const client = await RawClient.connect(server.port);
  const before = await server.report();
  await client.flood(times(1_000, frame(FRAME.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1]))), 100);
  const after = await server.report();
  assert.ok(after.retainedBytes - before.retainedBytes < 1_000_000);
  client.end();
  await server.end();
});

abused("large requests that never become whole: some are read at a time, and ended when others have waited for them", {
  options: { maxRequestBytes: 300_000 },
  abuse: async (server) => {
    const client = await RawClient.connect(server.port);
    for (let id = 1; id < 40; id += 2) {
      await client.open(id);
      await client.data(id, Buffer.concat([Buffer.from([0, 0, 4, 0x93, 0xe0]), Buffer.alloc(60_000)])); // of 300,000, within a window
    }
    await server.until(({ limited }) => (limited["maxRequestBytes"] ?? 0) >= 2);
    return () => client.end();
  },
  most: { retainedMb: 5, sent: 1 },
});

abused("a request that comes in frames of one byte", {
  abuse: async (server) => {
    const client = await RawClient.connect(server.port);
    await client.open(1);
    const prefix = Buffer.from([0, 0, 16, 0, 0]);
    await client.send(frame(FRAME.data, 0, 1, prefix));
    await client.flood(times(1_000, frame(FRAME.data, 0, 1, Buffer.from([1]))), 500);
    return () => client.end();
  },
  most: { retainedMb: 4, sent: 1 },
});

abused("clients that do not read hold up nobody, and are cut when others need the room", {
  hostnames: 2_000,
  options: { inFlightBytes: 1_000_000, limits: { stallMs: 100 } },
  abuse: async (server) => {
    const clients = await Promise.all(Array.from({ length: 12 }, () => RawClient.connect(server.port)));
    for (const client of clients) {
      client.freeze();
      await client.open(1);
      await client.send(messageFrames(1, encode(DELTA, { node: { ...NODE, id: "frozen" }, typeUrl: CLUSTER })));
    }
    await server.until(({ inFlightBytes }) => inFlightBytes >= 1_000_000);
    return () => {
      for (const client of clients) client.end();
    };
  },
  most: { retainedMb: 12, sent: 14, turns: Number.POSITIVE_INFINITY }, // it is told after stallMs, however many turns these have
});

abused("a client that reads a window and no more is given the newest state when it goes on, not the history", {
  hostnames: 2_000,
  abuse: async (server, told) => {
    const client = await RawClient.connect(server.port);
    await client.open(1);
    const asks = [
      { node: { ...NODE, id: "slow" }, typeUrl: CLUSTER },
      { typeUrl: ASSIGNMENT, resourceNamesSubscribe: ["h0.test"] },
    ];
    for (const request of asks) await client.send(messageFrames(1, encode(DELTA, request)));
    await server.until(({ inFlightBytes }) => inFlightBytes > 0);
    const { sent } = await server.report();
    for (let change = 0; change < 5; change++) await told(`${change}`);
    assert.equal((await server.report()).sent, sent + 5, "all to the good one");
    for (const stream of [0, 1]) await client.send(frame(FRAME.windowUpdate, 0, stream, Buffer.from([0, 64, 0, 0])));
    await server.until((report) => report.sent === sent + 6);
    return () => client.end();
  },
  most: { retainedMb: 3, sent: 1 + 5 + 1 + 2 },
});

abused("what a client did not take stays counted though it ended the stream", {
  hostnames: 2_000,
  abuse: async (server) => {
    const client = await RawClient.connect(server.port);
    client.freeze();
    await client.open(1);
    await client.send(messageFrames(1, encode(DELTA, { node: { ...NODE, id: "frozen" }, typeUrl: CLUSTER })));
    const { inFlightBytes } = await server.until((report) => report.inFlightBytes > 100_000);
    await client.send(frame(FRAME.data, 1, 1)); // END_STREAM
    await server.until(({ proxies }) => proxies === 1);
    assert.equal((await server.report()).inFlightBytes, inFlightBytes);
    client.end();
    await server.until((report) => report.inFlightBytes === 0);
    return () => undefined;
  },
  most: { retainedMb: 5, sent: 2 },
});
