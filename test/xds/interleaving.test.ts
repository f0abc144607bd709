/** Whatever happens in whatever order: in the end the proxy has what the store has, and on the way no route was without its cluster. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ResourceChange } from "../../src/codec/resource.ts";
import type { ResourceStore } from "../../src/xds/store.ts";
import { BOUNDS, DeltaEnvoy, type EnvoyModel, SOCKETS, type Socket, SotwEnvoy } from "./envoy-model.ts";
import {
  ASSIGNMENT,
  assignment,
  CLUSTER,
  cluster,
  head,
  hostname,
  LISTENER,
  part,
  ROUTE,
  ROUTES,
  whole,
  withoutHostname,
} from "./resources.ts";
import { storeOf } from "./running-server.ts";

const NAMES = ["a.test", "b.test", "c.test"];

type Step =
  | { readonly kind: "add" | "remove" | "move" | "reroute" | "recluster"; readonly name: string; readonly body: string }
  | { readonly kind: "rehead" | "relisten"; readonly body: string }
  | { readonly kind: "pull" | "subscribe" | "flow" | "reconnect" }
  | { readonly kind: "apply"; readonly socket: Socket }
  | { readonly kind: "wait"; readonly ms: number };

const name = fc.constantFrom(...NAMES);
const body = fc.constantFrom("1", "2", "bad");

const words = fc.constantFrom("honest", "silent", "lying", "blaming" as const);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("add", "remove", "move", "reroute", "recluster" as const), name, body }),
  fc.record({ kind: fc.constantFrom("rehead", "relisten" as const), body }),
  { arbitrary: fc.record({ kind: fc.constantFrom("pull", "pull", "subscribe", "flow" as const) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant("apply" as const), socket: fc.constantFrom(...SOCKETS) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 600, 1_100) }), weight: 2 },
  fc.record({ kind: fc.constant("reconnect" as const) }),
);

function changesOf(taken: Step): readonly ResourceChange[] {
  switch (taken.kind) {
    case "add":
      return hostname(taken.name, taken.body);
    case "remove":
      return withoutHostname(taken.name);
    case "move":
      return [{ put: assignment(taken.name, taken.body) }];
    case "recluster":
      return [{ put: cluster(taken.name, taken.body) }];
    case "reroute":
      return [{ put: part(ROUTES, taken.name, taken.body) }];
    case "rehead":
      return [{ put: head(ROUTES, taken.body) }];
    case "relisten":
      return [{ put: whole(LISTENER, "edge", taken.body) }];
    default:
      return [];
  }
}

/** Only hostnames that exist are moved, so that the store stays whole, as translation leaves it. */
function applies(store: ResourceStore, taken: Step): boolean {
  if (!("name" in taken) || taken.kind === "add") return true;
  return store.get(CLUSTER, taken.name) !== undefined;
}

function play(envoy: EnvoyModel, steps: readonly Step[]): void {
  envoy.connect();
  if (steps.length % 2 === 1) envoy.flow(); // half of all begin with a proxy that is up
  for (const taken of steps) {
    if (taken.kind === "pull") envoy.pull();
    else if (taken.kind === "apply") envoy.apply(taken.socket);
    else if (taken.kind === "subscribe") envoy.subscribe();
    else if (taken.kind === "flow") envoy.flow();
    else if (taken.kind === "reconnect") envoy.connect();
    else if (taken.kind === "wait") envoy.now += taken.ms;
    else if (applies(envoy.store, taken)) envoy.store.apply(changesOf(taken));
    assert.deepEqual(envoy.broken(), [], `a route without cluster or endpoints after ${JSON.stringify(taken)}`);
  }
  envoy.settle();
}

/** Bytes by name of what the store has. */
function wanted(store: ResourceStore, type: string): Record<string, string> {
  const bytes = [...store.names(type)]
    .sort()
    .map((one) => [one, Buffer.from(store.get(type, one)?.bytes ?? []).toString()]);
  return Object.fromEntries(bytes);
}

function held(envoy: EnvoyModel, type: string): Record<string, string> {
  const contents = envoy.contents(type);
  return Object.fromEntries(
    envoy.names(type).map((one) => [one, Buffer.from(contents.get(one)?.bytes ?? []).toString()]),
  );
}

/** The whole route configuration, as a newcomer would be given it. */
function routesOf(store: ResourceStore): string {
  const parts = store
    .partsOf(ROUTE, ROUTES)
    .sorted()
    .map(({ bytes }) => bytes);
  return Buffer.concat([store.get(ROUTE, ROUTES)?.bytes ?? new Uint8Array(), ...parts]).toString();
}

function assertSame(envoy: EnvoyModel): void {
  for (const type of [CLUSTER, ASSIGNMENT, LISTENER])
    assert.deepEqual(held(envoy, type), wanted(envoy.store, type), type);
  assert.deepEqual([...envoy.warming], [], "a changed cluster got its assignment again");
  assert.deepEqual(held(envoy, ROUTE), { [ROUTES]: routesOf(envoy.store) });
}

const kinds = [
  ["delta", (...given: ConstructorParameters<typeof EnvoyModel>) => new DeltaEnvoy(...given)],
  ["state of the world", (...given: ConstructorParameters<typeof EnvoyModel>) => new SotwEnvoy(...given)],
] as const;

