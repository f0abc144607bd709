/** The Client Status Discovery Service as a generic client sees it: one that knows nothing of us but Envoy's own .proto files. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { AdminModel } from "../../src/admin/model.ts";
import { serveAdminService } from "../../src/admin/service.ts";
import type { ProxyStatus, ResourceStatus } from "../../src/xds/observer.ts";
import { started } from "../xds/reading.ts";
import { CLUSTER, cluster, ROUTE } from "../xds/resources.ts";
import { withServer } from "../xds/running-server.ts";
import { fakeModel, proxy, stranger } from "./fake-model.ts";

const DEPS = join(dirname(createRequire(import.meta.url).resolve("@grpc/grpc-js-xds/package.json")), "deps");
const FOLDERS = ["envoy-api", "xds", "googleapis", "protoc-gen-validate"].map((name) => join(DEPS, name));

/** Read once: it takes a second. */
const SERVICE = ["envoy", "service", "status", "v3", "ClientStatusDiscoveryService"].reduce<unknown>(
  (within, name) => (within as GrpcObject)[name],
  loadPackageDefinition(
    loadSync("envoy/service/status/v3/csds.proto", {
      includeDirs: FOLDERS,
      enums: String,
      keepCase: true,
      defaults: true,
    }),
  ),
) as ServiceClientConstructor;

interface Config {
  readonly type_url: string;
  readonly name: string;
  readonly version_info: string;
  readonly config_status: string;
  readonly client_status: string;
  readonly xds_config: { readonly type_url: string; readonly value: Buffer } | null;
  readonly error_state: { readonly details: string; readonly version_info: string } | null;
}

interface Answer {
  readonly config: readonly {
    readonly node: { readonly id: string; readonly cluster: string; readonly user_agent_name: string };
    readonly client_scope: string;
    readonly generic_xds_configs: readonly Config[];
  }[];
}

type Methods = Client & {
  FetchClientStatus(request: object, done: (cause: ServiceError | null, answer: Answer) => void): void;
  StreamClientStatus(): ClientDuplexStream<object, Answer>;
};

async function served(t: TestContext, changes: Partial<AdminModel>) {
  const faults: unknown[] = [];
  const model = fakeModel({ records: [], changes });
  const onError = (_: string, cause: unknown): unknown => faults.push(cause);
  const service = await serveAdminService({ address: "127.0.0.1:0", model, onError });
  const client = new SERVICE(`127.0.0.1:${service.port}`, credentials.createInsecure()) as unknown as Methods;
  t.after(() => {
    client.close();
    service.close();
    assert.deepEqual(faults, []);
  });
  const fetch = (request: object = {}) =>
    new Promise<Answer>((resolve, reject) => {
      client.FetchClientStatus(request, (cause, answer) => (cause === null ? resolve(answer) : reject(cause)));
    });
  /** All messages that answer these requests. */
  const stream = async (...requests: readonly object[]) => {
    const call = client.StreamClientStatus();
    for (const request of requests) call.write(request);
    call.end();
    const answers: Answer[] = [];
    for await (const answer of call) answers.push(answer as Answer);
    return answers;
  };
  return { client, fetch, stream };
}

const told = ({ config }: Answer) =>
  config.flatMap(({ generic_xds_configs: resources }) =>
    resources.map((one) => `${one.type_url.split(".").at(-1)} ${one.name} ${one.config_status} ${one.client_status}`),
  );

test("each client with its node, and each resource with what became of it, in the words of Envoy's API", async (t) => {
  await withServer({}, async (on) => {
    const client = await started(on, ["a.test", "b.test", "nobody.test"]);
    on.store.apply([{ put: cluster("a.test", "poison") }]);
    client.nack(await client.next(CLUSTER), "no poison, please");
    await on.until(() => on.told.rejected.length === 1);
    const { fetch, stream } = await served(t, { statuses: (fits) => on.server.statuses(fits) });
    const answer = await fetch();
    const [only] = answer.config;
    const label = on.told.connected[0];
    assert.deepEqual([only?.node.id, only?.client_scope], [label?.node.id, "edge"]);
    assert.deepEqual(told(answer).toSorted(), [
      "Cluster a.test ERROR NACKED",
      "Cluster b.test SYNCED ACKED",
      "ClusterLoadAssignment a.test STALE REQUESTED",
      "ClusterLoadAssignment b.test SYNCED ACKED",
      "ClusterLoadAssignment nobody.test NOT_SENT DOES_NOT_EXIST",
      "Listener edge SYNCED ACKED",
      "RouteConfiguration edge/routes SYNCED ACKED",
    ]);
    const poisoned = only?.generic_xds_configs.find(({ config_status: of }) => of === "ERROR");
    assert.deepEqual(
      [poisoned?.error_state?.details, poisoned?.error_state?.version_info],
      ["no poison, please", poisoned?.version_info],
    );
    const route = only?.generic_xds_configs.find(({ type_url: of }) => of === ROUTE);
    assert.equal(route?.xds_config?.type_url, ROUTE);
    assert.ok(route?.xds_config?.value.includes("b.test"));
    assert.deepEqual(await stream({}), [answer]);
    client.close();
  });
});

