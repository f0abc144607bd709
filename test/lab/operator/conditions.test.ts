/** Conditions change one at a time, in order: what a watcher sees is an event for each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition, Stored } from "../cluster/objects.ts";
import { firstChange, type Step } from "./conditions.ts";

const NOW = "2026-01-02T00:00:00Z";

const objectWith = (...conditions: readonly Condition[]): Stored => ({ status: { conditions } }) as unknown as Stored;

const True = (type: string): Condition => ({
  type,
  status: "True",
  reason: "Available",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

const stepsOf = (
  asked: string[],
  ...steps: readonly (readonly [string, Condition["status"], string?])[]
): readonly Step[] =>
  steps.map(([type, status, message = ""]) => ({
    type,
    evaluate: () => {
      asked.push(type);
      return { status, message };
    },
  }));

test("the first condition that changes is written, and the next is not even asked for", async () => {
  const asked: string[] = [];
  const steps = stepsOf(asked, ["Placement", "True"], ["Sync", "False", "gone"], ["Ready", "False"]);
  const status = await firstChange(objectWith(True("Placement"), True("Sync"), True("Ready")), steps, NOW);
  assert.deepEqual(asked, ["Placement", "Sync"]);
  const written = (status?.["conditions"] ?? []) as readonly Condition[];
  assert.deepEqual(
    written.map(({ type, status: value, lastTransitionTime }) => [type, value, lastTransitionTime]),
    [
      ["Placement", "True", "2026-01-01T00:00:00Z"],
      ["Ready", "True", "2026-01-01T00:00:00Z"],
      ["Sync", "False", NOW],
    ],
    "Ready is still True one look after Sync is not: one unanswered probe flips nothing that is routed by",
  );
});

test("nothing is written when nothing changes", async () => {
  assert.equal(await firstChange(objectWith(True("Sync")), stepsOf([], ["Sync", "True"]), NOW), undefined);
});

test("another message is a change and moves the time of transition", async () => {
  const steps = stepsOf([], ["Sync", "True", "another"]);
  const status = await firstChange(objectWith(True("Sync")), steps, NOW);
  assert.deepEqual(status, {
    conditions: [{ type: "Sync", status: "True", reason: "Available", message: "another", lastTransitionTime: NOW }],
  });
});

test("further fields are written with a condition that has not changed", async () => {
  const step = {
    type: "Deploy",
    evaluate: () => ({ status: "True" as const, fields: { currentReplicaSet: { name: "a" } } }),
  };
  const status = await firstChange(objectWith(True("Deploy")), [step], NOW);
  assert.deepEqual(status, { currentReplicaSet: { name: "a" }, conditions: [True("Deploy")] });
});
