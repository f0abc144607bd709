/** A way to the API server that can be lost without a word; see lost-path.py. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, startChild } from "../../../src/cli/child.ts";

export class LostPath {
  /** Leads to the API server by this way. */
  readonly kubeconfig: string;
  readonly #child: Child;
  readonly #folder: string;

  private constructor(kubeconfig: string, child: Child, folder: string) {
    this.kubeconfig = kubeconfig;
    this.#child = child;
    this.#folder = folder;
  }

  /** `kubeconfig`: the direct way. */
  static async start(kubeconfig: string): Promise<LostPath> {
    const text = await readFile(kubeconfig, "utf8");
    const { host } = new URL(/"server":"([^"]+)"/.exec(text)?.[1] ?? "");
    const port = Promise.withResolvers<string>();
    const child = await startChild({
      name: "way to the API server",
      command: "python3",
      args: [join(import.meta.dirname, "lost-path.py"), host],
      onLine: (line) => {
        if (line.startsWith("port ")) port.resolve(line.slice(5));
      },
    });
    void child.exited.then((why) =>
      port.reject(new Error(`${child.name} ended: ${why}\n${child.lastLines().join("\n")}`)),
    );
    const folder = await mkdtemp(join(tmpdir(), "signalbox-path-"));
    const path = join(folder, "kubeconfig");
    await writeFile(path, text.replace(host, `127.0.0.1:${await port.promise}`));
    return new LostPath(path, child, folder);
  }

  /** From now on nothing passes on connections that are open. */
  lose(): void {
    process.kill(this.#child.pid, "SIGUSR1");
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
