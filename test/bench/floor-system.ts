/** The floor as a system to be measured (see floor-process.ts). */
import { monotonicMs } from "./clock.ts";
import { writeConfiguration } from "./configuration.ts";
import type { FloorCalls } from "./floor-process.ts";
import { startRemote } from "./remote.ts";
import type { Setting } from "./setting.ts";
import type { System } from "./system.ts";

export async function startFloorSystem(setting: Setting): Promise<System> {
  const { folder, ports, scenario, layout } = setting;
  const startedAt = monotonicMs();
  const floor = startRemote<FloorCalls>("floor-process.ts");
  try {
    const configuration = await writeConfiguration(folder, { ...setting, source: { folder } });
    const xdsPort = await floor.ask("start", {
      configuration,
      layout: layout === "rds" ? "rds" : "scoped",
      ports,
      placed: scenario.placed,
    });
    return {
      pid: floor.pid,
      xdsPort,
      readyMs: monotonicMs() - startedAt,
      move: async (hostname, host) => ({ at: await floor.ask("move", { hostname, host }), tookMs: 0 }),
      prepare: async () => undefined,
      appear: async (hostname, host) => ({ at: await floor.ask("appear", { hostname, host }), tookMs: 0 }),
      counters: async () => ({ sentBytes: await floor.ask("sentBytes", undefined), blockMs: undefined }),
      log: () => "",
      stop: () => floor.stop(),
    };
  } catch (error) {
    await floor.stop();
    throw error;
  }
}
