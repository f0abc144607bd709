/** Who wants what: the protocol's rules as tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deltaChange, sotwWanted } from "../../src/xds/protocol/subscription.ts";

type Delta = readonly [
  why: string,
  given: {
    readonly wildcard: boolean;
    readonly first: boolean;
    readonly subscribe: readonly string[];
    readonly unsubscribe: readonly string[];
  },
  wanted: {
    readonly wildcard: boolean;
    readonly everything?: boolean;
    readonly subscribe: readonly string[];
    readonly unsubscribe: readonly string[];
  },
];

const delta: readonly Delta[] = [
  [
    "the first without names is the legacy wildcard",
    { wildcard: false, first: true, subscribe: [], unsubscribe: [] },
    { wildcard: true, subscribe: [], unsubscribe: [] },
  ],
  [
    "a later one without names changes nothing",
    { wildcard: false, first: false, subscribe: [], unsubscribe: [] },
    { wildcard: false, subscribe: [], unsubscribe: [] },
  ],
  [
    "the first with names is no wildcard",
    { wildcard: false, first: true, subscribe: ["a"], unsubscribe: [] },
    { wildcard: false, subscribe: ["a"], unsubscribe: [] },
  ],
  [
    "* begins the wildcard",
    { wildcard: false, first: true, subscribe: ["*", "a"], unsubscribe: [] },
    { wildcard: true, everything: true, subscribe: ["a"], unsubscribe: [] },
  ],
  [
    "names are wanted beside the wildcard",
    { wildcard: true, first: false, subscribe: ["a"], unsubscribe: [] },
    { wildcard: true, subscribe: ["a"], unsubscribe: [] },
  ],
  [
    "unsubscribing from * ends it, the legacy one too",
    { wildcard: true, first: false, subscribe: [], unsubscribe: ["*"] },
    { wildcard: false, subscribe: [], unsubscribe: [] },
  ],
  [
    "unsubscribing from a name leaves it",
    { wildcard: true, first: false, subscribe: [], unsubscribe: ["a"] },
    { wildcard: true, subscribe: [], unsubscribe: ["a"] },
  ],
  [
    "a name in both lists is wanted",
    { wildcard: false, first: false, subscribe: ["a"], unsubscribe: ["a", "b"] },
    { wildcard: false, subscribe: ["a"], unsubscribe: ["b"] },
  ],
];
for (const [why, { wildcard, ...request }, wanted] of delta)
  test(`delta: ${why}`, () => assert.deepEqual(deltaChange(wildcard, request), { everything: false, ...wanted }));

type Sotw = readonly [
  why: string,
  everNamed: boolean,
  names: readonly string[],
  wildcard: boolean,
  wanted: readonly string[],
  named: boolean,
];

const sotw: readonly Sotw[] = [
  ["without names it is the legacy wildcard", false, [], true, [], false],
  ["without names, once something was named, nothing is wanted", true, [], false, [], true],
  ["names are no wildcard", false, ["a"], false, ["a"], true],
  ["* is one, and counts as a name", false, ["*"], true, [], true],
  ["* with names is both", true, ["*", "a"], true, ["a"], true],
];
for (const [why, everNamed, names, wildcard, wanted, named] of sotw)
  test(`state of the world: ${why}`, () =>
    assert.deepEqual(sotwWanted(everNamed, names), { wildcard, names: new Set(wanted), everNamed: named }));
