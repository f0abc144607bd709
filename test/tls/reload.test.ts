/** Reload as steps: what each look at the files comes to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Credentials, CredentialsFault } from "../../src/tls/credentials.ts";
import { afterLook, expiryOf, type Look, type ReloadState, SETTLE_MS, startState } from "../../src/tls/reload.ts";

const credentials = (serial: string): Credentials => ({
  ...{ context: {}, serial, names: "", notBeforeMs: 0, notAfterMs: 1_000_000, caNotAfterMs: 2_000_000 },
});
const fault = (cause: string): CredentialsFault => ({ code: "cut-off", file: "certFile", cause, remedy: "Write it" });
const good = (serial: string): Look => ({ fingerprint: serial, found: credentials(serial) });
const bad = (cause: string): Look => ({ fingerprint: cause, found: fault(cause) });

/** The steps of looks at given times, in words; what is held in the end. */
function story(looks: readonly (readonly [atMs: number, look: Look])[]): readonly string[] {
  let state: ReloadState = startState(credentials("one"), "one");
  const told = looks.map(([atMs, look]) => {
    const [next, step] = afterLook(state, look, atMs);
    state = next;
    if (step.kind === "use") return `use ${step.credentials.serial}`;
    if (step.kind === "tell") return `tell ${step.fault.cause}`;
    return step.kind === "look-again" ? `look again after ${step.afterMs}` : step.kind;
  });
  return [...told, `held ${state.held.serial}`];
}

const again = `look again after ${SETTLE_MS}`;
const stories: readonly (readonly [why: string, looks: Parameters<typeof story>[0], told: readonly string[]])[] = [
  ["unchanged files", [[0, good("one")]], ["nothing", "held one"]],
  ["a rotation at once", [[0, good("two")]], ["use two", "held two"]],
  [
    "a rotation in steps is never told as a fault",
    [
      [0, bad("mismatch")],
      [10, bad("mismatch")],
      [20, good("two")],
    ],
    [again, "look again after 990", "use two", "held two"],
  ],
  [
    "a fault that lasts is told once, and what is held stays",
    [
      [0, bad("cut off")],
      [SETTLE_MS, bad("cut off")],
      [9_000, bad("cut off")],
    ],
    [again, "tell cut off", "nothing", "held one"],
  ],
  [
    "another fault is told as well, once it lasts",
    [
      [0, bad("cut off")],
      [SETTLE_MS, bad("cut off")],
      [2_000, bad("gone")],
      [3_000, bad("gone")],
    ],
    [again, "tell cut off", again, "tell gone", "held one"],
  ],
  [
    "the old files again, after a fault was told",
    [
      [0, bad("cut off")],
      [SETTLE_MS, bad("cut off")],
      [2_000, good("one")],
      [3_000, good("one")],
    ],
    [again, "tell cut off", "recovered", "nothing", "held one"],
  ],
  [
    "the old files again, before it was told",
    [
      [0, bad("cut off")],
      [10, good("one")],
    ],
    [again, "nothing", "held one"],
  ],
  [
    "good files after a fault was told",
    [
      [0, bad("cut off")],
      [SETTLE_MS, bad("cut off")],
      [2_000, good("two")],
    ],
    [again, "tell cut off", "use two", "held two"],
  ],
];
for (const [why, looks, told] of stories) test(`reload: ${why}`, () => assert.deepEqual(story(looks), told));

test("a new certificate has its own expiry to tell", () => {
  const state: ReloadState = { ...startState(credentials("one"), "one"), expiry: "over" };
  assert.equal(afterLook(state, good("two"), 0)[0].expiry, "far");
  assert.equal(afterLook(state, good("one"), 0)[0].expiry, "over", "and the old one has told it");
});

const expiries: readonly (readonly [nowMs: number, expiry: string])[] = [
  [0, "far"],
  [800_000, "far"],
  [800_001, "soon"],
  [950_001, "near"],
  [999_999, "near"],
  [1_000_000, "over"],
];
for (const [nowMs, expiry] of expiries)
  test(`expiry with ${(1_000_000 - nowMs) / 10_000} % left: ${expiry}`, () =>
    assert.equal(expiryOf(credentials("one"), nowMs), expiry));

test("the authority counts where it ends before the certificate", () =>
  assert.equal(expiryOf({ ...credentials("one"), caNotAfterMs: 500_000 }, 490_000), "near"));
