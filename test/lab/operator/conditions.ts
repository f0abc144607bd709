/** Conditions as the operator keeps them: evaluated in order, and no further than the first that changed, so that each change is an event of its own. */
import type { Condition, Stored } from "../cluster/objects.ts";

/** What evaluating one condition gives; `status` are further fields of the object's status, written together with the condition. */
export interface Outcome {
  readonly status: Condition["status"];
  readonly message?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface Step {
  readonly type: string;
  readonly evaluate: () => Outcome | Promise<Outcome>;
}

/** The status to write after the first step that changes something; undefined if none does. */
export async function firstChange(
  object: Stored,
  steps: readonly Step[],
  now: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const conditions = object.status?.conditions ?? [];
  for (const { type, evaluate } of steps) {
    const { fields = {}, ...outcome } = await evaluate();
    const condition = conditionFrom(type, outcome, now);
    const before = conditions.find((candidate) => candidate.type === type);
    if (Object.keys(fields).length === 0 && before !== undefined && isSame(before, condition)) continue;
    const others = conditions.filter((candidate) => candidate.type !== type);
    return {
      ...fields,
      conditions: [...others, before !== undefined && isSame(before, condition) ? before : condition],
    };
  }
  return undefined;
}

function conditionFrom(type: string, { status, message = "" }: Outcome, now: string): Condition {
  return { type, status, reason: status === "True" ? "Available" : "Reconcile", message, lastTransitionTime: now };
}

/** A message that differs is a change, and moves lastTransitionTime. */
const isSame = (a: Condition, b: Condition): boolean =>
  a.status === b.status && a.reason === b.reason && (a.message ?? "") === (b.message ?? "");
