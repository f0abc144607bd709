/**
 * A wasm host, pretended: a process of its own that knows the bus and nothing of Signalbox or the API server. Its argument is HostOptions as JSON; its output,
 * one JSON event per line. Like `wash host` 2.7.0 it takes a new ID at each start and leaves without a word.
 */
import { randomUUID } from "node:crypto";
import { startDemoHost } from "../../../src/cli/demo-host.ts";
import { Bus, OPERATOR } from "../bus/bus.ts";
import { eventLine } from "../event.ts";
import { tellLag } from "../loop-lag.ts";
import type { Heartbeat } from "../operator/host-controller.ts";
import { TEMPOS, type TempoName } from "../operator/tempo.ts";
import { agentOf, UnderWay } from "./under-way.ts";
import { Washlet } from "./washlet.ts";

export interface HostOptions {
  /** Name of its Host object; a new one for each process. */
  readonly name: string;
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly busPort: number;
  readonly tempo: TempoName;
}

async function main({ name, address, port, busPort, tempo }: HostOptions): Promise<void> {
  const tell = (text: string): void => console.log(eventLine(text));
  const hostId = randomUUID();
  const underWay = new UnderWay();
  const host = await startDemoHost({
    name,
    hostId,
    address,
    port,
    onChosen: ({ workloadId, workload, stopping }, arrival) => {
      if (stopping === true) tell(`${workload} is stopping, and answers 503 to ${agentOf(arrival)}`);
      else underWay.add(workloadId, arrival);
    },
  });
  const { startMs, stopMs, heartbeatMs } = TEMPOS[tempo];
  const washlet = new Washlet({ host, underWay, startMs, stopMs, tell });
  const bus = new Bus(hostId, busPort, washlet.handle);
  const labels = { hostgroup: "default" };
  const heartbeat: Heartbeat = {
    hostId,
    friendlyName: name,
    hostname: address,
    httpPort: host.port,
    labels,
    environment: "lab",
  };
  const beat = (): void => {
    void washlet.handle("heartbeat", {}).then(() => bus.publish(OPERATOR, "heartbeat", heartbeat));
  };
  bus.onConnect = beat;
  bus.connect();
  setInterval(beat, heartbeatMs);
  tellLag(tell);
  tell(`listens on ${host.authority}`);
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "{}") as HostOptions);
