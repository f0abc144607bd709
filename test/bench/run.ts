/** A run from nothing to nothing: hosts, a system, Envoys; measured; all ended. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootstrapOf } from "../../src/envoy/bootstrap.ts";
import { type EnvoyProcess, startEnvoy } from "../envoy/envoy-process.ts";
import { monotonicMs } from "./clock.ts";
import { startFloorSystem } from "./floor-system.ts";
import { startFolderSystem } from "./folder-system.ts";
import type { HostCalls } from "./hosts-process.ts";
import { startKubernetesSystem } from "./kubernetes-system.ts";
import { type Amounts, everything, type Figures, measure } from "./measure.ts";
import type { ProberCalls } from "./prober-process.ts";
import type { ProxiesCalls } from "./proxies-process.ts";
import { startRemote } from "./remote.ts";
import { Scenario, type Shape } from "./scenario.ts";
import type { Setting } from "./setting.ts";
import type { System } from "./system.ts";

/** Who is told of changes: nobody (the floor), a folder, an API server. */
export type SystemName = "floor" | "folder" | "kubernetes";

const SYSTEMS: Readonly<Record<SystemName, (setting: Setting) => Promise<System>>> = {
  floor: startFloorSystem,
  folder: startFolderSystem,
  kubernetes: startKubernetesSystem,
};

export interface RunPlan extends Pick<Setting, "layout" | "main"> {
  readonly shape: Shape;
  readonly system: SystemName;
  readonly amounts: Amounts;
}

export interface RunResult {
  readonly shape: Shape;
  readonly system: SystemName;
  /** From the start of the control plane to its readiness, everything at the start being there already. */
  readonly readyMs: number;
  /** Longest block of its event loop until the Envoys served; undefined if it does not tell. */
  readonly startBlockMs: number | undefined;
  /** From the start of the Envoys until each serves every hostname. */
  readonly fleetMs: number;
  readonly envoyVersion: string;
  readonly figures: Figures;
}

/** @throws whatever went wrong, with the control plane's last lines. Nothing is left running. */
export async function run({ shape, system: name, amounts, layout, main }: RunPlan): Promise<RunResult> {
  await using ends = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-"));
  ends.defer(() => rm(folder, { recursive: true, force: true }));
  const hosts = startRemote<HostCalls>("hosts-process.ts");
  ends.defer(() => hosts.stop());
  const prober = startRemote<ProberCalls>("prober-process.ts");
  ends.defer(() => prober.stop());
  const ports = await hosts.ask("open", shape.hosts);
  const listenerPort = await freePort();
  const scenario = new Scenario(shape);
  const system = await SYSTEMS[name]({ folder, ports, scenario, listenerPort, layout, main });
  ends.defer(() => system.stop());
  const startedAt = monotonicMs();
  const envoys: EnvoyProcess[] = [];
  try {
    for (let i = 0; i < shape.envoys; i++) {
      const envoy = await startEnvoy({ bootstrap: bootstrap(system.xdsPort, i), logLevel: "warn" });
      ends.defer(() => envoy.stop());
      envoys.push(envoy);
    }
    for (const envoy of envoys) await envoy.ready(120_000);
    await prober.ask("connect", { port: listenerPort, pids: envoys.map(({ pid }) => pid) });
    await prober.ask("sweep", everything(scenario));
    const fleetMs = monotonicMs() - startedAt;
    if (shape.proxies > 0) {
      const proxies = startRemote<ProxiesCalls>("proxies-process.ts");
      ends.defer(() => proxies.stop());
      const spoken = layout === "rds" ? "rds" : "scoped";
      await proxies.ask("open", { xdsPort: system.xdsPort, count: shape.proxies, layout: spoken });
    }
    const startBlockMs = (await system.counters()).blockMs;
    const figures = await measure({ system, scenario, prober, envoys }, amounts);
    const envoyVersion = envoys[0]?.version ?? "";
    return { shape, system: name, readyMs: system.readyMs, startBlockMs, fleetMs, envoyVersion, figures };
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const told = envoys.map(
      (envoy) => `${envoy.log().slice(-4_000)}\nEnvoy ${isThere(envoy.pid) ? "runs" : "has ended"}`,
    );
    const logs = [system.log().slice(-4_000), ...told];
    throw new Error(`${name} with ${shape.hostnames} hostnames: ${words}\n${logs.join("\n--\n")}`, { cause: error });
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** For a listener that Envoys share, which therefore cannot ask for port 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const bootstrap = (xdsPort: number, i: number): Readonly<Record<string, unknown>> =>
  bootstrapOf({
    fleet: "bench",
    nodeId: `envoy-${i}`,
    nodeCluster: "bench",
    xdsAddress: `127.0.0.1:${xdsPort}`,
    adminAddress: "127.0.0.1:0",
    transport: "delta-ads",
    tls: undefined,
    probeAddress: undefined,
  });
