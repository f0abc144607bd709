/** The pretended host behaves as a wash host does; what other tests conclude from it rests on these. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { DemoAnswer } from "../../src/cli/demo-answer.ts";
import { type DemoHost, type DemoHostOptions, startDemoHost } from "../../src/cli/demo-host.ts";
import { selfSigned } from "./self-signed.ts";

async function hostFor(t: TestContext, options: Partial<DemoHostOptions> = {}): Promise<DemoHost> {
  const host = await startDemoHost({ name: "amber", hostId: "id-of-amber", ...options });
  t.after(() => host.stop());
  return host;
}

const replica = (name: string) => ({ workload: `shop/${name}`, workloadId: `id-of-${name}` });

interface Reply {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

async function get(host: DemoHost, name: string, path = "/", more: object = {}): Promise<Reply> {
  const headers = { host: name, accept: "application/json", ...more };
  const request = httpRequest({ host: "127.0.0.1", port: host.port, path, headers, agent: false }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await textOf(response) };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk.toString();
  return text;
}

/** Bytes as they are: for requests that no client library would send. */
async function raw(host: DemoHost, bytes: string): Promise<string> {
  const socket = connectTcp(host.port, "127.0.0.1");
  socket.end(bytes);
  return textOf(socket);
}

const served: readonly (readonly [authority: string, status: number, why: string])[] = [
  ["shop.test", 200, "exactly as registered"],
  ["shop.test:8080", 200, "the port does not count"],
  ["shop.test:x", 200, "a port that is no number does not count either"],
  ["Shop.test", 404, "case counts, up to 2.7.0"],
  ["shop.test.", 404, "the trailing dot counts"],
  ["other.test", 404, "nobody is bound"],
  ["", 404, "an empty name is a name that nobody is bound to"],
];
for (const [authority, status, why] of served)
  test(`Host "${authority}" is answered ${status}: ${why}`, async (t) => {
    const host = await hostFor(t);
    host.bind("shop.test", replica("cart"));
    const reply = await raw(host, `GET / HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`);
    assert.match(reply, new RegExp(`^HTTP/1\\.1 ${status} `));
  });

test("an IPv6 literal loses its brackets and port", async (t) => {
  const host = await hostFor(t);
  host.bind("::1", replica("cart"));
  assert.equal((await get(host, "[::1]:80")).status, 200);
});

test("the host's own errors are empty, with length and date, and nothing else", async (t) => {
  const host = await hostFor(t);
  const { headers, body } = await get(host, "nobody.test", "/", { connection: "close" });
  assert.equal(body, "");
  assert.deepEqual(Object.keys(headers).sort(), ["connection", "content-length", "date"]);
  assert.equal(headers["content-length"], "0");
});

