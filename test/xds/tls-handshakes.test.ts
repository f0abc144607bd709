/** The xDS port over mutual TLS, over real sockets. */
import assert from "node:assert/strict";
import { connect as connectPlain } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as connectTls, type SecureContextOptions, type TLSSocket } from "node:tls";
import { Client, credentials as grpcCredentials } from "@grpc/grpc-js";
import type { HandshakeFailure } from "../../src/xds/handshake-failure.ts";
import type { ProxyClient, XdsObserver } from "../../src/xds/observer.ts";
import { type TlsOptions, XdsServer } from "../../src/xds/server.ts";
import type { TlsCredentials } from "../../src/xds/tls-handshakes.ts";
import { Authority, HOUR } from "../tls/certificates.ts";
import { DeltaClient } from "./client.ts";
import { CLUSTER } from "./resources.ts";
import { storeOf } from "./running-server.ts";

type Context = TlsCredentials["context"];

/** Credentials that a test changes. */
class Changing implements TlsCredentials {
  context: Context;
  readonly #listeners = new Set<(context: Context) => void>();

  constructor(context: Context) {
    this.context = context;
  }

  onChange(listener: (context: Context) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  change(context: Context): void {
    this.context = context;
    for (const listener of this.#listeners) listener(context);
  }
}

interface Port {
  readonly port: number;
  readonly server: XdsServer;
  readonly credentials: Changing;
  readonly clients: ProxyClient[];
  readonly failures: HandshakeFailure[];
  readonly peers: string[];
  until(holds: () => boolean): Promise<void>;
}

const authority = new Authority();
const contextOf = (own: Authority, ...trusted: readonly Authority[]): Context => ({
  ...own.server(),
  ca: trusted.map(({ cert }) => cert),
});

async function tlsPort(t: TestContext, options: Partial<TlsOptions> = {}): Promise<Port> {
  const clients: ProxyClient[] = [];
  const failures: HandshakeFailure[] = [];
  const peers: string[] = [];
  const store = storeOf("a.test");
  const observer: XdsObserver = {
    handshakeFailed: (peer, failure) => {
      failures.push(failure);
      peers.push(peer);
    },
  };
  const server = new XdsServer({
    assign: (client) => {
      clients.push(client);
      return { fleet: "edge", store };
    },
    observer,
  });
  const credentials = new Changing(contextOf(authority, authority));
  const bound = await server.listenTls("127.0.0.1:0", { credentials, ...options });
  if ("cause" in bound) throw new Error(bound.cause);
  t.after(() => server.close(0));
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((settle) => setTimeout(settle, 2));
  };
  return { port: bound.port, server, credentials, clients, failures, peers, until };
}

function xdsClient(port: number, { cert, key }: { cert: string; key: string }, trusted = authority): DeltaClient {
  const secure = grpcCredentials.createSsl(Buffer.from(trusted.cert), Buffer.from(key), Buffer.from(cert));
  return new DeltaClient({
    port,
    over: new Client(`localhost:${port}`, secure, { "grpc.use_local_subchannel_pool": 1 }),
  });
}

/** A handshake by hand: the socket once it is over for the client, which in TLS 1.3 is before the server has looked at its certificate. */
async function handshake(port: number, options: SecureContextOptions & { session?: Buffer }): Promise<TLSSocket> {
  const socket = connectTls({
    port,
    host: "127.0.0.1",
    servername: "localhost",
    ALPNProtocols: ["h2"],
    ca: authority.cert,
    ...options,
  });
  socket.on("error", () => undefined);
  await new Promise((settle) => socket.once("secureConnect", settle).once("close", settle));
  return socket;
}

const closed = (socket: TLSSocket): Promise<unknown> =>
  new Promise((settle) => {
    if (socket.closed) settle(undefined);
    else socket.once("close", settle).resume();
  });

test("rule 10: a client is known by the names of its certificate", async (t) => {
  const { port, clients } = await tlsPort(t);
  const client = xdsClient(port, authority.client(["public.fleet.test", "spiffe://test/envoy"]));
  client.subscribe(CLUSTER, []);
  await client.next(CLUSTER);
  assert.deepEqual(clients[0]?.names, ["DNS:public.fleet.test", "URI:spiffe://test/envoy"]);
  client.close();
});

const stranger = new Authority("stranger");
const refused: readonly (readonly [why: string, options: SecureContextOptions, failure: Partial<HandshakeFailure>])[] =
  [
    ["no certificate", {}, { kind: "no-certificate", cause: "shows no certificate" }],
    [
      "an expired certificate",
      authority.client(["a.test"], { fromMs: -2 * HOUR, toMs: -HOUR }),
      { kind: "expired", cause: "shows a certificate that has expired" },
    ],
    [
      "a certificate that is not valid yet",
      authority.client(["a.test"], { fromMs: HOUR / 2 }),
      { kind: "expired", cause: "shows a certificate that is not valid yet" },
    ],
    [
      "another authority's certificate",
      stranger.client(["a.test"]),
      {
        kind: "untrusted",
        cause: "shows a certificate of an authority that is not ours (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
      },
    ],
    [
      "a certificate for servers",
      authority.server(["a.test"]),
      { kind: "untrusted", cause: "shows a certificate that is not for clients" },
    ],
  ];
for (const [why, options, { kind, cause }] of refused)
  test(`rule 10: refused at the handshake, and the cause is told: ${why}`, async (t) => {
    const { port, failures, peers, clients, until } = await tlsPort(t);
    await closed(await handshake(port, options));
    await until(() => failures.length > 0);
    assert.deepEqual([failures[0]?.kind, failures[0]?.cause], [kind, cause]);
    assert.deepEqual([failures.length, clients], [1, []]);
    assert.match(peers[0] ?? "", /^127\.0\.0\.1:\d+$/);
  });

test("rule 10: a client that does not speak TLS is refused, and told of", async (t) => {
  const { port, failures, until } = await tlsPort(t);
  const socket = connectPlain(port, "127.0.0.1");
  socket.on("error", () => undefined).resume();
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  await until(() => failures.length > 0);
  assert.equal(failures[0]?.kind, "plaintext");
  socket.destroy();
});

test("other certificates count for the next connection; those there are go on", async (t) => {
  const { port, credentials } = await tlsPort(t);
  const before = authority.client(["a.test"]);
  const old = xdsClient(port, before);
  old.subscribe(CLUSTER, []);
  await old.accept(CLUSTER);
  const next = new Authority("next");
  credentials.change(contextOf(next, next));
  const socket = await handshake(port, { ...next.client(["b.test"]), ca: next.cert });
  assert.equal(socket.authorized, true);
  socket.destroy();
  old.subscribe(CLUSTER, ["missing.test"]);
  assert.deepEqual((await old.accept(CLUSTER)).removedResources, ["missing.test"]);
  old.close();
});

test("a bundle of the old authority and the new one admits clients of both", async (t) => {
  const { port, credentials, clients, until } = await tlsPort(t);
  const next = new Authority("next");
  credentials.change(contextOf(authority, authority, next));
  for (const [i, own] of [authority, next].entries()) {
    const client = xdsClient(port, own.client([`${i}.test`]));
    client.subscribe(CLUSTER, []);
    await until(() => clients.length === i + 1);
    client.close();
  }
  assert.deepEqual(
    clients.flatMap(({ names }) => names),
    ["DNS:0.test", "DNS:1.test"],
  );
});

test("who comes back after its authority was dropped is refused, whatever it remembers of the last connection", async (t) => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const { port, credentials, failures, until } = await tlsPort(t);
    const client = authority.client(["a.test"]);
    let session: Buffer | undefined;
    const first = connectTls({
      port,
      host: "127.0.0.1",
      servername: "localhost",
      ALPNProtocols: ["h2"],
      ca: authority.cert,
      maxVersion,
      ...client,
    });
    first.on("session", (given: Buffer) => {
      session = given;
    });
    await new Promise((settle) => first.once("secureConnect", settle));
    await new Promise((settle) => first.once("data", settle)); // the server's SETTINGS come behind any ticket
    session ??= first.getSession();
    first.destroy();
    const again = await handshake(port, { ...client, maxVersion, ...(session === undefined ? {} : { session }) });
    assert.equal(again.isSessionReused(), false, `${maxVersion}: nothing is resumed`);
    again.destroy();
    credentials.change(contextOf(authority, stranger));
    await closed(await handshake(port, { ...client, maxVersion, ...(session === undefined ? {} : { session }) }));
    await until(() => failures.some(({ kind }) => kind === "untrusted"));
  }
});

