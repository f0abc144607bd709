import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { adminService } from "../../src/admin/definition.ts";
import { explain } from "../../src/admin/explain.ts";
import type { AdminModel } from "../../src/admin/model.ts";
import { serveAdminService } from "../../src/admin/service.ts";
import { fakeModel, host, stranger, workload } from "./fake-model.ts";

const names = ["a.test", "b.test", "c.test", "d.example"];
const model = fakeModel({ records: [host(1), ...names.map((name, at) => workload(`w${at}`, name))] });

type Call = (request: object, done: (cause: ServiceError | null, answer: Record<string, unknown>) => void) => void;

/** A service over the model; gives what calls it. */
async function served(t: TestContext, over: AdminModel = model, address = "127.0.0.1:0") {
  const errors: string[] = [];
  const service = await serveAdminService({
    address,
    model: over,
    onError: (method, cause) => errors.push(`${method}: ${String(cause)}`),
  });
  const target = address.startsWith("unix:") ? address : `127.0.0.1:${service.port}`;
  const client = new (adminService())(target, credentials.createInsecure());
  t.after(() => {
    client.close();
    service.close();
  });
  const call = (method: string, request: object = {}): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const send = (client as Client & Record<string, Call>)[method];
      send?.call(client, request, (cause, answer) => (cause === null ? resolve(answer) : reject(cause)));
    });
  return { call, errors };
}

test("status: times are timestamps, everything else as under /debug", async (t) => {
  const { call } = await served(t);
  assert.deepEqual(await call("GetStatus"), {
    ...{
      version: "1.2.3",
      startedAt: { seconds: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000, nanos: 0 },
      ready: true,
      waitingFor: [],
    },
    ...{ stale: "", hostnames: 4, problems: 0 },
    fleets: [
      { name: "public", hostnames: 4, withoutEndpoint: 0, proxies: 2, current: 2 },
      { name: "internal", hostnames: 0, withoutEndpoint: 0, proxies: 0, current: 0 },
    ],
    unassigned: 0,
  });
});

test("explain gives the steps that HTTP gives", async (t) => {
  const { call } = await served(t);
  for (const hostname of ["a.test", "A.TEST:80", "nobody.test"])
    assert.deepEqual(await call("Explain", { hostname }), explain(hostname, model));
});

test("hostnames come page by page", async (t) => {
  const { call } = await served(t);
  const told: string[] = [];
  let pageToken = "";
  let pages = 0;
  do {
    const page = await call("ListHostnames", { pageSize: 2, pageToken, contains: "T" });
    told.push(...(page["hostnames"] as { hostname: string }[]).map(({ hostname }) => hostname));
    pageToken = String(page["nextPageToken"]);
    pages += 1;
  } while (pageToken !== "");
  assert.deepEqual([told, pages], [["a.test", "b.test", "c.test"], 2]);
});

test("a hostname is told with claims, replicas and endpoints", async (t) => {
  const { call } = await served(t);
  const { hostnames } = await call("ListHostnames", { pageSize: 1 });
  const since = { seconds: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000, nanos: 0 };
  assert.deepEqual(hostnames, [
    {
      ...{ hostname: "a.test", owner: "shop" },
      claims: [{ object: "Workload shop/w0", root: "Workload/w0", since, spelling: "a.test", verdict: "owner" }],
      replicas: [
        {
          ...{ workload: "w0", workloadId: "uid-w0", host: "host-1", hostGroup: "", address: "10.0.0.1:8080" },
          ...{ phase: "ready", contaminated: false },
        },
      ],
      fleets: [
        {
          fleet: "public",
          endpoints: [
            { address: "10.0.0.1:8080", phase: "ready", weight: 1, authority: "a.test", workloadId: "uid-w0" },
          ],
          proxies: 2,
          acknowledged: 1,
        },
      ],
    },
  ]);
});

test("a workload is looked up by each of its names", async (t) => {
  const { call } = await served(t);
  const found = async (request: object): Promise<readonly string[]> =>
    ((await call("Lookup", request))["workloads"] as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(await found({ workloadId: "uid-w1" }), ["w1"]);
  assert.deepEqual(await found({ workload: "shop/w1" }), ["w1"]);
  assert.deepEqual(await found({ hostname: "b.test" }), ["w1"]);
  assert.deepEqual(await found({ hostId: "id-1" }), ["w0", "w1", "w2", "w3"]);
  assert.deepEqual(await found({ hostId: "id-2" }), []);
});

test("proxies and problems are listed", async (t) => {
  const broken = fakeModel({
    records: [workload("w", "a.test")],
    changes: { unassigned: () => [stranger("edge-9")] },
  });
  const { call } = await served(t, broken);
  const { proxies, unassigned } = await call("ListProxies");
  assert.deepEqual(unassigned, [
    {
      ...{ nodeId: "edge-9", nodeCluster: "lost", metadata: { zone: "b" }, peer: "127.0.0.1:50001" },
      ...{ names: ["DNS:lost.test"], transport: "ads-delta", userAgent: "envoy 1.40.0" },
    },
  ]);
  assert.deepEqual((proxies as object[])[0], {
    ...{
      serial: 1,
      nodeId: "edge-1",
      nodeCluster: "edge",
      fleet: "public",
      peer: "127.0.0.1:40001",
      transport: "ads-delta",
    },
    ...{ layout: "rds", userAgent: "envoy 1.40.0", streams: 1, names: [] },
    connectedAt: { seconds: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000, nanos: 1_000_000 },
    types: [
      {
        ...{ type: "Cluster", subscribed: 2, acknowledged: 2, withheld: 0, leaving: 0, pending: 0, oldestPendingMs: 0 },
        rejected: [],
      },
    ],
  });
  const { problems } = await call("ListProblems");
  assert.deepEqual(
    (problems as { code: string; subject: string }[]).map(({ code, subject }) => [code, subject.split(",")[0]]),
    [["host-unknown", "Workload shop/w"]],
  );
});

const refusals: readonly (readonly [method: string, request: object, words: string])[] = [
  ["Explain", {}, "hostname: say which hostname to explain"],
  ["Lookup", {}, "query: say one of workload_id, workload, host_id, hostname"],
  ["Lookup", { workload: "cart" }, 'workload: write "cart" as namespace/name'],
  ["ListHostnames", { pageSize: 1001 }, "page_size: at most 1000, is 1001"],
];
for (const [method, request, words] of refusals)
  test(`${method} ${JSON.stringify(request)} is refused with the field and the remedy`, async (t) => {
    const { call, errors } = await served(t);
    await assert.rejects(call(method, request), { code: status.INVALID_ARGUMENT, details: words });
    assert.deepEqual(errors, []);
  });

test("a fault of ours is INTERNAL without details, and told to the log", async (t) => {
  const broken = fakeModel({
    records: [],
    changes: {
      proxies: () => {
        throw new Error("secret detail");
      },
    },
  });
  const { call, errors } = await served(t, broken);
  await assert.rejects(call("ListProxies"), {
    code: status.INTERNAL,
    details: "a fault of Signalbox; its log tells more",
  });
  assert.deepEqual(errors, ["ListProxies: Error: secret detail"]);
});

test("it listens on a unix socket", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-admin-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { call } = await served(t, model, `unix:${join(folder, "admin.sock")}`);
  assert.equal((await call("GetStatus"))["version"], "1.2.3");
});

test("an address that cannot be listened on is named", async () => {
  const starting = serveAdminService({ address: "127.0.0.256:1", model, onError: () => undefined });
  await assert.rejects(starting, /the admin service cannot listen on 127\.0\.0\.256:1: /);
});