/** A proxy with so many small resources; `pulled` counts those that were looked up. */
function crowded(serial: number, resources: number, pulled: { count: number; ended: number }, bytes = 0): ProxyStatus {
  function* each(): Iterable<ResourceStatus> {
    try {
      for (let at = 0; at < resources; at++) {
        pulled.count++;
        const content = { version: "0123456789abcdef", pieces: () => [Buffer.alloc(bytes)] };
        yield { type: CLUSTER, name: `host-${at}.example.com`, content, state: "acknowledged", rejections: [] };
      }
    } finally {
      pulled.ended++;
    }
  }
  return { proxy: proxy(serial), resources: { [Symbol.iterator]: () => each()[Symbol.iterator]() } };
}

test("matchers and contents are honoured, clients without a fleet are told without resources, and garbage is refused by its field", async (t) => {
  const pulled = { count: 0, ended: 0 };
  const { fetch, stream } = await served(t, {
    statuses: (fits) => [1, 2].map((serial) => crowded(serial, 1, pulled, 3)).filter((one) => fits(one.proxy.node)),
    unassigned: () => [stranger("lost")],
  });
  const [first, second] = [proxy(1).node.id, proxy(2).node.id];
  const ids = (answer: Answer) => answer.config.map(({ node, client_scope: fleet }) => `${node.id} ${fleet}`);
  assert.deepEqual(ids(await fetch()), [`${first} public`, `${second} public`, "lost "]);
  const one = await fetch({ node_matchers: [{ node_id: { exact: second } }] });
  assert.deepEqual(ids(one), [`${second} public`]);
  assert.equal(one.config[0]?.generic_xds_configs[0]?.xds_config?.value.length, 3);
  const bare = await fetch({
    node_matchers: [{ node_id: { suffix: "ost" } }, { node_id: { prefix: first } }],
    exclude_resource_contents: true,
  });
  assert.deepEqual(ids(bare), [`${first} public`, "lost "]);
  assert.equal(bare.config[0]?.generic_xds_configs[0]?.xds_config, null);
  assert.deepEqual(await fetch({ node_matchers: [{ node_id: { exact: "nobody" } }] }), { config: [] });
  assert.deepEqual(
    (await stream({ node_matchers: [{ node_id: { exact: "nobody" } }] }, {})).map(ids),
    [[], [`${first} public`, `${second} public`, "lost "]],
    "one request after the other, each answered",
  );
  const refused = { node_matchers: [{ node_id: { safe_regex: { regex: "." } } }] };
  for (const ask of [fetch, stream])
    await assert.rejects(ask(refused), { code: status.INVALID_ARGUMENT, details: /^node_matchers\[0\]\.node_id: / });
});

test("what one message cannot hold is refused with what to do, and streamed in messages that every client takes", async (t) => {
  const pulled = { count: 0, ended: 0 };
  const { fetch, stream } = await served(t, {
    statuses: () => [1, 2, 3].map((serial) => crowded(serial, 30_000, pulled)),
  });
  await assert.rejects(fetch(), {
    code: status.RESOURCE_EXHAUSTED,
    details:
      /more than 4194304 bytes: match fewer clients with node_matchers, set exclude_resource_contents, or call StreamClientStatus/,
  });
  assert.ok(pulled.count < 90_000, "it ends when it is too much, not at the end");
  const answers = await stream({});
  assert.ok(answers.length > 4, String(answers.length));
  const byClient = Map.groupBy(
    answers.flatMap(({ config }) => config),
    ({ node }) => node.id,
  );
  assert.deepEqual(
    [...byClient.values()].map((parts) => parts.reduce((sum, part) => sum + part.generic_xds_configs.length, 0)),
    [30_000, 30_000, 30_000],
  );
});

test("1,000 clients of 5,000 resources: others are served in between, and a client that does not read costs one message", async (t) => {
  const pulled = { count: 0, ended: 0 };
  const { client } = await served(t, {
    statuses: () => Array.from({ length: 1_000 }, (_, at) => crowded(at, 5_000, pulled)),
  });
  const call = client.StreamClientStatus();
  call.on("error", () => undefined); // it is cancelled below
  call.write({});
  call.once("data", () => call.pause());
  // Until it stands still: windows of HTTP/2 and gRPC are full. Each turn of the loop is one in which others could have been served.
  let pieces = 0;
  const begun = process.cpuUsage();
  for (let still = 0, before = 0; still < 200 || before === 0; before = pulled.count) {
    await turn();
    if (pulled.count > before) pieces += 1;
    still = pulled.count === before ? still + 1 : 0;
  }
  const { user, system } = process.cpuUsage(begun);
  const workMs = (user + system) / 1_000;
  t.diagnostic(`${pulled.count} of 5,000,000 resources, in ${pieces} pieces and ${workMs.toFixed()} ms of work`);
  assert.ok(pulled.count < 500_000, "memory");
  assert.ok(pieces > workMs / 50, "time");
  call.cancel();
  while (pulled.ended === 0) await turn();
});
