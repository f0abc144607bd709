import type { Batch, ObjectChange, ObjectSource, Sink } from "../../src/sources/source.ts";

/** A source that says what the test says. */
export class ToldSource implements ObjectSource {
  #sink: Sink<ObjectChange> | undefined;
  async start(sink: Sink<ObjectChange>): Promise<void> {
    this.#sink = sink;
  }
  async stop(): Promise<void> {
    this.#sink = undefined;
  }
  says(batch: Partial<Batch<ObjectChange>>): void {
    this.#sink?.({ changes: [], problems: [], synced: false, stale: undefined, ...batch });
  }
}
