import assert from "node:assert/strict";
import { get, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type TestContext, test } from "node:test";
import { serveAdminHttp } from "../../src/admin/http.ts";
import type { AdminModel } from "../../src/admin/model.ts";
import { routesOf } from "../../src/admin/routes.ts";
import type { HostnamePlacement } from "../../src/placement/placement.ts";
import { fakeModel, host, stranger, workload } from "./fake-model.ts";

const model = fakeModel({
  records: [host(1), workload("cart", "Shop.example.com"), workload("till", "till.test", { hostId: "id-9" })],
});

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly host?: string;
}

/** A server over the model; gives what asks it. */
async function served(t: TestContext, over: AdminModel = model, ip = "127.0.0.1") {
  const errors: string[] = [];
  const server = await serveAdminHttp({
    address: { ip, port: 0 },
    routes: routesOf(over, async () => ({ contentType: "text/plain; version=0.0.4", text: "up 1\n" })),
    onError: (path, cause) => errors.push(`${path}: ${String(cause)}`),
  });
  t.after(() => server.close());
  const ask = (path: string, { method = "GET", host: name }: Asked = {}): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const headers = name === undefined ? {} : { host: name };
      const sent = request({ host: ip, port: server.port, path, method, headers, agent: false }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }),
        );
        response.on("error", reject);
      });
      sent.on("error", reject);
      sent.end();
    });
  return { ask, errors, port: server.port };
}

test("probes and Prometheus are answered, whatever name they come by", async (t) => {
  const { ask } = await served(t);
  for (const asked of [{}, { host: "signalbox.wasmcloud.svc:19100" }]) {
    assert.deepEqual([(await ask("/healthz", asked)).status, (await ask("/readyz", asked)).body], [200, "ready\n"]);
    const metrics = await ask("/metrics", asked);
    assert.deepEqual([metrics.headers["content-type"], metrics.body], ["text/plain; version=0.0.4", "up 1\n"]);
  }
});

test("before it is ready, /readyz says what is missing and /healthz is fine", async (t) => {
  const waiting = fakeModel({
    records: [],
    changes: { readiness: () => ({ ready: false, waitingFor: ["Hosts", "Workloads"] }) },
  });
  const { ask } = await served(t, waiting);
  const { status, body } = await ask("/readyz");
  assert.deepEqual([status, body], [503, "waiting for:\n- Hosts\n- Workloads\n"]);
  assert.equal((await ask("/healthz")).status, 200);
});

test("the index lists every path, and each of them answers", async (t) => {
  const { ask } = await served(t);
  const { body } = await ask("/");
  const paths = body.match(/^\/\S*/gm) ?? [];
  assert.equal(paths.length, 10);
  for (const path of paths) assert.ok([200, 400].includes((await ask(path.replace(/\?.*/, ""))).status ?? 0), path);
});

test("one hostname: owner, claims, replicas, endpoints", async (t) => {
  const { ask } = await served(t);
  const { status, headers, body } = await ask("/debug/placement?hostname=SHOP.example.com");
  assert.deepEqual(
    [status, headers["content-type"], headers["cache-control"]],
    [200, "application/json; charset=utf-8", "no-store"],
  );
  assert.deepEqual(JSON.parse(body), {
    hostname: "shop.example.com",
    owner: "shop",
    claims: [
      {
        object: "Workload shop/cart",
        root: "Workload/cart",
        since: "2026-01-02T03:04:05.000Z",
        spelling: "Shop.example.com",
        verdict: "owner",
      },
    ],
    replicas: [
      {
        workload: "cart",
        workloadId: "uid-cart",
        host: "host-1",
        hostGroup: "",
        address: "10.0.0.1:8080",
        phase: "ready",
        contaminated: false,
      },
    ],
    fleets: [
      {
        fleet: "public",
        endpoints: [
          {
            address: "10.0.0.1:8080",
            phase: "ready",
            weight: 1,
            authority: "Shop.example.com",
            workloadId: "uid-cart",
          },
        ],
        proxies: 2,
        acknowledged: 1,
      },
    ],
  });
  assert.equal((await ask("/debug/placement?hostname=nobody.test")).status, 404);
});

