/** Whatever a client asks, gives up, refuses or loses, and whatever changes meanwhile: in the end it has what the server has, for a bounded number of responses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ResourceChange, ResourceRef } from "../../src/codec/resource.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { ClientModel, type ModelVariant } from "./client-model.ts";
import { ASSIGNMENT, assignment, CLUSTER, cluster, head, part, ROUTE, SCOPED_ROUTE, scope } from "./resources.ts";

const TYPES = [CLUSTER, ASSIGNMENT, ROUTE, SCOPED_ROUTE];
const NAMES = ["a", "b", "c"];

type Step =
  | { readonly kind: "put"; readonly changes: readonly ResourceChange[] }
  | { readonly kind: "subscribe" | "unsubscribe"; readonly type: string; readonly name: string }
  | { readonly kind: "askForAll" | "apply" | "applyAll"; readonly type: string }
  | { readonly kind: "pull" | "flow" | "reconnect" }
  | { readonly kind: "wait"; readonly ms: number };

/** Clusters with their assignments behind them, scopes that require clusters, and route configurations of parts that do. */
function putOf(type: string, name: string, body: string): ResourceChange {
  if (type === CLUSTER) return { put: cluster(name, body) };
  if (type === ASSIGNMENT) return { put: assignment(name, body) };
  return { put: type === ROUTE ? head(name, body) : scope(name, body) };
}

const type = fc.constantFrom(...TYPES);
const name = fc.constantFrom(...NAMES);
const body = fc.constantFrom("1", "2", "bad");
const change: fc.Arbitrary<ResourceChange> = fc.oneof(
  { arbitrary: fc.tuple(type, name, body).map(([of, one, text]) => putOf(of, one, text)), weight: 4 },
  { arbitrary: fc.record({ remove: fc.record({ type, name }) }), weight: 2 },
  fc.tuple(name, name, body).map(([of, one, text]) => ({ put: part(of, one, text) })),
  fc.tuple(name, name).map(([of, one]) => ({ remove: { type: ROUTE, name: one, of } })),
);
const anyName = fc.oneof({ arbitrary: name, weight: 3 }, fc.constant("*"));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom("subscribe", "subscribe", "unsubscribe" as const),
      type,
      name: anyName,
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ kind: fc.constant("apply" as const), type }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constantFrom("pull", "pull", "flow" as const) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant("applyAll" as const), type }), weight: 3 },
  fc.record({ kind: fc.constant("askForAll" as const), type }),
  fc.record({ kind: fc.constant("reconnect" as const) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 150, 1_100) }),
);

function play(client: ClientModel, steps: readonly Step[]): void {
  for (const taken of steps) {
    if (taken.kind === "put") client.store.apply(taken.changes);
    else if (taken.kind === "subscribe") client.subscribe(taken.type, taken.name);
    else if (taken.kind === "unsubscribe") client.unsubscribe(taken.type, taken.name);
    else if (taken.kind === "askForAll") client.askForAll(taken.type);
    else if (taken.kind === "apply") client.apply(taken.type);
    else if (taken.kind === "applyAll") client.applyAll(taken.type);
    else if (taken.kind === "pull") client.pull();
    else if (taken.kind === "flow") client.flow();
    else if (taken.kind === "reconnect") client.reconnect();
    else if (taken.kind === "wait") client.now += taken.ms;
  }
  client.settle();
}

function emptyStore(): ResourceStore {
  const store = new ResourceStore();
  store.markComplete();
  return store;
}

const isBad = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes("bad");

/**
 * What a client that wants this has in the end. Undefined where a refusal leaves it open: of this, or of a cluster that it requires or that cluster's
 * assignment, though the cluster is gone since, or not wanted any more.
 */
function expected(client: ClientModel, ref: ResourceRef, refusing: boolean): string | undefined {
  const { store } = client;
  const resource = store.get(ref.type, ref.name);
  assert.ok(resource !== undefined);
  const parts = ref.type === ROUTE ? store.partsOf(ROUTE, ref.name).sorted() : [];
  const isOpen = (cluster: string) =>
    [store.get(CLUSTER, cluster), store.get(ASSIGNMENT, cluster)].some(
      (one) => one !== undefined && isBad(one.bytes),
    ) ||
    store.get(CLUSTER, cluster) === undefined ||
    !client.of(CLUSTER).wants(cluster);
  const open = [resource, ...parts].some(
    ({ bytes, requires }) => isBad(bytes) || requires.some(({ name: one }) => isOpen(one)),
  );
  return refusing && open ? undefined : Buffer.concat([resource.bytes, ...parts.map(({ bytes }) => bytes)]).toString();
}

