/**
 * A wasm host, pretended: a process of its own that knows the bus and nothing of Signalbox or the API server. Its argument is HostOptions as JSON; its output,
 * one JSON event per line. Like `wash host` 2.7.0 it takes a new ID at each start and leaves without a word.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
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
  readonly labels: Readonly<Record<string, string>>;
  /** What its heartbeat says of where it is, other than the truth. */
  readonly advertised?: { readonly hostname?: string; readonly httpPort?: number };
  /** Files in PEM; with them it speaks TLS only. */
  readonly tls?: { readonly keyFile: string; readonly certFile: string };
}

async function main({ name, address, port, busPort, tempo, labels, advertised, tls }: HostOptions): Promise<void> {
  const tell = (text: string): void => console.log(eventLine(text));
  const hostId = randomUUID();
  const underWay = new UnderWay();
  const host = await startDemoHost({
    name,
    hostId,
    address,
    port,
    ...(tls === undefined
      ? {}
      : { tls: { key: readFileSync(tls.keyFile, "utf8"), cert: readFileSync(tls.certFile, "utf8") } }),
    onChosen: ({ workloadId, workload, stopping }, arrival) => {
      // Both kinds take the same call; only the union of their overloads has no signature.
      (arrival.response as ServerResponse).setHeader("lab-served-by", workload);
      // What a stop causes is counted apart; a service that has ended by itself is no stop.
      if (stopping === true && !washlet.hasExited(workloadId))
        tell(`${workload} is stopping, and answers 503 to ${agentOf(arrival)}`);
      else underWay.add(workloadId, arrival);
    },
  });
  const { startMs, stopMs, heartbeatMs, graceMs } = TEMPOS[tempo];
  const washlet = new Washlet({ host, underWay, startMs, stopMs, tell });
  const bus = new Bus(hostId, busPort, washlet.handle);
  const heartbeat: Heartbeat = {
    hostId,
    friendlyName: name,
    hostname: address,
    httpPort: host.port,
    labels,
    environment: "lab",
    ...advertised,
  };
  const beat = (): void => {
    void washlet.handle("heartbeat", {}).then(() => bus.publish(OPERATOR, "heartbeat", heartbeat));
  };
  bus.onConnect = beat;
  bus.connect();
  setInterval(beat, heartbeatMs);
  // Newer hosts go on with everything, heartbeats included, until their grace is over.
  process.once("SIGTERM", () => {
    tell(`ends in ${graceMs} ms`);
    setTimeout(() => process.exit(0), graceMs);
  });
  tellLag(tell);
  tell(`listens on ${host.authority}`);
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "{}") as HostOptions);