test("a connection that became too old is told to go: its streams end in order, and the next is another connection", async (t) => {
  const { port, clients, until, server } = await tlsPort(t, { maxAgeMs: 1_500 });
  const over = new Client(
    `localhost:${port}`,
    grpcCredentials.createSsl(Buffer.from(authority.cert), ...pairOf(authority.client(["a.test"]))),
    { "grpc.use_local_subchannel_pool": 1 },
  );
  const first = new DeltaClient({ port, over });
  first.subscribe(CLUSTER, []);
  const { resources = [] } = await first.accept(CLUSTER);
  assert.equal((await first.wire.ended).code, 0);
  const versions = Object.fromEntries(resources.map(({ name, version }) => [name ?? "", version ?? ""]));
  const second = new DeltaClient({ port, over });
  second.subscribe(CLUSTER, [], versions);
  await until(() => clients.length === 2);
  assert.deepEqual(await second.rest(), [], "who has everything is sent nothing");
  assert.equal(clients[0]?.node.id, clients[1]?.node.id);
  assert.notEqual(clients[0]?.peer, clients[1]?.peer);
  await until(() => server.snapshot().length === 0);
  over.close();
});

const pairOf = ({ cert, key }: { cert: string; key: string }) => [Buffer.from(key), Buffer.from(cert)] as const;

test("a port in use, and no address at all, are values as without TLS", async (t) => {
  const { port, server, credentials } = await tlsPort(t);
  const taken = await server.listenTls(`127.0.0.1:${port}`, { credentials });
  assert.ok("cause" in taken && taken.code === "EADDRINUSE", JSON.stringify(taken));
  const nowhere = await server.listenTls("nonsense", { credentials });
  assert.ok("cause" in nowhere && nowhere.code === "other", JSON.stringify(nowhere));
});

test("closing waits for nobody in the middle of a handshake", async (t) => {
  const { port, server } = await tlsPort(t);
  const silent = connectPlain(port, "127.0.0.1");
  silent.on("error", () => undefined).resume();
  await new Promise((settle) => silent.once("connect", settle));
  await server.close(10_000);
  await new Promise((settle) => (silent.closed ? settle(undefined) : silent.once("close", settle)));
});
