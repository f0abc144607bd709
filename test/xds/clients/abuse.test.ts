/** Clients that speak the protocol and misbehave, each beside one that notices nothing. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect, DeltaClient, NODE } from "../client.ts";
import { ASSIGNMENT, CLUSTER } from "../resources.ts";
import { abused, MB } from "./abused.ts";
import type { AbusedServer } from "./abused-server.ts";

const bad = (server: AbusedServer, more: Partial<ConstructorParameters<typeof DeltaClient>[0]> = {}) =>
  new DeltaClient({ port: server.port, node: { ...NODE, id: "bad" }, ...more });

abused("a client that never acknowledges is sent 256 responses of assignments, whatever changes", {
  options: { ackBoundMs: 60_000 },
  abuse: async (server, told) => {
    const client = bad(server);
    client.subscribe(ASSIGNMENT, ["h0.test"]);
    await client.next(ASSIGNMENT);
    for (let change = 0; change < 264; change++) await told(`${change}`);
    return () => client.close();
  },
  most: { retainedMb: 2, sent: 265 + 256 },
});

abused(
  "a client that rejects everything, with a long text of its own each time, is told each resource's end by halving",
  {
    hostnames: 16,
    abuse: async (server) => {
      const client = bad(server);
      client.subscribe(CLUSTER, []);
      for (let at = 0, rejected = 0; rejected < 16; at++) {
        client.nack(await client.next(CLUSTER), `${at} ${String.fromCharCode(97 + (at % 26)).repeat(MB / 5)}`);
        ({ rejected } = await server.until(({ refused }) => refused === at + 1));
      }
      return () => client.close();
    },
    most: { retainedMb: 3, sent: 2 * 16 + 3 },
  },
);

abused("a client that asks for names that do not exist, nearly as many as it may, on three connections", {
  options: { limits: { unknownNames: 20_000 } },
  abuse: async (server) => {
    const clients = [0, 1, 2].map((round) => {
      const client = bad(server);
      for (let at = 0; at < 19; at++)
        client.subscribe(
          ASSIGNMENT,
          Array.from({ length: 1_000 }, (_, n) => `unknown-${round}-${at}-${n}.some.where.test`),
        );
      return client;
    });
    for (const client of clients) await client.rest();
    return () => {
      for (const client of clients) client.close();
    };
  },
  most: { retainedMb: 3 * 12, sent: 3 * 30, turns: 20 },
});

abused("a client that makes up types, and comes back with others", {
  abuse: async (server) => {
    for (let round = 0; round < 60; round++) {
      const client = bad(server);
      for (let at = 0; at < 31; at++) client.subscribe(`${round}/${at}/${"x".repeat(200)}`, ["x".repeat(1_000)]);
      await client.rest();
      client.close();
    }
    return () => undefined;
  },
  most: { retainedMb: 4, sent: 60 * 35 },
  also: ({ types }) => assert.ok(types <= 64 + 32, `${types} types remembered`),
});

abused("a client that sends noise, and comes back with it at once", {
  abuse: async (server) => {
    for (let round = 0; round < 5; round++) {
      const client = connect(server.port);
      for (let at = 0; at < 50; at++) {
        const stream = bad(server, { over: client });
        stream.wire.send(Buffer.alloc(1_000, 0xff));
        assert.equal((await stream.wire.ended).code, 3);
      }
      client.close();
    }
    return () => undefined;
  },
  most: { retainedMb: 3, sent: 1 },
  also: ({ garbage }) => assert.equal(garbage, 250),
});

abused("a client that asks without waiting for answers", {
  abuse: async (server) => {
    const client = bad(server);
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER);
    for (let at = 0; at < 50_000; at++) client.subscribe(ASSIGNMENT, ["h1.test"]);
    await server.until(({ limited }) => limited["requestsPerSecond"] !== undefined);
    return () => client.close();
  },
  most: { retainedMb: 5, sent: 25_000 },
});

abused("a client that opens streams and says nothing, as many as it may", {
  options: { limits: { streamsPerConnection: 2_000 } },
  abuse: async (server) => {
    const client = connect(server.port);
    const streams = Array.from({ length: 2_000 }, () => bad(server, { over: client }));
    streams.at(-1)?.subscribe(CLUSTER, []); // the last, so that all are there when it is answered
    await streams.at(-1)?.accept(CLUSTER);
    return () => {
      for (const stream of streams) stream.close();
      client.close();
    };
  },
  most: { retainedMb: 40, sent: 2 },
});

abused("connections beyond the limit", {
  options: { limits: { connectionsPerAddress: 50 } },
  abuse: async (server) => {
    const sockets = Array.from({ length: 200 }, () => connectTcp(server.port, "127.0.0.1"));
    let closed = 0;
    for (const socket of sockets)
      socket
        .on("error", () => undefined)
        .resume()
        .on("close", () => (closed += 1));
    while (closed < 151) await server.report();
    return () => {
      for (const socket of sockets) socket.destroy();
    };
  },
  most: { retainedMb: 8, sent: 1 },
  also: ({ limited }) => assert.equal(limited["connectionsPerAddress"], 151),
});

abused("connections whose other end went silent without a word are found out by a ping", {
  options: { keepaliveMs: 100, keepaliveTimeoutMs: 3_000 }, // long enough for the good one, however busy the machine is
  abuse: async (server) => {
    const relay = await Relay.start(server.port);
    const clients = Array.from({ length: 20 }, () => bad(server, { port: relay.port }));
    for (const client of clients) client.subscribe(CLUSTER, []);
    for (const client of clients) await client.accept(CLUSTER);
    relay.silence();
    await server.until(({ proxies }) => proxies === 1);
    return () => {
      for (const client of clients) client.close();
      relay.end();
    };
  },
  most: { retainedMb: 3, sent: 21 },
});

/** A relay that can stop relaying while both its sockets stay open, as a cable that was pulled. */
class Relay {
  readonly port: number;
  readonly #sockets: readonly Socket[];
  readonly #end: () => void;

  private constructor(port: number, sockets: readonly Socket[], end: () => void) {
    this.port = port;
    this.#sockets = sockets;
    this.#end = end;
  }

  static async start(to: number): Promise<Relay> {
    const sockets: Socket[] = [];
    const server = createServer((near) => {
      const far = connectTcp(to, "127.0.0.1");
      for (const [from, onto] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.push(from);
        from.on("error", () => undefined);
        from.on("data", (bytes) => onto.write(bytes));
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new Relay(address.port, sockets, () => server.close());
  }

  silence(): void {
    for (const socket of this.#sockets) socket.removeAllListeners("data").pause();
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#end();
  }
}