function assertSame(client: ClientModel, { delta }: ModelVariant, refusing: boolean): void {
  const { store } = client;
  for (const of of TYPES) {
    const subscription = client.of(of);
    const text = (one: string) => subscription.has.get(one)?.bytes;
    for (const one of NAMES) {
      const there = store.get(of, one) !== undefined;
      const wanted = subscription.begun && subscription.wants(one);
      const bytes = text(one);
      if (there && wanted) {
        const should = expected(client, { type: of, name: one }, refusing);
        if (should !== undefined)
          assert.equal(bytes === undefined ? undefined : Buffer.from(bytes).toString(), should, `${of} ${one}`);
        assert.ok(bytes === undefined || !refusing || !isBad(bytes), "what was refused is not there");
      } else if (!wanted || delta || of === CLUSTER || of === SCOPED_ROUTE)
        assert.equal(bytes, undefined, `${of} ${one} is gone, or not wanted`);
    }
  }
}

/**
 * Each step of the store is worth two responses of a type at most: what came, and what went (removals go alone). So is a question, answered with what there is
 * and what there is not. A refusal makes of one response two halves. What waited comes with the next of these, or when its bound is over, which is one more for the step
 * that brought it: counted among its two, since what waits did not go at once.
 */
function bound(store: ResourceStore, { asked, refused }: ClientModel): number {
  return 2 * (store.position * TYPES.length + asked + refused);
}

const variants: readonly (readonly [string, ModelVariant])[] = [
  ["SotW, separate", { delta: false, aggregated: false }],
  ["SotW, ADS", { delta: false, aggregated: true }],
  ["delta, separate", { delta: true, aggregated: false }],
  ["delta, ADS", { delta: true, aggregated: true }],
];

const put = (...changes: readonly ResourceChange[]): Step => ({ kind: "put", changes });
const gone = (of: string, one: string): ResourceChange => ({ remove: { type: of, name: one } });
const pull: Step = { kind: "pull" };
const flow: Step = { kind: "flow" };
const overdue: Step = { kind: "wait", ms: 1_100 };
const askForAll = (of: string): Step => ({ kind: "askForAll", type: of });
const ask = (of: string, one: string): Step => ({ kind: "subscribe", type: of, name: one });
const apply = (of: string): Step => ({ kind: "apply", type: of });
const giveUp = (of: string, one: string): Step => ({ kind: "unsubscribe", type: of, name: one });
const reconnect: Step = { kind: "reconnect" };
const [SOTW, DELTA] = [
  { delta: false, aggregated: true },
  { delta: true, aggregated: true },
];

