/** The operator's process as the laboratory has it. */
import { join } from "node:path";
import { type Child, startChild } from "../../../src/cli/child.ts";
import { eventOf } from "../event.ts";
import type { Timeline } from "../timeline.ts";
import type { OperatorOptions } from "./operator-process.ts";

export class Operator {
  readonly #options: OperatorOptions;
  readonly #timeline: Timeline;
  #child: Child | undefined;

  constructor(options: OperatorOptions, timeline: Timeline) {
    this.#options = options;
    this.#timeline = timeline;
  }

  async start(): Promise<void> {
    this.#child = await startChild({
      name: "operator",
      command: process.execPath,
      args: [join(import.meta.dirname, "operator-process.ts"), JSON.stringify(this.#options)],
      onLine: (line) => this.#timeline.add("operator", eventOf(line)),
    });
  }

  /** Ends it in the middle of everything. */
  async kill(): Promise<void> {
    this.#timeline.note("lab", "SIGKILL to the operator");
    if (this.#child?.running === true) process.kill(this.#child.pid, "SIGKILL");
    await this.#child?.exited;
  }
}