for (const [kind, envoyOf] of kinds) {
  test(`${kind}: any interleaving ends with the proxy having what the store has`, () =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        const envoy = envoyOf(storeOf("a.test"));
        play(envoy, steps);
        assertSame(envoy);
        const before = envoy.sent.length;
        envoy.settle();
        assert.equal(envoy.sent.length, before, "nothing is sent again when nothing changes");
      }),
      { numRuns: Number(process.env["RUNS"] ?? 500) },
    ));

  test(`${kind}: a proxy that refuses some contents, whatever it says, ends with all others, and is told none of them for ever`, () =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), words, (steps, said) => {
        const envoy = envoyOf(storeOf("a.test"), isBad);
        envoy.words = WORDS[said];
        play(envoy, steps);
        assertSameButBad(envoy);
        const before = envoy.sent.length;
        envoy.settle();
        assert.equal(envoy.sent.length, before, "what was refused is not sent again");
      }),
      { numRuns: Number(process.env["RUNS"] ?? 500) },
    ));

  test(`${kind}: whatever one proxy of its kind refused, a newcomer that refuses it too ends with all others, and one that does not with all`, () =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), words, (steps, said) => {
        const store = storeOf("a.test");
        const first = envoyOf(store, isBad);
        first.words = WORDS[said];
        play(first, steps);
        const restarted = envoyOf(store, isBad);
        restarted.words = WORDS[said];
        play(restarted, []);
        assertSameButBad(restarted);
        const healthy = envoyOf(store);
        play(healthy, []);
        assertSame(healthy);
        first.settle();
        assertSameButBad(first);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 300) },
    ));
}

const flow: Step = { kind: "flow" };
const reconnect: Step = { kind: "reconnect" };
const pull: Step = { kind: "pull" };
const subscribe: Step = { kind: "subscribe" };
const applied: Step = { kind: "apply", socket: "clusters" };
const routed: Step = { kind: "apply", socket: "routes" };
const later: Step = { kind: "wait", ms: 1_100 };
const overdue: Step = { kind: "wait", ms: BOUNDS.ackBoundMs };
const does = (kind: "add" | "remove" | "recluster", content = "1"): Step => ({ kind, name: "a.test", body: content });

/** Of proxies that are up with a.test; each was wrong once. */
const found: readonly (readonly [why: string, refuses: boolean, steps: readonly Step[]])[] = [
  [
    "a cluster changed while the proxy was away is followed by its assignment, which the proxy has",
    false,
    [flow, does("recluster", "2"), reconnect],
  ],
  [
    "a hostname that went and came again, whose assignment was lost on its way, is sent it",
    false,
    [flow, does("remove"), flow, later, flow, does("add"), pull, applied, subscribe, pull, reconnect],
  ],
  [
    "who comes back and refuses newer endpoints keeps the route to those it has",
    true,
    [flow, does("remove"), does("add", "bad"), pull, reconnect],
  ],
  [
    "a hostname that comes again at once is routed when its assignment has come again, not by what went with its cluster",
    false,
    [flow, does("remove"), flow, later, pull, does("add"), applied, pull, pull, applied, pull, routed],
  ],
  [
    "a cluster that changed and changed back while the proxy said nothing is followed by its assignment",
    false,
    [flow, does("recluster", "2"), pull, pull, overdue, does("recluster", "1"), pull, pull],
  ],
  [
    "so is one that went and came again meanwhile",
    false,
    [flow, does("remove"), flow, later, pull, overdue, does("add"), pull, pull],
  ],
];
for (const [kind, envoyOf] of kinds)
  for (const [why, refuses, steps] of found)
    test(`${kind}: found: ${why}`, () => {
      const envoy = refuses ? envoyOf(storeOf("a.test"), isBad) : envoyOf(storeOf("a.test"));
      play(envoy, steps);
      if (!refuses) assertSame(envoy);
      assert.deepEqual(envoy.hosts(), ["a.test"]);
      assert.deepEqual(envoy.broken(), []);
    });

const WORDS = {
  honest: (bad: readonly string[]) => bad.join(", "),
  silent: () => "",
  lying: (bad: readonly string[], all: readonly string[]) => all.filter((one) => !bad.includes(one)).join(", "),
  blaming: (_: readonly string[], all: readonly string[]) => `${all.join(", ")}, ${NAMES.join(", ")}`,
};

const isBad = (_name: string, bytes: Uint8Array): boolean => Buffer.from(bytes).includes("bad");

function assertSameButBad(envoy: EnvoyModel): void {
  const { store } = envoy;
  const headless = isBad(ROUTES, store.get(ROUTE, ROUTES)?.bytes ?? new Uint8Array()); // the older head stays, or none was ever accepted
  for (const type of [CLUSTER, ASSIGNMENT, LISTENER]) {
    const given = held(envoy, type);
    for (const [one, bytes] of Object.entries(wanted(store, type)))
      if (!bytes.includes("bad") && (type !== ASSIGNMENT || envoy.contents(CLUSTER).has(one)))
        assert.equal(given[one], bytes, `${type} ${one}`);
    for (const [one, bytes] of Object.entries(given)) {
      assert.ok(!bytes.includes("bad"));
      assert.ok(headless || store.get(type, one) !== undefined, `${one} is gone from the store`);
    }
  }
  if (headless) return;
  const hosts = envoy.hosts();
  for (const { name: one, bytes } of store.partsOf(ROUTE, ROUTES).sorted()) {
    const reachable = envoy.contents(CLUSTER).has(one) && envoy.contents(ASSIGNMENT).has(one);
    if (!isBad(one, bytes) && !envoy.isOpen(one)) assert.equal(hosts.includes(one), reachable, `route of ${one}`);
  }
}
