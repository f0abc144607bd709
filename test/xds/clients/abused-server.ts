/** A server in a process of its own, so that its memory and CPU can be judged after clients have misbehaved. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { XdsServerOptions } from "../../../src/xds/server.ts";
import { PATIENCE_MS } from "../../patience.ts";

/** What it is told to do. */
export type Order =
  | { readonly kind: "change"; readonly content: string; readonly node: string }
  | { readonly kind: "report"; readonly collected: boolean };

/** What it is like. */
export interface Report {
  readonly sent: number;
  readonly refused: number;
  readonly rejected: number;
  readonly garbage: number;
  readonly faults: number;
  /** Times per limit. */
  readonly limited: Readonly<Record<string, number>>;
  readonly rss: number;
  /** In V8's heap, and outside on its account. */
  readonly retainedBytes: number;
  readonly cpuMs: number;
  readonly inFlightBytes: number;
  readonly proxies: number;
  readonly types: number;
}

type Options = Omit<Partial<XdsServerOptions>, "assign" | "observer" | "reword" | "clock">;

/** One of them; ends with the test. Hostnames are h0.test to h<n-1>.test. */
export class AbusedServer {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(hostnames: number, options: Options = {}): Promise<AbusedServer> {
    const entry = new URL("./abused-server-entry.ts", import.meta.url);
    const child = fork(entry, [JSON.stringify({ hostnames, options })], { execArgv: ["--expose-gc"] });
    const [bound] = (await once(child, "message")) as [{ readonly port: number }];
    return new AbusedServer(child, bound.port);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Changes the assignment of h0.test; gives the turns of the event loop until it was on its way to this node. */
  async change(content: string, node: string): Promise<number> {
    const { turns } = await this.#ask<{ readonly turns: number }>({ kind: "change", content, node });
    return turns;
  }

  /** Garbage was collected before. */
  report(): Promise<Report> {
    return this.#ask({ kind: "report", collected: true });
  }

  /** Settles once a report fits, with one after garbage was collected. */
  async until(fits: (report: Report) => boolean): Promise<Report> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const report = await this.#ask<Report>({ kind: "report", collected: false });
      if (fits(report)) return this.report();
      if (performance.now() > giveUpAt) throw new Error(`what was waited for never came: ${JSON.stringify(report)}`);
      await new Promise((settle) => setTimeout(settle, 20));
    }
  }

  async end(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  async #ask<Answer>(order: Order): Promise<Answer> {
    const answer = once(this.#process, "message");
    this.#process.send(order);
    const [message] = (await answer) as [Answer];
    return message;
  }
}