/** What the property below has found; each was wrong once. */
const found: readonly (readonly [why: string, variant: ModelVariant, refusing: boolean, steps: readonly Step[]])[] = [
  [
    "what goes again after it came back with other content is sent when it is back once more",
    DELTA,
    false,
    [
      ask(ASSIGNMENT, "*"),
      put({ put: assignment("b", "1") }),
      flow,
      put(gone(ASSIGNMENT, "b")),
      pull,
      put({ put: assignment("b", "2") }),
      put(gone(ASSIGNMENT, "b")),
      pull,
      put({ put: assignment("b", "2") }),
    ],
  ],
  [
    "a composed resource that waits when its wildcard is given up is not sent, and is when that begins again",
    SOTW,
    false,
    [
      ask(ROUTE, "*"),
      put({ put: part("b", "a") }, { put: head("b") }),
      pull,
      giveUp(ROUTE, "*"),
      overdue,
      pull,
      apply(ROUTE),
      ask(ROUTE, "*"),
    ],
  ],
  [
    "a composed resource that goes before it was sent is not sent without its head",
    DELTA,
    false,
    [ask(ROUTE, "c"), put({ put: head("c") }, { put: part("c", "a") }), pull, put(gone(ROUTE, "c"))],
  ],
  [
    "who comes back and asks anew is answered, and told of the removal",
    DELTA,
    false,
    [ask(ROUTE, "*"), put({ put: head("b") }), flow, reconnect, ask(ROUTE, "*"), pull, put(gone(ROUTE, "b"))],
  ],
  [
    "a late refusal is not taken for one of the newest response",
    SOTW,
    true,
    [
      ask(ASSIGNMENT, "*"),
      put({ put: assignment("a", "bad") }, { put: assignment("b") }),
      pull,
      put({ put: assignment("a") }),
      overdue,
    ],
  ],
  [
    "a removal in a refused response is said again",
    DELTA,
    true,
    [
      ask(ASSIGNMENT, "*"),
      put({ put: assignment("c") }),
      pull,
      put(gone(ASSIGNMENT, "c")),
      put({ put: assignment("a", "bad") }),
      ask(ASSIGNMENT, "c"),
    ],
  ],
  [
    "of two refused together, one of them asked for again meanwhile, the other is not at fault",
    DELTA,
    true,
    [
      ask(CLUSTER, "*"),
      put({ put: cluster("a") }, { put: cluster("b", "bad") }),
      pull,
      ask(CLUSTER, "b"),
      apply(CLUSTER),
    ],
  ],
  [
    "what is refused after it waited as long as it had to is tried alone at once, not together again for ever",
    DELTA,
    true,
    [ask(SCOPED_ROUTE, "a"), ask(SCOPED_ROUTE, "c"), put({ put: scope("a", "bad") }), put({ put: scope("c") })],
  ],
  [
    "what was refused and is given up is not sent in its accepted content again and again",
    SOTW,
    true,
    [
      ask(CLUSTER, "*"),
      put({ put: cluster("a") }),
      flow,
      put({ put: cluster("a", "bad") }),
      pull,
      giveUp(CLUSTER, "*"),
    ],
  ],
  [
    "who comes back, gives up and asks again before it is answered is answered",
    SOTW,
    false,
    [ask(CLUSTER, "c"), put({ put: cluster("c") }), flow, reconnect, giveUp(CLUSTER, "c"), ask(CLUSTER, "*")],
  ],
  [
    "who answers late and then refuses the newer list has the older, and not the one before",
    SOTW,
    true,
    [
      ask(CLUSTER, "*"),
      put({ put: cluster("c", "2") }, { put: cluster("a") }),
      flow,
      put({ put: cluster("c", "1") }),
      pull,
      put({ put: cluster("a", "bad") }, { put: cluster("c", "2") }),
      overdue,
    ],
  ],
  [
    "what went while it was being refused, with another at fault, is sent when it is back as it was",
    SOTW,
    true,
    [
      askForAll(ASSIGNMENT),
      put({ put: assignment("a", "bad") }, { put: assignment("b") }),
      pull,
      put(gone(ASSIGNMENT, "b")),
      flow,
      put({ put: assignment("b") }),
    ],
  ],
  [
    "so is what was away only between two looks",
    DELTA,
    true,
    [
      askForAll(ASSIGNMENT),
      put({ put: assignment("a", "bad") }, { put: assignment("c") }),
      pull,
      put(gone(ASSIGNMENT, "c")),
      apply(ASSIGNMENT),
      put({ put: assignment("c") }),
    ],
  ],
  [
    "who gives up what it is still being compared by is not believed the version of it",
    { delta: false, aggregated: false },
    false,
    [
      askForAll(ROUTE),
      put({ put: head("a") }),
      flow,
      ask(ROUTE, "*"),
      put({ put: head("b") }),
      reconnect,
      pull,
      giveUp(ROUTE, "*"),
      flow,
      reconnect,
      ask(ROUTE, "*"),
    ],
  ],
];
for (const [why, variant, refusing, steps] of found)
  test(`found: ${why}`, () => {
    const client = new ClientModel(emptyStore(), variant, TYPES, refusing ? isBad : () => false);
    play(client, steps);
    assertSame(client, variant, refusing);
    const { responses } = client;
    client.settle();
    assert.equal(client.responses, responses);
  });

test("found: what followed on a refusal of what was compared is not believed: the good part beside the refused one arrives", () => {
  const client = new ClientModel(emptyStore(), SOTW, TYPES, isBad);
  play(client, [
    put(...["a", "b"].flatMap((one) => [{ put: cluster(one) }, { put: assignment(one) }, { put: head(one) }])),
    ...[ask(CLUSTER, "*"), ask(ASSIGNMENT, "a"), ask(ASSIGNMENT, "b"), ask(ROUTE, "a"), ask(ROUTE, "b"), flow],
    put({ put: part("a", "a", "bad") }, { put: part("a", "b", "good") }, { put: head("b", "2") }),
    ...[reconnect, pull, apply(ROUTE), pull, apply(ROUTE), reconnect],
  ]);
  assert.match(Buffer.from(client.of(ROUTE).has.get("a")?.bytes ?? []).toString(), /good/);
});

for (const [words, variant] of variants)
  for (const refusing of [false, true])
    test(`${words}: a client${refusing ? " that refuses some contents" : ""} ends with what it wants of what there is, in a bounded number of responses`, () =>
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
          const store = emptyStore();
          const client = new ClientModel(store, variant, TYPES, refusing ? isBad : () => false);
          play(client, steps);
          assertSame(client, variant, refusing);
          const { responses, asked, refused } = client;
          assert.ok(
            responses <= bound(store, client),
            `${responses} responses for ${store.position} changes, ${asked} questions, ${refused} refusals`,
          );
          client.settle();
          assert.equal(client.responses, responses, "nothing is sent when nothing changes");
        }),
        { numRuns: Number(process.env["RUNS"] ?? 500) },
      ));
