/** No object, however strange, yields output that Envoy rejects, and each hurts only itself: the whole path, real Envoys of both layouts as judges. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { parse } from "yaml";
import { PATIENCE_MS } from "../patience.ts";
import { envoyOf, hostNamed, servedBy } from "./requests.ts";
import { hostYaml, serving, workloadYaml } from "./serving.ts";

const API = "runtime.wasmcloud.dev/v1alpha1";
const label = "x".repeat(63);

/** Names and other texts that mean something to somebody on the way: DNS, YAML, protobuf, Envoy's formatter, Lua, statistics. */
const text: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...["a.test", "A.Test", "b.test", "localhost", "127.0.0.1", "signalbox", "xn--bcher-kva.test", "1.2", "a"],
    ...[
      "",
      " ",
      "*",
      "*.test",
      "a.*",
      "a.test:80",
      "a.test/x",
      "a.test.",
      ".test",
      "a..test",
      "-a.test",
      "a_b.test",
      "[::1]",
      "a,b",
    ],
    ...[
      `${label}.test`,
      `${label}x.test`,
      [label, label, label, "y".repeat(61)].join("."),
      [label, label, label, label].join("."),
    ],
    ...[
      "%UPSTREAM_METADATA(a:b)%",
      "%",
      "100%",
      '"',
      "\\",
      "$(x)",
      "\u0000",
      "a\nb",
      "\r\n\r\n",
      "\u{1F600}",
      "bücher.test",
      "__proto__",
      "constructor",
    ],
  ),
  fc.string({ unit: "binary", maxLength: 300 }),
);
const anything = fc.anything({ maxDepth: 2, withBigInt: false, withDate: false });
/** Mostly what belongs there, sometimes whatever. */
const mostly = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: anything });
const hostId = fc.constantFrom("h1", "h2", "h3", "", "100%", "\u0000");
const marks = fc.dictionary(text, mostly(text), { maxKeys: 3 });
const metadata = mostly(
  fc.record(
    {
      name: mostly(text),
      namespace: mostly(text),
      uid: mostly(text),
      labels: mostly(marks),
      annotations: mostly(marks),
    },
    { requiredKeys: ["name"] },
  ),
);
const hostInterfaces = mostly(
  fc.array(
    mostly(
      fc.record({
        namespace: fc.constant("wasi"),
        package: fc.constant("http"),
        interfaces: fc.constantFrom(["incoming-handler"], ["handler"], []),
        config: mostly(
          fc.record(
            { host: mostly(text), "host-aliases": mostly(fc.array(text, { maxLength: 4 }).map(String)) },
            { requiredKeys: [] },
          ),
        ),
      }),
    ),
    { maxLength: 3 },
  ),
);
const status = mostly(
  fc.record(
    {
      hostId: mostly(hostId),
      workloadId: mostly(text),
      conditions: mostly(
        fc.array(
          fc.record({ type: fc.constantFrom("Ready", "Placement"), status: mostly(fc.constantFrom("True", "False")) }),
        ),
      ),
    },
    { requiredKeys: [] },
  ),
);
const spec = mostly(
  fc.record(
    {
      hostId: mostly(hostId),
      hostInterfaces,
      kubernetes: mostly(fc.constantFrom({ service: { name: "svc" } }, { service: { name: "*" } }, {})),
    },
    { requiredKeys: ["hostId", "hostInterfaces"] },
  ),
);
const object = fc.oneof(
  fc.record(
    { apiVersion: fc.constant(API), kind: fc.constant("Workload"), metadata, spec, status },
    { requiredKeys: ["apiVersion", "kind", "metadata", "spec"] },
  ),
  fc.record({
    apiVersion: fc.constant(API),
    kind: fc.constantFrom("WorkloadDeployment", "WorkloadReplicaSet"),
    metadata,
    spec: mostly(fc.record({ template: mostly(fc.record({ metadata, spec })) })),
  }),
  fc.record({
    apiVersion: fc.constant(API),
    kind: fc.constant("Host"),
    metadata,
    hostId: mostly(hostId),
    hostname: mostly(
      fc.oneof(text, fc.constantFrom("127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1", "127.1", "fe80::1%eth0")),
    ),
    httpPort: mostly(fc.constantFrom(80, 1, 65_535, 65_536, 0, -1, 1.5)),
  }),
);

/** Names from a small set collide, and of equal names only the first counts: three of four get one of their own. */
const named =
  (round: number) =>
  (thing: Readonly<Record<string, unknown>>, at: number): Readonly<Record<string, unknown>> =>
    at % 4 === 0 ? thing : { ...thing, metadata: { ...Object(thing["metadata"]), name: `strange-${round}-${at}` } };

const ROUNDS = ["round-0.example", "round-1.example", "round-2.example", "round-3.example"];

test("400 strange objects: Envoys of both layouts acknowledge everything, and an ordinary hostname among them is served", async (t) => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const good = await hostNamed(t, "good", "good.example", ...ROUNDS);
  const signalbox = await serving({
    test: t,
    fleets: `
  - {name: edge, proxies: {cluster: edge}, listeners: [{name: http, address: 127.0.0.1, port: 0}]}
  - {name: plain, layout: rds, contaminated: serve, listeners: [{name: http, address: 127.0.0.1, port: 0}]}`,
    objects: {
      "0-good.yaml": `${hostYaml("good", "127.0.0.1", good.port)}---\n${workloadYaml("good", "good.example", "good")}`,
    },
  }).catch((error: unknown) => assert.fail(`seed ${seed}: ${error}`));
  const ports = [await envoyOf(t, signalbox), await envoyOf(t, signalbox, { nodeCluster: "plain" })];
  for (const [round, hostname] of ROUNDS.entries()) {
    const strange = fc.sample(object, { numRuns: 100, seed: seed + round }).map(named(round));
    // Read in one go with the strange ones: once it is served, they have been taken too.
    const last: unknown = parse(workloadYaml(`round-${round}`, hostname, "good"));
    const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: [...strange, last] });
    await signalbox.write(`strange-${round}.json`, text);
  }
  for (const port of ports) for (const hostname of ROUNDS) await servedBy(port, hostname, "good");
  await allAcknowledged();
  for (const port of ports) await servedBy(port, "good.example", "good");
  const metrics = await signalbox.admin("/metrics");
  const refusals = metrics
    .split("\n")
    .filter((line) => /^signalbox_xds_(refusals|rejected_resources)_total\{.*\} [1-9]/.test(line));
  assert.deepEqual(refusals, [], `seed ${seed}`);
  const problems = await signalbox.admin("/debug/problems");
  assert.ok(
    !problems.includes("resource-invalid"),
    `seed ${seed}: our own validation had to withhold something: ${problems}`,
  );
  assert.ok(problems.includes("hostname-invalid"), `seed ${seed}: the objects were strange: ${problems}`);

  /** Every proxy has nothing unanswered and nothing withheld, and has seen the strange ones. */
  async function allAcknowledged(): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    for (let last = ""; ; await sleep(100)) {
      const proxies = JSON.parse(await signalbox.admin("/debug/proxies")) as {
        proxies: { types: { subscribed: number; acknowledged: number; pending: number; withheld: number }[] }[];
      };
      const types = proxies.proxies.flatMap((proxy) => proxy.types);
      const now = JSON.stringify(proxies);
      if (
        now === last &&
        types.every((type) => type.pending === 0 && type.withheld === 0 && type.acknowledged === type.subscribed)
      )
        return;
      last = now;
      assert.ok(performance.now() < until, `seed ${seed}: not acknowledged: ${now}`);
    }
  }
});
