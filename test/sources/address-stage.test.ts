import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { PlacementRecord } from "../../src/placement/records.ts";
import { type AddressSettings, AddressStage } from "../../src/sources/address-stage.ts";
import { hostOf } from "../../src/sources/host.ts";
import type { Answer, Lookup } from "../../src/sources/lookup.ts";
import type { HostDescription, ObjectChange, ObjectSource, ProblemReport, Sink } from "../../src/sources/source.ts";
import { workloadOf } from "../../src/sources/workload.ts";
import { eventually } from "../files/temporary-folder.ts";
import { hostObject, workloadObject } from "./objects.ts";
import { RecordingSink } from "./recording-sink.ts";

const SETTINGS: AddressSettings = { allowedNetworks: [], overrides: [], dnsRefreshMs: 1_000, dnsFirstMs: 30_000 };

function host(
  name: string,
  hostname: string,
  port = 80,
  change: Readonly<Record<string, unknown>> = {},
): HostDescription {
  const { record } = hostOf(
    hostObject({ metadata: { name, namespace: "w" }, hostId: `id-${name}`, hostname, httpPort: port, ...change }),
    "",
  );
  return record ?? assert.fail();
}

const found = (...ips: string[]): Answer => ({ kind: "found", ips, ttlMs: undefined });
const NONE: Answer = { kind: "none" };
const failed = (cause = "ESERVFAIL"): Answer => ({ kind: "failed", cause });

/** A name server whose answers the test gives: `answers["name 4"]`, or a question left open until `answer` is called. */
class NameServer {
  readonly answers = new Map<string, Answer>();
  readonly asked: string[] = [];
  readonly #open = new Map<string, (answer: Answer) => void>();

  readonly lookup: Lookup = (name, family) => {
    const question = `${name} ${family}`;
    this.asked.push(question);
    const known = this.answers.get(question);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => this.#open.set(question, resolve));
  };