test("workloads are found by ID, by name, by host and by hostname", async (t) => {
  const { ask } = await served(t);
  const found = async (query: string): Promise<readonly string[]> => {
    const { workloads } = JSON.parse((await ask(`/debug/lookup?${query}`)).body) as { workloads: { name: string }[] };
    return workloads.map(({ name }) => name);
  };
  assert.deepEqual(await found("workload=uid-cart"), ["cart"]);
  assert.deepEqual(await found("workload=shop/till"), ["till"]);
  assert.deepEqual(await found("host=id-1"), ["cart"]);
  assert.deepEqual(await found("hostname=till.test"), ["till"]);
  assert.deepEqual(await found("workload=nobody"), []);
});

test("a proxy without a fleet is counted, and told with what a fleet could select it by", async (t) => {
  const { ask } = await served(t, fakeModel({ records: [], changes: { unassigned: () => [stranger("edge-9")] } }));
  const { proxies, unassigned } = JSON.parse((await ask("/debug/proxies")).body);
  assert.equal(proxies.length, 2);
  assert.deepEqual(unassigned, [
    {
      ...{ nodeId: "edge-9", nodeCluster: "lost", metadata: { zone: "b" }, peer: "127.0.0.1:50001" },
      ...{ names: ["DNS:lost.test"], transport: "ads-delta", userAgent: "envoy 1.40.0" },
    },
  ]);
  assert.equal(JSON.parse((await ask("/debug/status")).body).unassigned, 1);
});

test("proxies, problems, status and explanations are JSON", async (t) => {
  const { ask } = await served(t);
  const told = async (path: string): Promise<Record<string, unknown>> => JSON.parse((await ask(path)).body);
  const { proxies } = await told("/debug/proxies");
  assert.deepEqual(
    (proxies as { nodeId: string; connectedAt: string }[]).map(({ nodeId }) => nodeId),
    ["edge-1", "edge-2"],
  );
  const { problems } = await told("/debug/problems");
  assert.deepEqual(
    (problems as { code: string }[]).map(({ code }) => code),
    ["host-unknown"],
  );
  const status = await told("/debug/status");
  assert.deepEqual(
    [status["ready"], status["hostnames"], status["version"], status["startedAt"]],
    [true, 2, "1.2.3", "2026-01-02T03:04:05.000Z"],
  );
  assert.deepEqual(status["fleets"], [
    { name: "public", hostnames: 2, withoutEndpoint: 1, proxies: 2, current: 2 },
    { name: "internal", hostnames: 0, withoutEndpoint: 0, proxies: 0, current: 0 },
  ]);
  assert.equal((await told("/debug/explain?hostname=shop.example.com"))["ok"], true);
});

const refusals: readonly (readonly [path: string, asked: Asked, status: number, words: RegExp])[] = [
  ["/debug/placements", {}, 404, /^There is no \/debug\/placements\. There is:[\s\S]*\/debug\/placement\?hostname=/],
  ["/debug/explain", {}, 400, /hostname=shop\.example\.com/],
  ["/debug/explain?host=a", {}, 400, /^\/debug\/explain takes hostname, not host\.$/m],
  ["/debug/proxies?x=1", {}, 400, /^\/debug\/proxies takes no parameter, not x\.$/m],
  ["/debug/lookup", {}, 400, /^Say one: /],
  ["/debug/lookup?workload=a&host=b", {}, 400, /^Say one: /],
  ["/debug/status", { method: "POST" }, 405, /^Only GET/],
  [
    "/debug/status",
    { host: "rebound.example.com" },
    403,
    /^Ask by IP address or as localhost: "rebound\.example\.com"/,
  ],
  ["/", { host: "localhost.example.com:19100" }, 403, /^Ask by IP/],
  ["/nothing", { host: "evil.test" }, 403, /^Ask by IP/],
];
for (const [path, asked, status, words] of refusals)
  test(`${JSON.stringify(asked)} ${path}: ${status}`, async (t) => {
    const { ask } = await served(t);
    const reply = await ask(path, asked);
    assert.equal(reply.status, status);
    assert.match(reply.body, words);
    assert.equal(reply.headers.allow, status === 405 ? "GET, HEAD" : undefined);
  });

