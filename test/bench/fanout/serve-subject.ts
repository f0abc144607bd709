/** Signalbox as its users start it, on a folder with one file per hostname. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { monotonicMs } from "../clock.ts";
import { HOST_STATUS, hostObject, workloadObject, workloadStatus } from "../objects.ts";
import { startSignalbox } from "../signalbox.ts";
import type { ClientTls } from "./mutual-tls.ts";
import type { Change, Subject } from "./subject.ts";

/** Writes the files that say what there is at the start, into an empty folder. */
export async function writeObjects(folder: string, placed: ReadonlyMap<string, number>, hosts: number): Promise<void> {
  await mkdir(join(folder, "objects"));
  await mkdir(join(folder, "staging"));
  const objects = Array.from({ length: hosts }, (_, host) => ({
    ...hostObject(host, 20_000 + host),
    status: HOST_STATUS,
  }));
  await writeFile(join(folder, "objects/hosts.yaml"), objects.map((host) => stringify(host)).join("---\n"));
  for (const [hostname, host] of placed) await write(folder, { hostname, host, workloadId: `w-${hostname}` });
}

/** What `serve` is started on: the folder of `writeObjects`, a configuration, and what that has clients show. */
export interface Installed {
  readonly folder: string;
  readonly configuration: string;
  readonly main: string;
  readonly tls: ClientTls | undefined;
}

/** Starts `serve` on what `writeObjects` wrote. */
export async function startServe({ folder, configuration, main, tls }: Installed): Promise<Subject> {
  const signalbox = await startSignalbox(configuration, main);
  return {
    pid: signalbox.pid,
    port: signalbox.xdsPort,
    tls,
    change: (change) => write(folder, change),
    blockMs: async () => (await signalbox.counters()).blockMs,
    stop: () => signalbox.stop(),
  };
}

/** By rename, so that it is one event; gives when that was done. */
async function write(folder: string, { hostname, host, workloadId }: Change): Promise<number> {
  const file = `${hostname}.yaml`;
  const status = { ...workloadStatus(hostname, host), workloadId };
  await writeFile(join(folder, "staging", file), stringify({ ...workloadObject(hostname), status }));
  await rename(join(folder, "staging", file), join(folder, "objects", file));
  return monotonicMs();
}