test("a request without Host is 400; with an absolute target its authority counts", async (t) => {
  const host = await hostFor(t);
  host.bind("shop.test", replica("cart"));
  assert.match(await raw(host, "GET / HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(await raw(host, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(await raw(host, "GET http://shop.test/ HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 /);
});

test("the answer tells who answered and what arrived", async (t) => {
  const host = await hostFor(t);
  host.bind("shop.test", replica("cart"));
  const { body } = await get(host, "shop.test:81", "/a/../b?c=d", { "X-Workload-Id": "w" });
  const { headers, ...told } = JSON.parse(body) as DemoAnswer;
  assert.deepEqual(told, {
    host: "amber",
    hostId: "id-of-amber",
    address: host.authority,
    workload: "shop/cart",
    workloadId: "id-of-cart",
    authority: "shop.test:81",
    protocol: "HTTP/1.1",
    method: "GET",
    path: "/a/../b?c=d",
  });
  assert.equal(headers["x-workload-id"], "w");
});

test("who does not ask for JSON gets one line to read", async (t) => {
  const host = await hostFor(t);
  host.bind("shop.test", replica("cart"));
  const { body } = await get(host, "shop.test", "/", { accept: "*/*" });
  assert.equal(body, `shop.test is served by shop/cart on host amber (${host.authority}), HTTP/1.1\n`);
});

test("each request picks among the replicas of a name, whatever their namespace, until they are unbound", async (t) => {
  const picks = [0, 0.99, 0.5];
  const host = await hostFor(t, { chance: () => picks.shift() ?? 0 });
  host.bind("shop.test", replica("one"));
  host.bind("shop.test", { workload: "rival/two", workloadId: "id-of-two" });
  const who = async (): Promise<string> => JSON.parse((await get(host, "shop.test")).body).workload;
  assert.deepEqual([await who(), await who(), await who()], ["shop/one", "rival/two", "rival/two"]);
  host.unbind("shop.test", "id-of-two");
  assert.equal(await who(), "shop/one");
  host.rebind(new Map());
  assert.equal((await get(host, "shop.test")).status, 404);
});

test("a stopping replica answers 503, a trapping one 500, both empty; an application's own status has a body", async (t) => {
  const host = await hostFor(t);
  host.bind("stopping.test", { ...replica("cart"), stopping: true });
  host.bind("shop.test", replica("cart"));
  assert.deepEqual([(await get(host, "stopping.test")).status, (await get(host, "stopping.test")).body], [503, ""]);
  const trapped = await get(host, "shop.test", "/trap");
  assert.deepEqual([trapped.status, trapped.body], [500, ""]);
  const own = await get(host, "shop.test", "/status/503");
  assert.equal(own.status, 503);
  assert.match(own.body, /shop\/cart/);
});

test("where it is told to, a request waits a while for its name to be bound", async (t) => {
  const host = await hostFor(t, { lateBindingMs: 60_000 });
  const waiting = get(host, "shop.test");
  while (host.arrived === 0) await new Promise((fulfil) => setImmediate(fulfil));
  host.bind("other.test", replica("other"));
  host.rebind(new Map([["shop.test", [replica("cart")]]]));
  assert.equal((await waiting).status, 200);
  const hasty = await hostFor(t, { lateBindingMs: 1 });
  assert.equal((await get(hasty, "shop.test")).status, 404);
});

test("/stream sends its events one by one", async (t) => {
  const host = await hostFor(t);
  host.bind("shop.test", replica("cart"));
  const { headers, body } = await get(host, "shop.test", "/stream?count=2&everyMs=1");
  assert.equal(headers["content-type"], "text/event-stream");
  assert.equal(body, "id: 1\ndata: shop/cart\n\nid: 2\ndata: shop/cart\n\n");
});

test("HTTP/1.1 connections are kept", async (t) => {
  const host = await hostFor(t);
  host.bind("shop.test", replica("cart"));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (let i = 0; i < 3; i++) {
    const request = httpRequest({ port: host.port, host: "127.0.0.1", agent, headers: { host: "shop.test" } }).end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await textOf(response);
  }
  assert.deepEqual([host.arrived, host.connections], [3, 1]);
});

async function exchange(session: ClientHttp2Session, headers: Record<string, string>, body = "") {
  const stream: ClientHttp2Stream = session.request(headers, { endStream: false });
  const head = once(stream, "response");
  const trailers = new Promise<Record<string, unknown>>((fulfil) => {
    stream.once("trailers", fulfil);
    stream.once("end", () => fulfil({}));
  });
  stream.end(body);
  const [response] = (await head) as [Record<string, unknown>];
  const text = await textOf(stream);
  return { status: response[":status"], body: text, trailers: await trailers };
}

test("HTTP/2 with prior knowledge is spoken on the same port, and gRPC gets trailers", async (t) => {
  const host = await hostFor(t);
  host.bind("shop.test", replica("cart"));
  const session = connectHttp2(`http://${host.authority}`);
  t.after(() => session.destroy());
  const plain = await exchange(session, { ":path": "/", ":authority": "shop.test", accept: "application/json" });
  assert.equal(plain.status, 200);
  assert.equal((JSON.parse(plain.body) as DemoAnswer).protocol, "HTTP/2.0");
  const grpc = {
    ":method": "POST",
    ":path": "/cart.Cart/Get",
    ":authority": "shop.test",
    "content-type": "application/grpc",
  };
  const called = await exchange(session, grpc, "frames");
  assert.equal(called.body, "frames");
  assert.equal(called.trailers["grpc-status"], "0");
  assert.equal((await exchange(session, { ":path": "/", ":authority": "other.test" })).status, 404);
});

test("a preface that arrives byte by byte is still HTTP/2, and PUT is not", async (t) => {
  const host = await hostFor(t);
  host.bind("shop.test", replica("cart"));
  const socket = connectTcp(host.port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.setNoDelay(true);
  for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
    socket.write(byte);
    await new Promise((fulfil) => setImmediate(fulfil));
  }
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])); // an empty SETTINGS frame
  const [reply] = (await once(socket, "data")) as [Buffer];
  assert.equal(reply[3], 4, "SETTINGS come back");
  assert.match(await raw(host, "PUT / HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\n\r\n"), /^HTTP\/1\.1 200 /);
});

test("refusing refuses, answering again answers on the same port", async (t) => {
  const host = await hostFor(t);
  host.bind("shop.test", replica("cart"));
  await host.setMode("refusing");
  await assert.rejects(get(host, "shop.test"), { code: "ECONNREFUSED" });
  await host.setMode("answering");
  assert.equal((await get(host, "shop.test")).status, 200);
});

test("frozen accepts and does not answer; thawed it answers what has waited", async (t) => {
  const host = await hostFor(t);
  host.bind("shop.test", replica("cart"));
  await host.setMode("frozen");
  let answered = false;
  const waiting = get(host, "shop.test").finally(() => {
    answered = true;
  });
  while (host.arrived === 0) await new Promise((fulfil) => setImmediate(fulfil));
  assert.equal(answered, false);
  await host.setMode("answering");
  assert.equal((await waiting).status, 200);
});

test("it listens on IPv6 and on other loopback addresses", async (t) => {
  for (const address of ["::1", "127.0.0.7"]) {
    const host = await hostFor(t, { address });
    const socket = connectTcp(host.port, address);
    socket.end("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert.match(await textOf(socket), /^HTTP\/1\.1 404 /);
  }
});

test("with a certificate it speaks TLS only, HTTP/2 where ALPN says so", async (t) => {
  const host = await hostFor(t, { tls: await selfSigned(t) });
  host.bind("shop.test", replica("cart"));
  const session = connectHttp2(`https://${host.authority}`, { rejectUnauthorized: false });
  t.after(() => session.destroy());
  assert.equal((await exchange(session, { ":path": "/", ":authority": "shop.test" })).status, 200);
  const old = connectTls({ port: host.port, host: "127.0.0.1", rejectUnauthorized: false });
  old.write("GET / HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\n\r\n");
  assert.match(await textOf(old), /^HTTP\/1\.1 200 /);
  await assert.rejects(get(host, "shop.test"), /hang up|ECONNRESET/);
});