for (const name of ["localhost", "LOCALHOST:19100", "127.0.0.1:19100", "[::1]:19100", "10.1.2.3"])
  test(`asked as ${name}, it answers: no web page can make a browser say that`, async (t) => {
    const { ask } = await served(t);
    assert.equal((await ask("/debug/status", { host: name })).status, 200);
  });

test("it listens on IPv6 loopback", async (t) => {
  const { ask } = await served(t, model, "::1");
  assert.equal((await ask("/healthz")).status, 200);
});

test("HEAD is GET without the body", async (t) => {
  const { ask } = await served(t);
  const { status, body } = await ask("/debug/placement", { method: "HEAD" });
  assert.deepEqual([status, body], [200, ""]);
});

test("a fault of ours is a 500 without details, and told to the log", async (t) => {
  const broken = fakeModel({
    records: [],
    changes: {
      problems: () => {
        throw new Error("secret detail");
      },
    },
  });
  const { ask, errors } = await served(t, broken);
  const { status, body } = await ask("/debug/problems");
  assert.deepEqual([status, body], [500, "This is a fault of Signalbox; its log tells more.\n"]);
  assert.deepEqual(errors, ["/debug/problems: Error: secret detail"]);
});

test("a taken port is an error with the system's code", async (t) => {
  const { port } = await served(t);
  const again = serveAdminHttp({ address: { ip: "127.0.0.1", port }, routes: [], onError: () => undefined });
  await assert.rejects(again, { code: "EADDRINUSE" });
});

/** As many hostnames as asked for, all alike. */
function large(count: number): AdminModel {
  const [one] = model.placement.values();
  const placed = (hostname: string): HostnamePlacement => ({ ...(one as HostnamePlacement), hostname });
  const names = Array.from({ length: count }, (_, at) => `h${(at * 7919) % count}.example.com`);
  return fakeModel({ records: [], changes: { placement: new Map(names.map((name) => [name, placed(name)])) } });
}

test("20,000 hostnames are told whole and in order, and the event loop is not held meanwhile", async (t) => {
  const { ask } = await served(t, large(20_000));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const count = { turns: 0 };
  const turn = setInterval(() => count.turns++, 1);
  delay.enable();
  const before = process.cpuUsage();
  const { body } = await ask("/debug/placement");
  const { user, system } = process.cpuUsage(before);
  delay.disable();
  clearInterval(turn);
  const { hostnames } = JSON.parse(body) as { hostnames: { hostname: string }[] };
  assert.equal(hostnames.length, 20_000);
  assert.deepEqual(
    hostnames.map(({ hostname }) => hostname),
    hostnames.map(({ hostname }) => hostname).toSorted(),
  );
  const workMs = (user + system) / 1_000;
  t.diagnostic(`longest hold of the event loop: ${Math.round(delay.max / 1e6)} ms`);
  t.diagnostic(`others had ${count.turns} turns in ${workMs.toFixed()} ms of work`);
  assert.ok(count.turns > workMs / 20, `others had ${count.turns} turns in ${workMs.toFixed()} ms of work`);
});

test("a client that goes away in the middle ends the answer, and is no fault", async (t) => {
  const { ask, errors, port } = await served(t, large(20_000));
  await new Promise<void>((resolve, reject) => {
    const sent = get({ host: "127.0.0.1", port, path: "/debug/placement", agent: false }, (response) => {
      response.once("data", () => {
        response.destroy();
        resolve();
      });
    });
    sent.on("error", reject);
  });
  assert.equal((await ask("/healthz")).status, 200);
  assert.deepEqual(errors, []);
});

test("what is no HTTP is refused, and the server lives on", async (t) => {
  const { ask, port } = await served(t);
  const socket = connect(port, "127.0.0.1");
  const told = await new Promise<string>((resolve) => {
    socket.once("data", (part) => resolve(part.toString()));
    socket.end("\x16\x03\x01 hello\r\n\r\n");
  });
  assert.match(told, /^HTTP\/1\.1 400/);
  assert.equal((await ask("/healthz")).status, 200);
});
