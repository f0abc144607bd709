/** Each limit, beside a client that notices nothing: what is refused, how the client is told, and what is left of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../../src/codec/generated/messages.ts";
import type { Limits } from "../../../src/xds/limits.ts";
import { connect, DeltaClient, NODE, SotwClient } from "../client.ts";
import { names, started } from "../reading.ts";
import { ASSIGNMENT, assignment, CLUSTER, ROUTE } from "../resources.ts";
import { type Running, storeOf, withServer } from "../running-server.ts";

const RESOURCE_EXHAUSTED = 8;
/** Names that no resource has: fewer than by default, for the sake of time. */
const UNKNOWN = 20_000;

/** Runs an abuser beside a good client, which is given a change afterwards. */
function beside(limits: Partial<Limits>, abuse: (on: Running) => Promise<void>): Promise<void> {
  return withServer({ limits: { unknownNames: UNKNOWN, ...limits } }, async (on) => {
    const good = await started(on, ["a.test", "b.test"]);
    await abuse(on);
    on.store.apply([{ put: assignment("a.test", "2") }]);
    assert.deepEqual(names(await good.accept(ASSIGNMENT)), ["a.test"]);
    good.close();
  });
}

const unknown = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, at) => `unknown-${from + at}.test`);

interface Row {
  readonly why: string;
  readonly limits?: Partial<Limits>;
  readonly node?: Node;
  readonly send: (client: DeltaClient) => void;
  readonly limit: string;
  readonly reason: RegExp;
}

const rows: readonly Row[] = [
  {
    why: "more types than any Envoy has",
    send: (client) => {
      for (let type = 0; type < 40; type++) client.subscribe(`type/${type}`, ["x"]);
    },
    limit: "typesPerStream",
    reason: /^type_url: more than 32 types/,
  },
  {
    why: "unknown names in one request",
    send: (client) => client.subscribe(ASSIGNMENT, unknown(20_001)),
    limit: "unknownNames",
    reason: /^more than 20000 names that no resource has/,
  },
  {
    why: "unknown names in many requests, of several types",
    send: (client) => {
      for (let at = 0; at < 21; at++)
        client.subscribe([ASSIGNMENT, ROUTE, "type/x"][at % 3] ?? "", unknown(1_000, at * 1_000));
    },
    limit: "unknownNames",
    reason: /^more than 20000 names/,
  },
  {
    why: "unknown names that it says it has",
    send: (client) =>
      client.subscribe(CLUSTER, [], Object.fromEntries(unknown(20_001).map((name) => [name, "version"]))),
    limit: "unknownNames",
    reason: /^more than 20000 names/,
  },
  {
    why: "a name of five megabytes counts as many",
    send: (client) => client.subscribe(ASSIGNMENT, ["x".repeat(5_200_000)]),
    limit: "unknownNames",
    reason: /^more than 20000 names/,
  },
  {
    why: "a million names in one request, which is not even decoded",
    send: (client) => client.subscribe(ASSIGNMENT, Array<string>(1_000_000).fill("a.test")),
    limit: "namesPerRequest",
    reason: /^a request with more than 200000 names/,
  },
  {
    why: "a node of 32 MiB",
    node: { ...NODE, metadata: { fields: { much: { stringValue: "x".repeat(30_000_000) } } } },
    send: (client) => client.subscribe(CLUSTER, []),
    limit: "nodeBytes",
    reason: /^node: has 300\d{5} bytes, more than 262144/,
  },
];
for (const { why, limits = {}, node = NODE, send, limit, reason } of rows)
  test(`a client that asks for too much loses its stream and is told why: ${why}`, () =>
    beside(limits, async (on) => {
      const bad = new DeltaClient({ port: on.port, node });
      send(bad);
      const status = await bad.wire.ended;
      assert.equal(status.code, RESOURCE_EXHAUSTED);
      assert.match(status.details, reason);
      assert.deepEqual([on.told.limited.at(-1), on.told.garbage], [limit, []]);
      bad.close();
    }));

/** A field of a message, with what is inside it. */
const field = (number: number, inside: Uint8Array): Buffer => {
  const length: number[] = [];
  let rest = inside.length;
  for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length, rest]), inside]);
};

/** Metadata of structs inside each other: Node.metadata, Struct.fields, its value, Value.struct_value, and so on. */
function nested(depth: number): Buffer {
  let value: Buffer = Buffer.alloc(0);
  for (let at = 0; at < depth; at++) value = field(5, field(1, field(2, value)));
  return field(1, field(3, field(1, field(2, value))));
}

