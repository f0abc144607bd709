/** From problems and rejections to Events, put together: over an API server in memory, in real time. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { Metrics } from "../../src/admin/metrics.ts";
import { Placer } from "../../src/placement/placer.ts";
import type { Problem } from "../../src/placement/problem.ts";
import { EventReports } from "../../src/serve/event-reports.ts";
import type { ObjectIdentity } from "../../src/sources/kubernetes.ts";
import { deployment, fakeModel, proxy } from "../admin/fake-model.ts";
import { FakeObjects, refusing } from "../kubernetes/fake-objects.ts";
import { until } from "../kubernetes/observed-reflector.ts";

const LEASE = "/apis/coordination.k8s.io/v1/namespaces/signalbox/leases/signalbox-events";

const TAKEN: Problem = {
  ...{ code: "hostname-taken", subject: { kind: "WorkloadDeployment", namespace: "blog", name: "cart" } },
  ...{ cause: "a.test is owned by namespace shop", remedy: "Use another hostname" },
};

function laboratory(t: TestContext) {
  const api = new FakeObjects();
  const logged: Readonly<Record<string, unknown>>[] = [];
  const identities = new Map<string, ObjectIdentity>();
  const know = (key: string) => identities.set(key, { apiVersion: "v1", uid: `uid of ${key}`, owned: false });
  const placer = new Placer({ ownership: [] });
  placer.apply([{ put: deployment("till", "a.test") }]);
  const metrics = new Metrics(fakeModel({ records: [] }), Date.now);
  const reports = new EventReports({
    ...{ client: api, leaseNamespace: "signalbox", placement: () => placer.placement, metrics },
    source: { identityOf: ({ kind, namespace, name }) => identities.get(`${kind} ${namespace}/${name}`) },
    log: pino({ level: "info" }, { write: (line: string) => logged.push(JSON.parse(line)) }),
  });
  t.after(() => reports.stop());
  const told = () => {
    const events = [...api.objects.entries()].filter(([path]) => path !== LEASE);
    return events.map(([, { regarding, note }]) => `${(regarding as { uid: string }).uid}: ${note}`);
  };
  return { api, know, reports, told, logged, metrics };
}

test("nothing is asked of the API server before everything is known, and at the end the Lease is given back", async (t) => {
  const { api, know, reports, told } = laboratory(t);
  know("WorkloadDeployment blog/cart");
  reports.problems({ about: "placement of a.test", problems: [TAKEN] });
  assert.deepEqual(api.asked, []);
  reports.start();
  await until("it is told", () => told().length === 1);
  assert.deepEqual(told(), [
    "uid of WorkloadDeployment blog/cart: a.test is owned by namespace shop. Use another hostname.",
  ]);
  await reports.stop();
  assert.partialDeepStrictEqual(api.objects.get(LEASE), { spec: { holderIdentity: "" } });
});

test("an object that the API server shows only later is told then", async (t) => {
  const { know, reports, told } = laboratory(t);
  reports.start();
  reports.problems({ about: "placement of a.test", problems: [TAKEN] });
  know("WorkloadDeployment blog/cart");
  await until("it is told", () => told().length === 1);
});

const REJECTION = {
  ...{ type: "type.googleapis.com/envoy.config.cluster.v3.Cluster", name: "a.test", of: undefined, version: "1" },
  ...{ subject: { kind: "Hostname", namespace: "shop", name: "a.test" }, detail: "no" },
};

test("without rights it goes on: each right that is missing is told once, with the rule, and attempts are counted", async (t) => {
  const { api, know, reports, logged, metrics } = laboratory(t);
  know("WorkloadDeployment shop/till");
  api.fault = () => refusing(403);
  reports.start();
  reports.observer({}).rejected?.(proxy(1), REJECTION);
  await until("both are told", () => logged.length === 2);
  reports.observer({}).rejected?.(proxy(2), { ...REJECTION, detail: "never" });
  assert.deepEqual(
    logged
      .map(({ level, failure, remedy }) => [level, failure, String(remedy).replace(/.* with apiGroups/, "apiGroups")])
      .toSorted(),
    [
      [40, "forbidden", 'apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"]'],
      [40, "forbidden", 'apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create"]'],
    ],
  );
  const { text } = await metrics.exposition();
  assert.match(text, /^signalbox_events_total\{result="failed"\} 1$/m);
  assert.match(text, /^signalbox_events_for_all_replicas 0$/m);
});

test("a rejection is told to the root owner, once for all proxies that use the same words", async (t) => {
  const { api, know, reports, told } = laboratory(t);
  know("WorkloadDeployment shop/till");
  const also: string[] = [];
  const observer = reports.observer({
    rejected: (_, { name }) => also.push(`rejected ${name}`),
    cleared: (_, { name }, because) => also.push(`cleared ${name}: ${because}`),
  });
  reports.start();
  for (const serial of [1, 2, 3]) observer.rejected?.(proxy(serial), REJECTION);
  await until("it is told", () => told().length === 1);
  assert.match(told()[0] ?? "", /^uid of WorkloadDeployment shop\/till: .*in its own words: no\. /);
  observer.cleared?.(proxy(1), REJECTION, "changed");
  assert.deepEqual(also, ["rejected a.test", "rejected a.test", "rejected a.test", "cleared a.test: changed"]);
  assert.equal(api.asked.filter((asked) => asked.startsWith("POST") && asked.endsWith("/events")).length, 1);
});
