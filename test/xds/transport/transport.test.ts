/** gRPC over HTTP/2 as its specification has it, seen from a client that may do anything. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { Call } from "../../../src/xds/transport/call.ts";
import { STATUS } from "../../../src/xds/transport/grpc-status.ts";
import { GrpcTransport } from "../../../src/xds/transport/transport.ts";
import { call, connectTo, framed } from "./raw-call.ts";

/** What a call of `/test/Echo` was told. */
interface Told {
  readonly call: Call;
  readonly messages: string[];
  readonly events: string[];
}

interface Stage {
  readonly session: ClientHttp2Session;
  readonly transport: GrpcTransport;
  readonly sockets: readonly Socket[];
  readonly told: readonly Told[];
  /** What was told of requests that were ended for being too many. */
  readonly overfull: readonly string[];
  until(holds: () => boolean): Promise<void>;
}

const outgoing = (...texts: readonly string[]) => {
  const pieces = texts.map((text) => Buffer.from(text));
  return { pieces, bytes: pieces.reduce((sum, piece) => sum + piece.length, 0) };
};

/** A server that answers every message with itself, but for some that are orders, and ends when its client does. */
async function staged(
  t: TestContext,
  {
    maxAgeMs = 0,
    largePatienceMs = 10_000,
    ...settings
  }: { readonly maxAgeMs?: number; readonly keepaliveMs?: number; readonly largePatienceMs?: number } = {},
): Promise<Stage> {
  const overfull: string[] = [];
  const told: Told[] = [];
  const serve = (one: Call) => {
    const messages: string[] = [];
    const events: string[] = [];
    told.push({ call: one, messages, events });
    return {
      message: (bytes: Buffer) => {
        const text = bytes.toString();
        messages.push(text);
        if (text === "fail") one.end({ code: STATUS.invalidArgument, message: "100 % wrong: ü\n" });
        else if (text !== "silent") one.write(outgoing(text), () => events.push(`flushed ${text.slice(0, 10)}`));
      },
      ended: () => {
        events.push("ended");
        one.end();
      },
      closed: () => events.push("closed"),
    };
  };
  const transport = new GrpcTransport({
    handler: (path) => (path === "/test/Echo" ? serve : undefined),
    settings: { keepaliveMs: 30_000, keepaliveTimeoutMs: 50, ...settings },
    maxRequestBytes: 100_000,
    largePatienceMs,
    maxCalls: 100,
    on: { offended: () => undefined, overfull: (_, what) => overfull.push(what) },
  });
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    transport.take(socket, { maxAgeMs });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connectTo((server.address() as AddressInfo).port);
  t.after(() => {
    session.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((settle) => setTimeout(settle, 2));
  };
  return { session, transport, sockets, told, overfull, until };
}

const refusals: readonly (readonly [
  why: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  http: number,
  code?: string,
])[] = [
  ["an unknown method is unimplemented", "/test/Other", {}, 200, "12"],
  ["another content type is no gRPC", "/test/Echo", { "content-type": "application/json" }, 415],
  ["nor is a content type that only begins like it", "/test/Echo", { "content-type": "application/grpcish" }, 415],
  ["gRPC is always a POST", "/test/Echo", { ":method": "PUT" }, 405],
];
for (const [why, path, headers, http, code] of refusals)
  test(`${why}, and the connection goes on`, async (t) => {
    const { session, told, until } = await staged(t);
    const refused = await call(session, path, headers).ended;
    assert.deepEqual([refused.http, refused.code, refused.reset], [http, code, 0]);
    assert.equal(told.length, 0);
    const next = call(session, "/test/Echo", { "content-type": "application/grpc+proto" });
    next.stream.write(framed("hello"));
    await until(() => next.body().length > 0);
    assert.deepEqual(next.body(), framed("hello"));
  });

test("requests arrive whole whether a frame holds many or one is cut into many", async (t) => {
  const { session, told, until } = await staged(t);
  const { stream } = call(session, "/test/Echo");
  stream.write(Buffer.concat([framed("one"), framed(""), framed("two"), framed("three").subarray(0, 2)]));
  await until(() => told[0]?.messages.length === 3);
  for (const byte of framed("three").subarray(2)) {
    stream.write(Buffer.from([byte]));
    await new Promise((settle) => setImmediate(settle));
  }
  const large = "x".repeat(90_000); // more than a flow-control window
  stream.write(framed(large));
  await until(() => told[0]?.messages.length === 5);
  assert.deepEqual(told[0]?.messages, ["one", "", "two", "three", large]);
});

test("a large response in few pieces and one in many arrive as one message each, and are told to be flushed once", async (t) => {
  const { session, told, until } = await staged(t);
  const one = call(session, "/test/Echo");
  one.stream.write(framed("silent"));
  await until(() => told[0]?.messages.length === 1);
  const pieces = ["a".repeat(70_000), "b", "c".repeat(70_000)];
  const many = Array.from({ length: 40 }, (_, i) => String(i).repeat(500));
  const flushed: string[] = [];
  told[0]?.call.write(outgoing(...pieces), () => flushed.push("pieces"));
  told[0]?.call.write(outgoing(...many), () => flushed.push("many"));
  const wanted = Buffer.concat([framed(pieces.join("")), framed(many.join(""))]);
  await until(() => one.body().length === wanted.length);
  assert.ok(one.body().equals(wanted));
  await until(() => flushed.length === 2);
  assert.deepEqual(flushed, ["pieces", "many"]);
});

test("a client that ends its half is answered with status 0, after all that was written", async (t) => {
  const { session, told } = await staged(t);
  const one = call(session, "/test/Echo");
  one.stream.end(framed("last"));
  assert.deepEqual(await one.ended, { http: 200, code: "0", message: undefined, reset: 0 });
  assert.deepEqual(one.body(), framed("last"));
  assert.deepEqual(told[0]?.events, ["ended", "flushed last", "closed"]);
});

test("a call ends with status and words though nothing was sent before, and what the client goes on sending is dropped", async (t) => {
  const { session, told } = await staged(t);
  const one = call(session, "/test/Echo");
  one.stream.write(Buffer.concat([framed("fail"), framed("dropped")]));
  assert.deepEqual(await one.ended, { http: 200, code: "3", message: "100 %25 wrong: %C3%BC%0A", reset: 0 });
  assert.deepEqual([told[0]?.messages, told[0]?.events], [["fail"], ["closed"]]);
});

test("a call ends with status and words behind what was sent before", async (t) => {
  const { session } = await staged(t);
  const one = call(session, "/test/Echo");
  one.stream.write(Buffer.concat([framed("hello"), framed("fail")]));
  assert.equal((await one.ended).code, "3");
  assert.deepEqual(one.body(), framed("hello"));
});

const unreadable: readonly (readonly [why: string, bytes: Buffer, code: string])[] = [
  ["a request that is too large", framed(Buffer.alloc(100_001)), "8"],
  ["a compressed request", Buffer.concat([Buffer.from([1]), framed("abc").subarray(1)]), "12"],
];
for (const [why, bytes, code] of unreadable)
  test(`${why} ends its call, and no other of the connection`, async (t) => {
    const { session, told, until } = await staged(t);
    const [bad, good] = [call(session, "/test/Echo"), call(session, "/test/Echo")];
    bad.stream.write(bytes);
    assert.equal((await bad.ended).code, code);
    await until(() => told[0]?.events.length === 1);
    assert.deepEqual([told[0]?.messages, told[0]?.events], [[], ["closed"]]);
    good.stream.end(framed("hello"));
    assert.equal((await good.ended).code, "0");
  });

test("a request that is cut off by the client's end is told to be so", async (t) => {
  const { session } = await staged(t);
  const one = call(session, "/test/Echo");
  one.stream.end(framed("abc").subarray(0, 6));
  assert.equal((await one.ended).code, "3");
});

test("a call that its client resets is closed, and what was under way is told to be over", async (t) => {
  const { session, told, until } = await staged(t);
  const one = call(session, "/test/Echo");
  one.stream.write(framed("silent"));
  await until(() => told[0]?.messages.length === 1);
  one.stream.pause();
  let flushed = 0;
  told[0]?.call.write(outgoing("x".repeat(1_000_000)), () => (flushed += 1)); // more than the client's window
  one.stream.close(8); // CANCEL
  await until(() => flushed === 1 && told[0]?.events.at(-1) === "closed");
  assert.deepEqual(told[0]?.events, ["ended", "closed"]); // node's client ends its half before it resets
  told[0]?.call.write(outgoing("late"), () => (flushed += 1));
  told[0]?.call.end();
  await until(() => flushed === 2);
});

test("all calls of a connection that is lost are closed", async (t) => {
  const { session, sockets, told, until } = await staged(t);
  for (let i = 0; i < 3; i++) call(session, "/test/Echo").stream.write(framed("silent"));
  await until(() => told.length === 3 && told.every(({ messages }) => messages.length === 1));
  sockets[0]?.destroy();
  await until(() => told.every(({ events }) => events.length === 1));
  assert.deepEqual(
    told.map(({ events }) => events),
    [["closed"], ["closed"], ["closed"]],
  );
});

test("a paused call reads nothing more than a window, and goes on where it was", async (t) => {
  const { session, told, until } = await staged(t);
  const one = call(session, "/test/Echo");
  one.stream.write(framed("silent"));
  await until(() => told[0]?.messages.length === 1);
  told[0]?.call.pause();
  let sent = 0;
  for (let i = 0; i < 8; i++) one.stream.write(framed("silent".padEnd(50_000)), () => (sent += 1));
  await new Promise((settle) => session.ping(settle));
  assert.ok(sent < 8);
  assert.equal(told[0]?.messages.length, 1);
  told[0]?.call.resume();
  await until(() => told[0]?.messages.length === 9);
});

test("of more large requests than there is room for some wait unread, and all arrive whole", async (t) => {
  const { session, told, until } = await staged(t);
  const whole = framed("silent".padEnd(99_990));
  const calls = Array.from({ length: 10 }, () => call(session, "/test/Echo"));
  for (const { stream } of calls) stream.write(whole.subarray(0, 60_000)); // less than a window: whoever waits for more, has this
  await until(() => told.length === 10);
  await new Promise((settle) => session.ping(settle));
  for (const { stream } of calls) stream.write(whole.subarray(60_000));
  await until(() => told.every(({ messages }) => messages.length === 1));
  assert.ok(told.every(({ messages }) => messages[0]?.length === 99_990));
});

test("large requests that are never finished are ended, one after the other, once others have waited for them", async (t) => {
  const { session, told, until, overfull } = await staged(t, { largePatienceMs: 50 });
  const whole = framed("silent".padEnd(99_990));
  const unfinished = Array.from({ length: 2 }, () => call(session, "/test/Echo"));
  for (const { stream } of unfinished) stream.write(whole.subarray(0, 60_000));
  await until(() => told.length === 2);
  await new Promise((settle) => session.ping(settle));
  call(session, "/test/Echo").stream.write(whole);
  await until(() => told[2]?.messages.length === 1);
  const { code, message } = await Promise.race(unfinished.map(({ ended }) => ended));
  assert.deepEqual([code, message], ["8", "a large request took too long while others waited"]);
  assert.equal(overfull.length, 2);
});

test("draining tells clients to go elsewhere, ends every call with status 0 and closes the connection behind the last", async (t) => {
  const { session, transport, sockets, told, until } = await staged(t);
  const goaway = once(session, "goaway");
  const calls = [call(session, "/test/Echo"), call(session, "/test/Echo")];
  for (const { stream } of calls) stream.write(framed("silent"));
  await until(() => told.length === 2);
  transport.drain();
  assert.equal((await goaway)[0], 0);
  for (const { ended } of calls) assert.deepEqual([(await ended).code, (await ended).reset], ["0", 0]);
  await until(() => sockets[0]?.destroyed ?? false);
});

test("a connection that has reached its age is drained", async (t) => {
  const { session, told, until } = await staged(t, { maxAgeMs: 1_000 });
  const goaway = once(session, "goaway");
  const one = call(session, "/test/Echo");
  one.stream.write(framed("silent"));
  await until(() => told.length === 1);
  await goaway;
  assert.equal((await one.ended).code, "0");
});

test("a client that answers no ping is cut; one that does stays", async (t) => {
  const { session, sockets, told, until } = await staged(t, { keepaliveMs: 20 });
  call(session, "/test/Echo").stream.write(framed("silent"));
  await until(() => told.length === 1);
  const frozen = connect(sockets[0]?.localPort ?? 0, "127.0.0.1");
  frozen.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  frozen.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])); // SETTINGS, and then not a word
  frozen.resume();
  await once(frozen, "close");
  for (let pings = 0; pings < 5; pings++) await once(session, "ping");
  assert.deepEqual(told[0]?.events, []);
});

test("a call tells who is at the other end and by which name it was called", async (t) => {
  const { session, told, until } = await staged(t);
  call(session, "/test/Echo", { ":authority": "xds_cluster" }).stream.write(framed("silent"));
  await until(() => told.length === 1);
  assert.match(told[0]?.call.client.peer ?? "", /^127\.0\.0\.1:\d+$/);
  assert.deepEqual([told[0]?.call.authority, told[0]?.call.client.names], ["xds_cluster", undefined]);
});