const noise: readonly (readonly [why: string, send: (client: DeltaClient) => void, reason: RegExp])[] = [
  ["a type of a megabyte", (client) => client.subscribe("x".repeat(1_000_000), []), /^type_url: is longer than 256/],
  [
    "metadata nested ten thousand deep",
    (client) => client.wire.send(nested(10_000)),
    /^not a envoy\.service.*: more than 100 messages inside each other$/,
  ],
  [
    "an id of a kilobyte and more",
    (client) => client.send({ node: { id: "i".repeat(1_025) }, typeUrl: CLUSTER }),
    /^node\.id: is longer than 1024/,
  ],
];
for (const [why, send, reason] of noise)
  test(`noise costs its stream: ${why}`, () =>
    beside({}, async (on) => {
      const client = new DeltaClient({ port: on.port });
      send(client);
      const status = await client.wire.ended;
      assert.equal(status.code, 3);
      assert.match(status.details, reason);
      assert.ok(status.details.length < 300);
      client.close();
    }));

test("names that are not UTF-8 are read as what they are not, and are answered as unknown", () =>
  beside({}, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER);
    client.wire.send(Buffer.concat([field(2, Buffer.from(ASSIGNMENT)), field(3, Buffer.from([0xff, 0xfe, 0x80]))]));
    assert.deepEqual((await client.accept(ASSIGNMENT)).removedResources, ["\ufffd\ufffd\ufffd"]);
    client.close();
  }));

test("state of the world: names that no resource has are bounded too, of types that are lists and of others", () =>
  beside({ unknownNames: 100 }, async (on) => {
    for (const type of [CLUSTER, ASSIGNMENT]) {
      const bad = new SotwClient({ port: on.port });
      bad.subscribe(type, unknown(100));
      const { nonce } = await bad.next(type);
      bad.send({ typeUrl: type, resourceNames: unknown(101), responseNonce: nonce });
      assert.match((await bad.wire.ended).details, /more than 100 names/);
      bad.close();
    }
  }));

test("names may change for ever, as long as few are unknown at a time", () =>
  beside({ unknownNames: 100 }, async (on) => {
    const delta = new DeltaClient({ port: on.port });
    const sotw = new SotwClient({ port: on.port, node: { ...NODE, id: "edge-2" } });
    let nonce = "";
    for (let round = 0; round < 10; round++) {
      delta.send({
        typeUrl: ASSIGNMENT,
        resourceNamesSubscribe: unknown(50, round * 50),
        resourceNamesUnsubscribe: unknown(50, round * 50 - 50),
      });
      assert.equal((await delta.accept(ASSIGNMENT)).removedResources?.length, 50);
      sotw.send({ typeUrl: ASSIGNMENT, resourceNames: unknown(50, round * 50), responseNonce: nonce });
      nonce = (await sotw.next(ASSIGNMENT)).nonce ?? "";
    }
    assert.deepEqual(on.told.limited, []);
    delta.close();
    sotw.close();
  }));

test("a name that was unknown and is a resource now counts no longer", () =>
  beside({ unknownNames: 2 }, async (on) => {
    const client = new DeltaClient({ port: on.port });
    client.subscribe(ASSIGNMENT, ["c.test", "d.test"]);
    await client.accept(ASSIGNMENT);
    on.store.apply([{ put: assignment("c.test") }]);
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["c.test"]);
    client.subscribe(ASSIGNMENT, ["e.test"]);
    assert.deepEqual((await client.accept(ASSIGNMENT)).removedResources, ["e.test"]);
    client.close();
  }));

test("what clients made up is forgotten when they are gone: types and names", () =>
  beside({}, async (on) => {
    for (let round = 0; round < 10; round++) {
      const bad = new DeltaClient({ port: on.port });
      bad.subscribe(ASSIGNMENT, unknown(10_000, round * 10_000));
      await bad.accept(ASSIGNMENT);
      for (let type = 0; type < 31; type++) {
        bad.subscribe(`type/${round}/${type}`, ["x"]);
        await bad.accept(`type/${round}/${type}`);
      }
      bad.close();
      await on.until(() => on.server.snapshot().length === 1);
    }
    assert.ok(on.store.types().length <= 64 + 31, `${on.store.types().length} types remembered of 310`);
    const { slots } = on.store.shelf(ASSIGNMENT);
    assert.ok(slots <= 30_000, `${slots} names remembered of 100,000`);
  }));

test("a rejection's text is kept as far as is of use, though it has megabytes", () =>
  beside({ detailBytes: 100 }, async (on) => {
    const bad = new DeltaClient({ port: on.port });
    bad.subscribe(ASSIGNMENT, ["a.test"]);
    bad.nack(await bad.next(ASSIGNMENT), "ü".repeat(5_000_000));
    await on.until(() => on.told.rejected.length === 1);
    assert.equal(on.told.rejected[0]?.detail, `${"ü".repeat(50)}... (4999950 more characters)`);
    bad.close();
  }));

