/** The server for any program: what it is given, its clients are given. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, credentials as credentialsOf } from "@grpc/grpc-js";
import { type PlainResource, PlainServer, type PlainServerOptions } from "../../src/xds/plain-server.ts";
import { Authority } from "../tls/certificates.ts";
import { DeltaClient, NODE, SotwClient } from "./client.ts";
import { names, versions } from "./reading.ts";
import { ASSIGNMENT, CLUSTER, ROUTE } from "./resources.ts";

const resource = (type: string, name: string, content = "1"): PlainResource => ({
  type,
  name,
  bytes: new TextEncoder().encode(content),
});

async function serving(
  options: PlainServerOptions,
  body: (server: PlainServer, port: number) => Promise<void>,
): Promise<void> {
  const server = new PlainServer({ graceMs: 0, ...options });
  const listening = await server.listen("127.0.0.1:0");
  assert.ok("port" in listening);
  try {
    await body(server, listening.port);
  } finally {
    await server.close(0);
  }
}

test("what is put is sent, what is put again with other bytes is sent again, what is removed is taken away", () =>
  serving({}, async (server, port) => {
    server.put([resource(CLUSTER, "a"), resource(CLUSTER, "b")]);
    const client = new DeltaClient({ port });
    client.subscribe(CLUSTER, []);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["a", "b"]);
    server.put([resource(CLUSTER, "a"), resource(CLUSTER, "b", "2")]);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["b"]);
    server.remove([{ type: CLUSTER, name: "a" }]);
    assert.deepEqual((await client.accept(CLUSTER)).removedResources, ["a"]);
    assert.deepEqual(await client.rest(), []);
    assert.deepEqual(
      server.deliveries(CLUSTER, "b").map(({ state }) => state),
      ["acknowledged"],
    );
    assert.deepEqual(
      server.clients().map(({ node, fleet }) => [node.id, fleet]),
      [["edge-1", ""]],
    );
    client.close();
  }));

test("replace leaves exactly what it is given, of every type", () =>
  serving({}, async (server, port) => {
    server.replace([resource(CLUSTER, "a"), resource(CLUSTER, "b"), resource(ROUTE, "r")]);
    const client = new DeltaClient({ port });
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER);
    client.subscribe(ROUTE, ["*"]);
    await client.accept(ROUTE);
    server.replace([resource(CLUSTER, "a"), resource(CLUSTER, "c")]);
    assert.deepEqual(names(await client.accept(CLUSTER)), ["c"]);
    assert.deepEqual((await client.accept(ROUTE)).removedResources, ["r"]);
    assert.deepEqual((await client.accept(CLUSTER)).removedResources, ["b"], "a cluster goes last");
    client.close();
  }));

test("versions are hashes of the bytes unless the program has its own", () =>
  serving({}, async (server, port) => {
    server.put([resource(ASSIGNMENT, "a"), { ...resource(ASSIGNMENT, "b"), version: "mine" }]);
    const client = new DeltaClient({ port });
    client.subscribe(ASSIGNMENT, ["a", "b"]);
    assert.deepEqual(versions(await client.accept(ASSIGNMENT)), { a: "6b86b273ff34fce1", b: "mine" }); // SHA-256 of "1"
    client.close();
  }));

test("nothing is said before the first call; an empty one says that there is nothing", () =>
  serving({}, async (server, port) => {
    const client = new SotwClient({ port });
    client.subscribe(CLUSTER, []);
    while (server.clients().length === 0) await new Promise((settle) => setTimeout(settle, 2));
    assert.deepEqual(client.wire.received, []);
    server.replace([]);
    assert.deepEqual((await client.accept(CLUSTER, [])).resources ?? [], []);
    client.close();
  }));

test("a route waits for what it requires, and an assignment follows its cluster", () =>
  serving({}, async (server, port) => {
    const follows = { companion: { type: ASSIGNMENT, name: "a" } };
    server.put([
      { ...resource(CLUSTER, "a"), ...follows },
      resource(ASSIGNMENT, "a"),
      { ...resource(ROUTE, "r"), requires: [{ type: CLUSTER, name: "a" }] },
    ]);
    const client = new DeltaClient({ port });
    client.subscribe(ROUTE, ["r"]);
    assert.deepEqual(await client.rest(), []);
    client.subscribe(CLUSTER, []);
    await client.accept(CLUSTER);
    client.subscribe(ASSIGNMENT, ["a"]);
    await client.accept(ASSIGNMENT);
    assert.deepEqual(names(await client.accept(ROUTE)), ["r"]);
    server.put([{ ...resource(CLUSTER, "a", "2"), ...follows }]);
    await client.accept(CLUSTER);
    assert.deepEqual(names(await client.accept(ASSIGNMENT)), ["a"]);
    client.close();
  }));

test("each group has its own, and who waits for a group is ended when it is there", () => {
  const waiting = Promise.withResolvers<void>();
  const observer = { unassigned: () => waiting.resolve() };
  return serving({ groupOf: ({ node }) => node.cluster, observer }, async (server, port) => {
    server.put([resource(CLUSTER, "a")], "edge");
    const edge = new DeltaClient({ port });
    edge.subscribe(CLUSTER, []);
    assert.deepEqual(names(await edge.accept(CLUSTER)), ["a"]);
    const early = new DeltaClient({ port, node: { ...NODE, cluster: "inner" } });
    early.subscribe(CLUSTER, []);
    await waiting.promise;
    server.put([resource(CLUSTER, "b")], "inner");
    await early.wire.ended;
    const inner = new DeltaClient({ port, node: { ...NODE, cluster: "inner" } });
    inner.subscribe(CLUSTER, []);
    assert.deepEqual(names(await inner.accept(CLUSTER)), ["b"]);
    assert.deepEqual(await edge.rest(), []);
    for (const client of [edge, early, inner]) client.close();
  });
});

test("plaintext off loopback must be asked for", async () => {
  const server = new PlainServer();
  const refused = await server.listen("0.0.0.0:0");
  assert.ok("cause" in refused);
  assert.match(`${refused.cause}. ${refused.remedy}`, /not a loopback address.*plaintextOffLoopback/);
  await server.close(0);
});

test("over TLS, a client's group may be told by what its certificate proves", async (t) => {
  const authority = new Authority();
  const credentials = { context: { ...authority.server(), ca: authority.cert }, onChange: () => () => undefined };
  const server = new PlainServer({ groupOf: ({ names: proved }) => proved?.[0] });
  t.after(() => server.close(0));
  const listening = await server.listenTls("127.0.0.1:0", { credentials });
  assert.ok("port" in listening);
  server.put([resource(CLUSTER, "a")], "DNS:one.test");
  server.put([resource(CLUSTER, "b")], "DNS:two.test");
  const { cert, key } = authority.client(["two.test"]);
  const secure = credentialsOf.createSsl(Buffer.from(authority.cert), Buffer.from(key), Buffer.from(cert));
  const over = new Client(`localhost:${listening.port}`, secure);
  t.after(() => over.close());
  const client = new DeltaClient({ port: 0, over });
  client.subscribe(CLUSTER, []);
  assert.deepEqual(names(await client.accept(CLUSTER)), ["b"]);
  client.close();
});