  async answer(question: string, answer: Answer): Promise<void> {
    await eventually(
      () => this.#open.has(question),
      () => this.asked,
    );
    this.#open.get(question)?.(answer);
    this.#open.delete(question);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function staged(context: TestContext, change: Partial<AddressSettings> = {}) {
  let inner: Sink<ObjectChange> = () => assert.fail("not started");
  const start: ObjectSource["start"] = async (sink) => {
    inner = sink;
  };
  const source: ObjectSource = { start, stop: async () => {} };
  const names = new NameServer();
  const stage = new AddressStage(source, { ...SETTINGS, ...change }, names.lookup);
  const got = new RecordingSink<PlacementRecord>();
  context.after(() => stage.stop());
  await stage.start(got.sink);
  const give = (
    changes: readonly ObjectChange[],
    problems: readonly ProblemReport[] = [],
    synced = true,
    stale?: string,
  ) => inner({ changes, problems, synced, stale });
  const put = (...hosts: HostDescription[]) => give(hosts.map((h) => ({ put: h })));
  const addresses = (name: string) => {
    const record = got.records.get(`Host/w/${name}`);
    return record?.kind === "Host" ? record.addresses : undefined;
  };
  const problems = (name: string) =>
    (got.problems.get(`Host/w/${name}`) ?? []).map((p) => `${p.code} ${p.subject.field}: ${p.cause}`);
  return { stage, names, got, give, put, addresses, problems };
}

test("a literal address passes in its batch, other kinds as they are, and what a Host advertises stays behind", async (context) => {
  const { got, give, addresses } = await staged(context);
  const workload = workloadOf(workloadObject(), "").record ?? assert.fail();
  give([{ put: host("a", "10.0.0.1") }, { put: host("b", "2001:DB8::1") }, { put: workload }]);
  assert.deepEqual([addresses("a"), addresses("b")], [["10.0.0.1:80"], ["[2001:db8::1]:80"]]);
  assert.equal(got.records.get("Workload/shop/hello-x7k2p-9f4d"), workload);
  assert.deepEqual(Object.keys(got.records.get("Host/w/a") ?? {}).sort(), [
    "addresses",
    "age",
    "deleting",
    "environment",
    "held",
    "hostGroup",
    "hostId",
    "kind",
    "name",
    "namespace",
    "ready",
  ]);
  assert.equal(got.batches.length, 1);
});

const wrong: readonly (readonly [why: string, hostname: string, port: number, problem: string])[] = [
  ["httpPort 0 or missing", "10.0.0.1", 0, "address-missing httpPort: 0 is 0 or missing: the host listens to no HTTP"],
  ["httpPort above 65535", "10.0.0.1", 70_000, "address-missing httpPort: 70000 is no port"],
  ["httpPort below 0", "10.0.0.1", -5, "address-missing httpPort: -5 is no port"],
  ["hostname empty", "", 80, 'address-missing hostname: "" is empty'],
  [
    "hostname with zone id",
    "fe80::1%eth0",
    80,
    'address-missing hostname: "fe80::1%eth0" has a zone id, which means nothing on another machine',
  ],
  ["hostname with port", "10.0.0.1:80", 80, 'address-missing hostname: "10.0.0.1:80" has a port'],
  ["hostname with scheme", "http://a", 80, 'address-missing hostname: "http://a" has a scheme'],
  [
    "loopback address",
    "127.0.0.1",
    80,
    "address-refused hostname: 127.0.0.1 is a loopback address, which no entry of hosts.allowedNetworks names",
  ],
  [
    "metadata address",
    "100.100.100.200",
    80,
    "address-refused hostname: 100.100.100.200 is a cloud metadata address, which no entry of hosts.allowedNetworks names",
  ],
];
for (const [why, hostname, port, problem] of wrong)
  test(`not an endpoint: ${why}`, async (context) => {
    const { put, addresses, problems } = await staged(context);
    put(host("a", hostname, port));
    assert.deepEqual([addresses("a"), problems("a")], [[], [problem]]);
    put(host("a", "10.0.0.1", 80));
    assert.deepEqual([addresses("a"), problems("a")], [["10.0.0.1:80"], []]);
  });

test("a DNS name gives all its addresses of one family, sorted, and IPv6 is not asked for where IPv4 will do", async (context) => {
  const { put, names, addresses, got } = await staged(context);
  put(host("a", "edge.test"));
  assert.deepEqual([got.batches.length, got.synced], [0, false]);
  await names.answer("edge.test 4", found("10.0.0.9", "10.0.0.10", "10.0.0.9"));
  assert.deepEqual(addresses("a"), ["10.0.0.10:80", "10.0.0.9:80"]);
  assert.deepEqual([names.asked, got.synced], [["edge.test 4"], true]);
});

test("IPv6 is asked for where there is no usable IPv4 address", async (context) => {
  const { put, names, addresses, problems } = await staged(context);
  put(host("a", "six.test"), host("b", "mixed.test"));
  await names.answer("six.test 4", NONE);
  await names.answer("six.test 6", found("2001:db8::2"));
  await names.answer("mixed.test 4", found("127.0.0.1"));
  await names.answer("mixed.test 6", found("2001:db8::3"));
  assert.deepEqual([addresses("a"), addresses("b")], [["[2001:db8::2]:80"], ["[2001:db8::3]:80"]]);
  assert.match(
    problems("b").join(),
    /address-refused hostname: "mixed\.test" resolves to 127\.0\.0\.1, which is a loopback address/,
  );
});

test("synced waits for first answers, and other records do not", async (context) => {
  const { give, names, got } = await staged(context);
  give([{ put: host("a", "slow.test") }, { put: host("b", "10.0.0.1") }]);
  assert.deepEqual([got.keys, got.synced], [["Host/w/b"], false]);
  await names.answer("slow.test 4", found("10.0.0.2"));
  assert.deepEqual([got.keys, got.synced], [["Host/w/a", "Host/w/b"], true]);
});

test("synced does not wait for ever: after dnsFirstMs the host counts as without address, and gets it when it comes", async (context) => {
  const { put, names, got, addresses, problems } = await staged(context, { dnsFirstMs: 20 });
  put(host("a", "slow.test"));
  await eventually(
    () => got.synced,
    () => got.batches,
  );
  assert.deepEqual(
    [addresses("a"), problems("a")],
    [[], ['address-unresolved hostname: "slow.test" cannot be resolved (no answer for 20 ms)']],
  );
  await names.answer("slow.test 4", found("10.0.0.2"));
  assert.deepEqual([addresses("a"), problems("a")], [["10.0.0.2:80"], []]);
});

test("a name is asked for once however many hosts have it, and not at all once none has", async (context) => {
  const { put, give, names, addresses } = await staged(context);
  put(...["a", "b", "c"].map((name) => host(name, "Shared.test")));
  await names.answer("shared.test 4", found("10.0.0.2"));
  assert.deepEqual([names.asked, addresses("c")], [["shared.test 4"], ["10.0.0.2:80"]]);
  give(["a", "b", "c"].map((name) => ({ remove: { kind: "Host", namespace: "w", name } })));
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.deepEqual(names.asked, ["shared.test 4"]);
});

const failures: readonly (readonly [why: string, v4: Answer, v6: Answer])[] = [
  ["the server fails", failed(), failed()],
  ["the name is gone", NONE, NONE],
];
for (const [why, v4, v6] of failures)
  test(`the last good addresses stay while there are no others: ${why}`, async (context) => {
    const { put, names, addresses, problems, got } = await staged(context);
    names.answers.set("a.test 4", found("10.0.0.2"));
    put(host("a", "a.test"));
    await eventually(
      () => got.synced,
      () => got.batches,
    );
    names.answers.set("a.test 4", v4).set("a.test 6", v6);
    await eventually(
      () => problems("a").length === 1,
      () => names.asked,
    );
    assert.deepEqual(addresses("a"), ["10.0.0.2:80"]);
    assert.match(
      problems("a").join(),
      /^address-unresolved hostname: "a\.test" cannot be resolved \(.*\); 10\.0\.0\.2 stays in use from the last good answer$/,
    );
    names.answers.set("a.test 4", found("10.0.0.3"));
    await eventually(
      () => problems("a").length === 0,
      () => names.asked,
    );
    assert.deepEqual(addresses("a"), ["10.0.0.3:80"]);
  });

test("one lost IPv4 answer does not change the family", async (context) => {
  const { put, names, addresses, problems, got } = await staged(context);
  names.answers.set("a.test 4", found("10.0.0.2")).set("a.test 6", found("2001:db8::2"));
  put(host("a", "a.test"));
  await eventually(
    () => got.synced,
    () => got.batches,
  );
  names.answers.set("a.test 4", failed());
  await eventually(
    () => problems("a").length === 1,
    () => names.asked,
  );
  assert.deepEqual(addresses("a"), ["10.0.0.2:80"]);
});

test("a name is followed as long as one host has it", async (context) => {
  const { put, give, names, addresses, got } = await staged(context);
  names.answers.set("a.test 4", found("10.0.0.2"));
  put(host("a", "a.test"), host("b", "a.test"));
  await eventually(
    () => got.synced,
    () => got.batches,
  );
  give([{ remove: { kind: "Host", namespace: "w", name: "a" } }]);
  names.answers.set("a.test 4", found("10.0.0.3"));
  await eventually(
    () => addresses("b")?.join() === "10.0.0.3:80",
    () => names.asked,
  );
});

test("a name that begins to resolve to a refused address loses its addresses", async (context) => {
  const { put, names, addresses, problems, got } = await staged(context);
  names.answers.set("a.test 4", found("10.0.0.2")).set("a.test 6", NONE);
  put(host("a", "a.test"));
  await eventually(
    () => got.synced,
    () => got.batches,
  );
  names.answers.set("a.test 4", found("169.254.169.254"));
  await eventually(
    () => problems("a").length === 1,
    () => names.asked,
  );
  assert.deepEqual(addresses("a"), []);
});

test("a host whose name changed keeps its addresses until the new name is known, and other changes pass at once", async (context) => {
  const { put, names, addresses, got } = await staged(context);
  put(host("a", "10.0.0.1"));
  put(host("a", "new.test", 81, { environment: "blue" }));
  const record = got.records.get("Host/w/a");
  assert.deepEqual([addresses("a"), record?.kind === "Host" && record.environment], [["10.0.0.1:80"], "blue"]);
  await names.answer("new.test 4", found("10.0.0.2"));
  assert.deepEqual(addresses("a"), ["10.0.0.2:81"]);
});

test("a host that goes before its name is known was never there, and synced does not wait for it", async (context) => {
  const { put, give, got } = await staged(context);
  put(host("a", "slow.test"));
  give([{ remove: { kind: "Host", namespace: "w", name: "a" } }]);
  assert.deepEqual([got.story, got.synced], [[], true]);
});

const overrides: readonly (readonly [
  why: string,
  override: Partial<AddressSettings["overrides"][number]>,
  outcome: string,
])[] = [
  ["by hostId", { hostId: "id-a", address: "10.9.9.9:99" }, "10.9.9.9:99"],
  ["by name", { name: "a", address: "10.9.9.9" }, "10.9.9.9:80"],
  ["by advertised hostname, in any case", { hostname: "edge-7", address: "[fd00::7]" }, "[fd00::7]:80"],
  ["of another host", { hostId: "id-b", address: "10.9.9.9" }, ""],
];
for (const [why, override, outcome] of overrides)
  test(`override ${why}`, async (context) => {
    const { put, addresses } = await staged(context, {
      overrides: [{ hostId: undefined, name: undefined, hostname: undefined, address: "", ...override }],
      dnsFirstMs: 0,
    });
    put(host("a", "Edge-7"));
    await eventually(
      () => addresses("a") !== undefined,
      () => "no record",
    );
    assert.deepEqual(addresses("a")?.join(), outcome);
  });

test("an override must be in the allowed networks too", async (context) => {
  const override = { hostId: "id-a", name: undefined, hostname: undefined, address: "127.0.0.1:99" };
  const { put, stage, addresses, problems } = await staged(context, { overrides: [override] });
  put(host("a", "10.0.0.1"));
  assert.deepEqual([addresses("a"), problems("a").length], [[], 1]);
  stage.setSettings({ ...SETTINGS, overrides: [override], allowedNetworks: ["127.0.0.0/8"] });
  assert.deepEqual([addresses("a"), problems("a")], [["127.0.0.1:99"], []]);
});

test("new settings take effect at once: networks and overrides, names included", async (context) => {
  const { put, stage, names, addresses, problems } = await staged(context);
  put(host("a", "10.0.0.1"), host("b", "b.test"));
  await names.answer("b.test 4", found("10.0.0.2", "192.168.0.2"));
  stage.setSettings({ ...SETTINGS, allowedNetworks: ["192.168.0.0/16"] });
  assert.deepEqual([addresses("a"), addresses("b")], [[], ["192.168.0.2:80"]]);
  await names.answer("b.test 4", found("10.0.0.2", "192.168.0.2"));
  assert.match(problems("b").join(), /10\.0\.0\.2, which is outside hosts\.allowedNetworks/);
  stage.setSettings(SETTINGS);
  assert.deepEqual(addresses("a"), ["10.0.0.1:80"]);
  await names.answer("b.test 4", found("10.0.0.2", "192.168.0.2"));
  assert.deepEqual([addresses("b"), problems("b")], [["10.0.0.2:80", "192.168.0.2:80"], []]);
});

test("problems of the object and of its address are told together, and vanish each for itself", async (context) => {
  const { give, problems } = await staged(context);
  const own: ProblemReport = {
    about: "Host/w/a",
    problems: [
      {
        code: "object-invalid",
        subject: { kind: "Host", namespace: "w", name: "a", field: "x" },
        cause: "c",
        remedy: "R",
      },
    ],
  };
  give([{ put: host("a", "") }], [own]);
  assert.deepEqual(
    problems("a").map((p) => p.split(" ")[0]),
    ["object-invalid", "address-missing"],
  );
  give([{ put: host("a", "10.0.0.1") }]);
  assert.deepEqual(
    problems("a").map((p) => p.split(" ")[0]),
    ["object-invalid"],
  );
  give([{ put: host("a", "") }], [{ about: "Host/w/a", problems: [] }]);
  assert.deepEqual(
    problems("a").map((p) => p.split(" ")[0]),
    ["address-missing"],
  );
  give([{ remove: { kind: "Host", namespace: "w", name: "a" } }]);
  assert.deepEqual(problems("a"), []);
});

test("what passes without changing anything is no batch, staleness is one", async (context) => {
  const { give, put, got } = await staged(context);
  put(host("a", "10.0.0.1"));
  put(host("a", "10.0.0.1"));
  assert.equal(got.batches.length, 1);
  give([], [], true, "the API server is away");
  give([], [], true, "the API server is away");
  assert.deepEqual([got.batches.length, got.stale], [2, "the API server is away"]);
});

test("names of this machine are found without any name server", async (context) => {
  let inner: Sink<ObjectChange> = () => assert.fail("not started");
  const start: ObjectSource["start"] = async (sink) => {
    inner = sink;
  };
  const source: ObjectSource = { start, stop: async () => {} };
  const stage = new AddressStage(source, { ...SETTINGS, allowedNetworks: ["127.0.0.0/8", "::1"] });
  const got = new RecordingSink<PlacementRecord>();
  context.after(() => stage.stop());
  await stage.start(got.sink);
  inner({ changes: [{ put: host("a", "localhost") }], problems: [], synced: true, stale: undefined });
  await eventually(
    () => got.synced,
    () => got.batches,
  );
  const record = got.records.get("Host/w/a");
  assert.match(record?.kind === "Host" ? record.addresses.join() : "", /^(127\.0\.0\.1|\[::1\]):80$/);
});
