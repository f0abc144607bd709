/** A sink that keeps what it was given, and what that adds up to. */
import assert from "node:assert/strict";
import { type ObjectName, type RecordKind, recordKey } from "../../src/placement/records.ts";
import type { Batch, ProblemReport, Sink } from "../../src/sources/source.ts";

type Change<R> = { readonly put: R } | { readonly remove: ObjectName & { readonly kind: RecordKind } };

export class RecordingSink<R extends ObjectName & { readonly kind: RecordKind }> {
  readonly batches: Batch<Change<R>>[] = [];
  readonly records = new Map<string, R>();
  readonly problems = new Map<string, ProblemReport["problems"]>();
  /** Every change in words, in order: `+key`, `-key`. */
  readonly story: string[] = [];

  /** Checks on the way what Source promises of every batch. */
  readonly sink: Sink<Change<R>> = (batch) => {
    const last = this.batches.at(-1);
    const changed = batch.changes.length > 0 || batch.problems.length > 0;
    assert.ok(
      changed || batch.synced !== (last?.synced ?? false) || batch.stale !== last?.stale,
      "a batch changes something",
    );
    assert.ok(batch.synced || last?.synced !== true, "synced stays");
    this.batches.push(batch);
    const touched = new Set<string>();
    for (const change of batch.changes) {
      const key = recordKey("put" in change ? change.put : change.remove);
      assert.ok(!touched.has(key), `${key} once in a batch`);
      touched.add(key);
      this.story.push(`${"put" in change ? "+" : "-"}${key}`);
      if ("put" in change) this.records.set(key, change.put);
      else assert.ok(this.records.delete(key), `${key} is removed only where it was put`);
    }
    assert.equal(
      new Set(batch.problems.map((p) => p.about)).size,
      batch.problems.length,
      "a thing is reported on once in a batch",
    );
    for (const { about, problems } of batch.problems)
      if (problems.length > 0) this.problems.set(about, problems);
      else assert.ok(this.problems.delete(about), `${about} is put right only where it was reported`);
  };

  get synced(): boolean {
    return this.batches.at(-1)?.synced ?? false;
  }

  get stale(): string | undefined {
    return this.batches.at(-1)?.stale;
  }

  get keys(): readonly string[] {
    return [...this.records.keys()].sort();
  }
}
