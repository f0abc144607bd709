/** Signalbox with a folder: one YAML file with one Workload per hostname, replaced by rename as editors and deployment tools do. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { monotonicMs } from "./clock.ts";
import { writeConfiguration } from "./configuration.ts";
import { HOST_STATUS, hostObject, workloadObject, workloadStatus } from "./objects.ts";
import type { Setting } from "./setting.ts";
import { startSignalbox } from "./signalbox.ts";
import type { System, Written } from "./system.ts";

export async function startFolderSystem(setting: Setting): Promise<System> {
  const { folder, ports, scenario, main } = setting;
  const objects = join(folder, "objects");
  const staging = join(folder, "staging"); // beside the folder that is watched, so that a write is one event: its rename
  await mkdir(objects);
  await mkdir(staging);
  const write = async (hostname: string, host: number): Promise<Written> => {
    const name = `${hostname}.yaml`;
    const object = { ...workloadObject(hostname), status: workloadStatus(hostname, host) };
    await writeFile(join(staging, name), stringify(object));
    const at = monotonicMs(); // its end is told by another thread, and Envoys may have answered by then
    await rename(join(staging, name), join(objects, name));
    return { at, tookMs: 0 };
  };
  const hosts = ports.map((port, host) => ({ ...hostObject(host, port), status: HOST_STATUS }));
  await writeFile(join(objects, "hosts.yaml"), hosts.map((host) => stringify(host)).join("---\n"));
  for (const [hostname, host] of scenario.placed) await write(hostname, host);
  const configuration = await writeConfiguration(folder, { ...setting, source: { folder: objects } });
  return {
    ...(await startSignalbox(configuration, main)),
    move: write,
    prepare: async () => undefined,
    appear: write,
  };
}