test("streams on one connection: one too many is refused, a hundred of them cost the connection", () =>
  beside({ streamsPerConnection: 3 }, async (on) => {
    const bad = connect(on.port);
    const stream = () => new DeltaClient({ port: on.port, over: bad });
    const within = [stream(), stream(), stream()];
    for (const one of within) one.subscribe(CLUSTER, []);
    for (const one of within) await one.accept(CLUSTER);
    for (let more = 0; more < 100; more++) {
      const { code, details } = await stream().wire.ended;
      if (more < 99) assert.deepEqual([code, details], [RESOURCE_EXHAUSTED, "more than 3 streams on one connection"]);
    }
    assert.deepEqual(await Promise.all(within.map(async ({ wire }) => (await wire.ended).code)), [14, 14, 14]);
    assert.deepEqual(
      on.told.limited.filter((limit) => limit !== "streamsPerConnection"),
      ["offences"],
    );
    bad.close();
  }));

test("separate streams of a type that Envoy has one or a few of: 64 on a connection, of endpoints as many as may be", () =>
  beside({}, async (on) => {
    const bad = connect(on.port);
    const stream = (path: string) => new DeltaClient({ port: on.port, over: bad, path: `/envoy.service.${path}` });
    const open = async (path: string, type: string) => {
      const one = stream(path);
      one.subscribe(type, ["a.test"]);
      await one.accept(type);
    };
    for (let at = 0; at < 70; at++) await open("endpoint.v3.EndpointDiscoveryService/DeltaEndpoints", ASSIGNMENT);
    for (let at = 0; at < 64; at++) await open("route.v3.RouteDiscoveryService/DeltaRoutes", ROUTE);
    const { code, details } = await stream("route.v3.RouteDiscoveryService/DeltaRoutes").wire.ended;
    assert.deepEqual(
      [code, /^more than 64 streams of .*RouteConfiguration on one/.test(details)],
      [RESOURCE_EXHAUSTED, true],
    );
    bad.close();
  }));

test("connections, over all and from one address: one too many is cut at once, and room is given when another ends", () =>
  withServer({ limits: { connectionsPerAddress: 2 } }, async (on) => {
    const [first, second] = [await started(on, ["a.test", "b.test"]), new DeltaClient({ port: on.port })];
    second.subscribe(CLUSTER, []);
    await second.accept(CLUSTER);
    const third = new DeltaClient({ port: on.port });
    third.subscribe(CLUSTER, []);
    assert.equal((await third.wire.ended).code, 14);
    assert.ok(on.told.limited.length > 0 && on.told.limited.every((limit) => limit === "connectionsPerAddress"));
    third.close();
    second.close();
    await on.until(() => on.server.snapshot().length === 1);
    // Its stream is over; its connection is a moment later, and until then one more is one too many.
    for (let served = false; !served; ) {
      const fourth = new DeltaClient({ port: on.port });
      fourth.subscribe(CLUSTER, []);
      served = await Promise.race([fourth.accept(CLUSTER).then(() => true), fourth.wire.ended.then(() => false)]);
      fourth.close();
    }
    first.close();
  }));

test("a connection without a stream is cut after a while, one with a stream never", () =>
  beside({ idleMs: 1_000 }, async (on) => {
    const client = connect(on.port);
    client.getChannel().getConnectivityState(true);
    await on.until(() => on.told.limited.includes("idleMs"));
    client.close();
  }));

test("0 is no limit, where that is told", async () => {
  const limits = { connections: 0, connectionsPerAddress: 0, idleMs: 0, requestsPerSecond: 0 };
  await withServer({ store: storeOf("a.test", "b.test"), limits }, async (on) => {
    const client = await started(on, ["a.test", "b.test"]);
    for (let at = 0; at < 20_000; at++) client.subscribe(ASSIGNMENT, ["a.test"]);
    await client.rest();
    assert.deepEqual(on.told.limited, []);
    client.close();
  });
});

test("requests that come faster than they may are read more slowly, answered together, and keep nobody waiting", () => {
  const clock = () => 0; // time stands still: what may be asked for at once is all there is
  return withServer({ clock, limits: { requestsPerSecond: 100 } }, async (on) => {
    const good = await started(on, ["a.test", "b.test"]);
    const bad = new DeltaClient({ port: on.port });
    const sentBefore = on.told.sent.length;
    for (let at = 0; at < 20_000; at++) bad.subscribe("type/x", ["a.test"]);
    await on.until(() => on.told.limited.includes("requestsPerSecond"));
    on.store.apply([{ put: assignment("a.test", "2") }]);
    assert.deepEqual(names(await good.accept(ASSIGNMENT)), ["a.test"]);
    const answers = on.told.sent.length - sentBefore;
    assert.ok(answers <= 510, `${answers} responses to what 5 seconds at 100 a second allow`);
    good.close();
    bad.close();
  });
});
