import assert from "node:assert/strict";
import { test } from "node:test";
import { deploymentOf } from "../../src/sources/deployment.ts";
import { workloadOf } from "../../src/sources/workload.ts";
import { httpEntry, workloadObject } from "./objects.ts";

interface Row {
  readonly spec: Readonly<Record<string, unknown>>;
  /** Spellings registered. */
  readonly names: readonly string[];
  readonly alias?: string;
  /** `code field` of each problem. */
  readonly problems?: readonly string[];
}

const entries = (...hostInterfaces: unknown[]) => ({ hostInterfaces });
const HOST = "spec.hostInterfaces[0].config.host";
const ALIASES = "spec.hostInterfaces[0].config.host-aliases";
const service = { kubernetes: { service: { name: "cart" } } };

const rows: Readonly<Record<string, Row>> = {
  "host alone": { spec: entries(httpEntry({ host: "a.test" })), names: ["a.test"] },
  "host keeps its spelling": { spec: entries(httpEntry({ host: "A.test" })), names: ["A.test"] },
  "host-aliases follow the host, trimmed": {
    spec: entries(httpEntry({ host: "a.test", "host-aliases": " b.test, c.test ,," })),
    names: ["a.test", "b.test", "c.test"],
  },
  "an alias equal to the host but for case counts once": {
    spec: entries(httpEntry({ host: "a.test", "host-aliases": "A.TEST" })),
    names: ["a.test"],
  },
  "an invalid alias is dropped and reported, the others stay": {
    spec: entries(httpEntry({ host: "a.test", "host-aliases": "b_b.test,c.test" })),
    names: ["a.test", "c.test"],
    problems: [`hostname-invalid ${ALIASES}`],
  },
  "an invalid host registers nothing, aliases neither": {
    spec: entries(httpEntry({ host: "*.test", "host-aliases": "b.test" })),
    names: [],
    problems: [`hostname-invalid ${HOST}`],
  },
  "missing host, only address": {
    spec: entries(httpEntry({ address: "a.test" })),
    names: [],
    problems: [`hostname-missing ${HOST}`],
  },
  "missing config": { spec: entries(httpEntry(undefined)), names: [], problems: [`hostname-missing ${HOST}`] },
  "an empty host is invalid, not missing": {
    spec: entries(httpEntry({ host: "" })),
    names: [],
    problems: [`hostname-invalid ${HOST}`],
  },
  "a host that is no text": {
    spec: entries(httpEntry({ host: 127 })),
    names: [],
    problems: [`object-invalid ${HOST}`],
  },
  "p3 handler": { spec: entries(httpEntry({ host: "a.test" }, { interfaces: ["handler"] })), names: ["a.test"] },
  "outgoing-handler only": {
    spec: entries(httpEntry({ host: "a.test" }, { interfaces: ["outgoing-handler"] })),
    names: [],
  },
  "another package": { spec: entries(httpEntry({ host: "a.test" }, { package: "keyvalue" })), names: [] },
  "another namespace": { spec: entries(httpEntry({ host: "a.test" }, { namespace: "wasmcloud" })), names: [] },
  "several wasi:http entries: the first that serves counts": {
    spec: entries(
      httpEntry({}, { interfaces: ["outgoing-handler"] }),
      httpEntry({ host: "a.test" }),
      httpEntry({ host: "b.test" }, { name: "x" }),
    ),
    names: ["a.test"],
  },
  "several wasi:http entries: the first that serves counts even without a host": {
    spec: entries(httpEntry({}), httpEntry({ host: "b.test" }, { name: "x" })),
    names: [],
    problems: [`hostname-missing ${HOST}`],
  },
  "no hostInterfaces": { spec: { hostInterfaces: undefined }, names: [] },
  "host from configFrom": {
    spec: entries(httpEntry({ "host-aliases": "b.test" }, { configFrom: [{ name: "c" }] })),
    names: ["b.test"],
    problems: ["hostname-indirect spec.hostInterfaces[0].configFrom"],
  },
  "host written and perhaps replaced by secretFrom": {
    spec: entries(httpEntry({ host: "a.test" }, { secretFrom: [{ name: "c" }] })),
    names: ["a.test"],
    problems: ["hostname-indirect spec.hostInterfaces[0].secretFrom"],
  },
  "aliases injected by the operator": {
    spec: { ...entries(httpEntry({ host: "a.test" })), ...service },
    names: ["a.test", "cart.shop", "cart.shop.svc"],
    alias: "cart.shop",
  },
  "aliases injected by the operator replace those written": {
    spec: { ...entries(httpEntry({ host: "a.test", "host-aliases": "b.test" })), ...service },
    names: ["a.test", "cart.shop", "cart.shop.svc"],
    alias: "cart.shop",
    problems: [`hostname-replaced ${ALIASES}`],
  },
  "p3 handler gets no aliases from the operator": {
    spec: {
      ...entries(httpEntry({ host: "a.test", "host-aliases": "b.test" }, { interfaces: ["handler"] })),
      ...service,
    },
    names: ["a.test", "b.test"],
  },
  "a malformed entry is reported and passed over": {
    spec: entries("wasi:http", httpEntry({ host: "a.test" })),
    names: ["a.test"],
    problems: ["object-invalid spec.hostInterfaces[0]"],
  },
  "hostInterfaces that are no list": {
    spec: { hostInterfaces: {} },
    names: [],
    problems: ["object-invalid spec.hostInterfaces"],
  },
};

for (const [name, { spec, names, alias, problems = [] }] of Object.entries(rows))
  test(`registration: ${name}`, () => {
    const { record, problems: found } = workloadOf(workloadObject(spec), "");
    assert.deepEqual(
      record?.registration.names.map((n) => n.spelling),
      names,
    );
    assert.equal(record?.registration.operatorAlias, alias);
    assert.deepEqual(
      found.map((p) => `${p.code} ${p.subject.field}`),
      problems,
    );
  });

test("registration: a deployment's Service is found beside its template and inside", () => {
  const inner = { hostInterfaces: [httpEntry({ host: "a.test" })] };
  const metadata = { name: "d", namespace: "shop" };
  const beside = deploymentOf({ metadata, spec: { ...service, template: { spec: inner } } }, "");
  const inside = deploymentOf({ metadata, spec: { template: { spec: { ...inner, ...service } } } }, "");
  for (const { record } of [beside, inside]) {
    assert.deepEqual(
      record?.registration.names.map((n) => n.hostname),
      ["a.test", "cart.shop", "cart.shop.svc"],
    );
    assert.equal(record?.registration.operatorAlias, "cart.shop");
  }
});

test("registration: problems of a template name the field in the template", () => {
  const { problems } = deploymentOf(
    { metadata: { name: "d" }, spec: { template: { spec: { hostInterfaces: [httpEntry({ host: "*" })] } } } },
    "",
  );
  assert.deepEqual(
    problems.map((p) => p.subject.field),
    ["spec.template.spec.hostInterfaces[0].config.host"],
  );
});

test("registration: where it wants to run is part of it", () => {
  const { record } = workloadOf(workloadObject({ environment: "blue", hostSelector: { hostgroup: "edge" } }), "");
  assert.deepEqual([record?.registration.hostGroup, record?.registration.environment], ["edge", "blue"]);
});
