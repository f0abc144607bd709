/** One host of the laboratory, and what happens to hosts. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "../../../src/cli/child.ts";
import type { TempoName } from "../operator/tempo.ts";
import { startListening } from "../start-listening.ts";
import type { Timeline } from "../timeline.ts";
import type { HostOptions } from "./host-process.ts";

export interface LabHostOptions extends Pick<HostOptions, "advertised" | "tls"> {
  readonly address: string;
  /** First part of its names. Default `host-` and the last part of its address. */
  readonly called?: string;
  /** Beside the group `default`, or another. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly busPort: number;
  readonly tempo: TempoName;
  readonly timeline: Timeline;
}

/** A SYN to a listener whose queue is full gets no answer; a connect takes less than this otherwise. */
const UNANSWERED_MS = 300;
/** More than any listener's queue holds (Node asks for 511). */
const QUEUE_MOST = 1_200;

export class LabHost {
  readonly #options: LabHostOptions;
  readonly #plugs: Socket[] = [];
  #child: Child | undefined;
  #port = 0;
  #starts = 0;

  constructor(options: LabHostOptions) {
    this.#options = options;
  }

  /** Name of its Host object; another after each start. */
  get name(): string {
    const { address, called = `host-${address.split(".").at(-1)}` } = this.#options;
    return `${called}-${this.#starts}`;
  }

  get port(): number {
    return this.#port;
  }

  /** A new process with a new ID on the port it had before. Fulfilled when it listens. */
  async start(): Promise<void> {
    const { called: _, timeline, labels, ...given } = this.#options;
    this.#starts += 1;
    const { name } = this;
    const options: HostOptions = { ...given, name, port: this.#port, labels: { hostgroup: "default", ...labels } };
    const { child, port: listening } = await startListening(name, "hosts/host-process.ts", options, timeline);
    this.#child = child;
    this.#port = listening;
  }

  /** The process is gone at once; its address refuses. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#child?.exited;
  }

  /** It is told to end, as newer hosts can be, and goes on until its grace is over. Fulfilled when it is gone. */
  async terminate(): Promise<void> {
    this.#signal("SIGTERM");
    await this.#child?.exited;
  }

  /** It stops in the middle of everything; connections are taken by the kernel, and nothing is answered. */
  freeze(): void {
    this.#signal("SIGSTOP");
  }

  /** It goes on where it stopped. */
  thaw(): void {
    for (const plug of this.#plugs.splice(0)) plug.destroy();
    this.#signal("SIGCONT");
  }

  /**
   * Like a machine that is gone: frozen, and connects are not answered either, since the listener's queue is full. Other than there, the kernel still
   * acknowledges what is sent on connections that exist.
   */
  async blackHole(): Promise<void> {
    this.freeze();
    for (let i = 0; i < QUEUE_MOST; i++) {
      const socket = connect({ host: this.#options.address, port: this.#port });
      socket.on("error", () => {});
      this.#plugs.push(socket);
      const answered = await Promise.race([
        once(socket, "connect").then(() => true),
        sleep(UNANSWERED_MS).then(() => false),
      ]);
      if (!answered) return;
    }
    throw new Error(`the queue of ${this.name} takes more than ${QUEUE_MOST} connections`);
  }

  async stop(): Promise<void> {
    if (this.#child?.running === true) this.#signal("SIGKILL");
    for (const plug of this.#plugs) plug.destroy();
    await this.#child?.exited;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child === undefined) throw new Error(`${this.name} was not started`);
    this.#options.timeline.note("lab", `${signal} to ${this.name}`);
    process.kill(this.#child.pid, signal);
  }
}
