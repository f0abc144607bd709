/** The Envoys that requests go through, of several versions and transports, and what their access logs say of requests that were not plain. */
import { setTimeout as sleep } from "node:timers/promises";
import { type BootstrapTls, bootstrapOf } from "../../../src/envoy/bootstrap.ts";
import type { ProxyTransport } from "../../../src/envoy/variant.ts";
import { type EnvoyProcess, startEnvoy } from "../../envoy/envoy-process.ts";
import type { Door } from "../load/load-process.ts";
import type { Timeline } from "../timeline.ts";

export interface EnvoyKind {
  readonly name: string;
  readonly version: string;
  readonly transport: ProxyTransport;
}

/** Scoped routes, one RouteConfiguration, and the older protocol. */
export const ENVOYS: readonly EnvoyKind[] = [
  { name: "envoy-1", version: "1.40.0", transport: "delta-ads" },
  { name: "envoy-2", version: "1.36.2", transport: "delta-ads" },
  { name: "envoy-3", version: "1.40.0", transport: "sotw-ads" },
];

interface AccessLog {
  readonly time: string;
  readonly method: string;
  readonly hostname: string;
  readonly status: number;
  readonly flags: string;
  readonly reason: string | null;
  readonly host: string | null;
  readonly attempts: number | null;
  readonly duration_ms: number;
  readonly user_agent: string;
}

/** How an Envoy finds Signalbox. */
export interface XdsDoor {
  /** `ip:port`, or `name:port` where there is DNS. */
  readonly address: string;
  /** Port of a DNS server on 127.0.0.1, in the place of the machine's own. */
  readonly dnsPort: number | undefined;
  /** Undefined: plaintext. */
  readonly tls: BootstrapTls | undefined;
}

export class Envoy {
  readonly kind: EnvoyKind;
  readonly #xds: XdsDoor;
  readonly #timeline: Timeline;
  #process: EnvoyProcess | undefined;
  #port = 0;

  constructor(kind: EnvoyKind, xds: XdsDoor, timeline: Timeline) {
    this.kind = kind;
    this.#xds = xds;
    this.#timeline = timeline;
  }

  /** Where requests enter; another port after each start. */
  get door(): Door {
    return { name: this.kind.name, port: this.#port };
  }

  /** Of the one that was started last. */
  get pid(): number {
    return this.#running.pid;
  }

  /** Fulfilled when it has its configuration. */
  async start(): Promise<void> {
    const { name, version, transport } = this.kind;
    const bootstrap = bootstrapOf({
      fleet: "edge",
      nodeId: name,
      nodeCluster: "edge",
      xdsAddress: this.#xds.address,
      adminAddress: "127.0.0.1:0",
      transport,
      tls: this.#xds.tls,
      probeAddress: undefined,
    });
    const envoy = await startEnvoy({
      bootstrap: { ...bootstrap, ...resolverOf(this.#xds) },
      ...{ version, logLevel: "warning", onLine: (line: string) => this.#said(line) },
    });
    this.#process = envoy;
    await envoy.ready();
    this.#port = await envoy.port("http");
  }

  /** Sends its clients away, and waits until none of their requests is left. Nobody may send it more meanwhile. */
  async drain(): Promise<void> {
    const envoy = this.#running;
    this.#timeline.note("lab", `${this.kind.name} drains`);
    await envoy.admin("/drain_listeners?graceful&skip_exit", "POST");
    const active = async (): Promise<number> =>
      [...(await envoy.stats("^http\\..*downstream_rq_active$"))]
        .filter(([name]) => !name.startsWith("http.admin."))
        .reduce((sum, [, value]) => sum + value, 0);
    while ((await active()) > 0) await sleep(50);
  }

  async stop(): Promise<void> {
    this.#timeline.note("lab", `${this.kind.name} ends`);
    await this.#process?.stop();
  }

  /** Counters and gauges whose names match. */
  stats(filter: string): Promise<ReadonlyMap<string, number>> {
    return this.#running.stats(filter);
  }

  /** Its `/clusters`, parsed. */
  clusters(): ReturnType<EnvoyProcess["clusters"]> {
    return this.#running.clusters();
  }

  get #running(): EnvoyProcess {
    if (this.#process === undefined) throw new Error(`${this.kind.name} was not started`);
    return this.#process;
  }

  /** Plain requests are 99 of 100 lines, and say nothing. */
  #said(line: string): void {
    const { name } = this.kind;
    if (!line.startsWith("{")) {
      this.#timeline.note(name, line);
      return;
    }
    const log = JSON.parse(line) as AccessLog;
    if (log.status === 200 && log.flags === "-" && (log.attempts ?? 1) <= 1) return;
    const { method, hostname, status, flags, reason, host, attempts, duration_ms, user_agent } = log;
    const text = `${user_agent} ${method} ${hostname}: ${status}, flags ${flags}, ${reason}, host ${host}, attempts ${attempts}, ${duration_ms} ms`;
    this.#timeline.add(name, { at: Date.parse(log.time), text });
  }
}

/** For a bootstrap: what a pod has from its /etc/resolv.conf. */
const resolverOf = ({ dnsPort }: XdsDoor) =>
  dnsPort === undefined
    ? {}
    : {
        typed_dns_resolver_config: {
          name: "envoy.network.dns_resolver.cares",
          typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
            resolvers: [{ socket_address: { address: "127.0.0.1", port_value: dnsPort } }],
          },
        },
      };
