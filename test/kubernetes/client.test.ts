import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { HttpKubernetesClient } from "../../src/kubernetes/client.ts";
import { ApiError } from "../../src/kubernetes/failure.ts";
import type { Access } from "../../src/kubernetes/kubeconfig.ts";
import { plainAccess, until } from "./observed-reflector.ts";

const asked = { verb: "list", plural: "widgets", group: "test", namespace: undefined } as const;

async function against(t: TestContext, answer: RequestListener, like: (plain: Access) => Access = (plain) => plain) {
  const server = createServer(answer);
  let connections = 0;
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = new HttpKubernetesClient(like(plainAccess(`http://127.0.0.1:${port}`)));
  t.after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  const aborting = new AbortController();
  const get = (path = "/", answerMs = 10_000, fresh = false) =>
    client.get(path, { asked, signal: aborting.signal, answerMs, fresh });
  return { port, get, aborting, connections: () => connections };
}

async function textOf(answer: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

const failing = async (request: Promise<unknown>) => {
  const error = await request.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof ApiError, String(error));
  return error.failure;
};

test("one connection serves request after request", async (t) => {
  const { get, connections } = await against(t, (request, response) => response.end(request.url));
  assert.deepEqual([await textOf(await get("/a")), await textOf(await get("/b"))], ["/a", "/b"]);
  assert.equal(connections(), 1);
});

test("a request that wants a fresh connection gives up those that wait, and what comes later uses its own", async (t) => {
  const { get, connections } = await against(t, (request, response) => response.end(request.url));
  await Promise.all([get("/a"), get("/b")].map(async (answer) => await textOf(await answer)));
  assert.equal(connections(), 2);
  await textOf(await get("/c", 10_000, true));
  assert.equal(connections(), 3);
  await Promise.all([get("/d"), get("/e")].map(async (answer) => await textOf(await answer)));
  assert.equal(connections(), 4, "one of these used that of /c, and none of before was left");
});

test("every request says who asks, by the token of its moment", async (t) => {
  const { get } = await against(
    t,
    ({ headers }, response) => response.end(`${headers["authorization"]} ${headers["user-agent"]}`),
    (plain) => ({ ...plain, user: { name: "me", token: "secret\n" } }),
  );
  assert.equal(await textOf(await get()), "Bearer secret signalbox");
});

test("an answer aborted before anybody read it ends its connection and nothing else", async (t) => {
  let closed = false;
  const { get, aborting } = await against(t, (_, response) => {
    response.once("close", () => {
      closed = true;
    });
    response.write("first");
  });
  await get();
  aborting.abort(new Error("no longer wanted"));
  await until("the connection ended", () => closed);
  await setImmediate(); // an error nobody listens for would end the process here
});

test("an abort while it is read is told to the reader", async (t) => {
  const { get, aborting } = await against(t, (_, response) => void response.write("first"));
  const reading = textOf(await get());
  aborting.abort(new Error("no longer wanted"));
  await assert.rejects(reading, /no longer wanted/);
});

test("an abort before the request, or before its answer, is its error", async (t) => {
  const { get, aborting } = await against(t, () => undefined);
  const waiting = get();
  aborting.abort(new Error("no longer wanted"));
  await assert.rejects(waiting, /no longer wanted/);
  await assert.rejects(get(), /no longer wanted/);
});

test("no head within the bound", async (t) => {
  const { get, port } = await against(t, () => undefined);
  const failure = await failing(get("/", 50));
  assert.equal(failure.code, "silent");
  assert.match(failure.cause, new RegExp(`127\\.0\\.0\\.1:${port} said nothing`));
});

const rows: readonly (readonly [body: string, says: RegExp, why: string])[] = [
  ['{"kind":"Status","message":"the words"}', /the words \(500\)/, "the message of a Status object"],
  ["<html>bad gateway</html>", /<html>bad gateway<\/html> \(500\)/, "the beginning of anything else"],
  ["", /HTTP status 500/, "the status code where there is nothing"],
];
for (const [body, says, why] of rows)
  test(`a refusal is told with ${why}`, async (t) => {
    const { get } = await against(t, (_, response) => response.writeHead(500).end(body));
    assert.match((await failing(get())).cause, says);
  });

test("Retry-After is read in seconds, bounded, and ignored where it is a date", async (t) => {
  const values = ["7", "100000", "Wed, 21 Oct 2026 07:28:00 GMT"];
  const { get } = await against(t, (_, response) => {
    response.writeHead(429, { "retry-after": values.shift() ?? "" }).end();
  });
  assert.deepEqual(
    [await failing(get()), await failing(get()), await failing(get())].map(({ retryAfterMs }) => retryAfterMs),
    [7_000, 300_000, undefined],
  );
});

test("an HTTP proxy that the kubeconfig names is used", async (t) => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.end("by the proxy");
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`;
  const { get, port } = await against(
    t,
    (_, response) => response.end("directly"),
    (plain) => ({ ...plain, cluster: { ...plain.cluster, proxyUrl } }),
  );
  assert.equal(await textOf(await get("/path")), "by the proxy");
  assert.deepEqual(seen, [`http://127.0.0.1:${port}/path`]);
});
