/** A real Envoy for a test: on free loopback ports, its log at hand, ended with the test. */
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { startChild } from "../../src/cli/child.ts";
import { findEnvoy } from "../../src/cli/envoy-binary.ts";
import { PATIENCE_MS } from "../patience.ts";

export interface EnvoyOptions {
  /** A bootstrap as YAML or JSON text, or as the object. Its admin address is replaced by a free loopback port, unless it is a unix socket. */
  readonly bootstrap: string | Readonly<Record<string, unknown>>;
  /** More arguments. */
  readonly args?: readonly string[];
  /** Exactly this release, fetched if need be. Default: whatever findEnvoy gives. */
  readonly version?: string;
  /** Worker threads. Default 1. */
  readonly concurrency?: number;
  /** Envoy's own, default "info". */
  readonly logLevel?: string;
  /** Called for every line it writes: access log and its own log. */
  readonly onLine?: (line: string) => void;
  /** Ends Envoy after this test, and shows the log's tail if the test failed. */
  readonly test?: TestContext;
}

export interface EnvoyProcess {
  readonly version: string;
  readonly pid: number;
  /** `http://127.0.0.1:port`, without a slash at the end; or the path of a unix socket. */
  readonly adminUrl: string;
  /** Fulfilled when `/ready` says LIVE. Fails after `boundMs` (default: long), or when Envoy ends, with the log's tail. */
  ready(boundMs?: number): Promise<void>;
  /** The port a listener is bound to, by the listener's name: listeners in tests ask for port 0. Waits for it. */
  port(listener: string): Promise<number>;
  /** One path of the admin interface, as text. Fails unless it answers 200. */
  admin(path: string, method?: "GET" | "POST"): Promise<string>;
  /** `/config_dump?include_eds`, parsed. */
  configDump(): Promise<{ readonly configs: readonly Readonly<Record<string, unknown>>[] }>;
  /** `/clusters?format=json`, parsed. */
  clusters(): Promise<{ readonly cluster_statuses?: readonly Readonly<Record<string, unknown>>[] }>;
  /** Counters and gauges whose names match (Envoy's `filter`, a regular expression). */
  stats(filter: string): Promise<ReadonlyMap<string, number>>;
  /** Access log and Envoy's own log, the last 400 lines. */
  log(): string;
  /** Ends Envoy and removes its files. May be called twice. */
  stop(): Promise<void>;
}

/** Starts Envoy and returns once its admin interface answers; configuration may still be on its way (see `ready`). */
export async function startEnvoy(options: EnvoyOptions): Promise<EnvoyProcess> {
  const binary = await findEnvoy(options.version === undefined ? {} : { version: options.version });
  const folder = await mkdtemp(join(tmpdir(), "signalbox-envoy-"));
  const configPath = join(folder, "bootstrap.json");
  const addressPath = join(folder, "admin-address");
  await writeFile(configPath, JSON.stringify(withFreeAdmin(options.bootstrap)));
  const logLevel = options.logLevel ?? "info";
  const child = await startChild({
    name: `Envoy ${binary.version}`,
    command: binary.path,
    // Hot restart shares memory by base id, so that two Envoys of one machine would collide; a test has no use for it.
    args: ["--disable-hot-restart", "--config-path", configPath, "--admin-address-path", addressPath]
      .concat(["--concurrency", String(options.concurrency ?? 1), "--log-level", logLevel])
      .concat(["--drain-time-s", "1", "--parent-shutdown-time-s", "2"])
      .concat(["--file-flush-interval-msec", "200"], options.args ?? []), // its access log otherwise comes up to 10 s late
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
  const log = (): string => child.lastLines().join("\n");
  const stop = async (): Promise<void> => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const within = async <T>(what: string, boundMs: number, attempt: () => Promise<T | undefined>): Promise<T> => {
    const until = performance.now() + boundMs;
    while (child.running && performance.now() < until) {
      const found = await attempt().catch(() => undefined);
      if (found !== undefined) return found;
      await sleep(20);
    }
    const why = child.running ? `not after ${boundMs} ms` : `Envoy ended with ${await child.exited}`;
    throw new Error(`${what}: ${why}. Its log ends:\n${child.lastLines().slice(-40).join("\n")}`);
  };
  options.test?.after(async () => {
    const { passed } = options.test as { readonly passed?: boolean }; // Node 24 has it, its types do not know it yet
    if (passed === false) options.test?.diagnostic(`Envoy's log ends:\n${child.lastLines().slice(-60).join("\n")}`);
    await stop();
  });
  try {
    const address = await within("Envoy's admin interface", PATIENCE_MS, async () => {
      const text = (await readFile(addressPath, "utf8")).trim();
      return text === "" ? undefined : text;
    });
    const adminUrl = address.startsWith("/") ? address : `http://${address}`;
    return processOf({ version: binary.version, pid: child.pid, adminUrl, log, stop, within });
  } catch (error) {
    await stop();
    throw error;
  }
}

type Within = <T>(what: string, boundMs: number, attempt: () => Promise<T | undefined>) => Promise<T>;

function processOf(
  given: Pick<EnvoyProcess, "version" | "pid" | "adminUrl" | "log" | "stop"> & { readonly within: Within },
): EnvoyProcess {
  const { within, ...rest } = given;
  const admin = async (path: string, method: "GET" | "POST" = "GET"): Promise<string> => {
    const { status, text } = await answer(rest.adminUrl, path, method);
    if (status !== 200) throw new Error(`Envoy's admin ${path} answers ${status}: ${text.slice(0, 500)}`);
    return text;
  };
  return {
    ...rest,
    admin,
    ready: (boundMs = PATIENCE_MS) =>
      within("Envoy is LIVE", boundMs, async () => ((await admin("/ready")).trim() === "LIVE" ? true : undefined)).then(
        () => undefined,
      ),
    port: (listener) =>
      within(`listener ${listener}`, PATIENCE_MS, async () => {
        const { listener_statuses = [] } = JSON.parse(await admin("/listeners?format=json")) as Listeners;
        return listener_statuses.find(({ name }) => name === listener)?.local_address.socket_address.port_value;
      }),
    configDump: async () => JSON.parse(await admin("/config_dump?include_eds")),
    clusters: async () => JSON.parse(await admin("/clusters?format=json")),
    stats: async (filter) => {
      const text = await admin(`/stats?filter=${encodeURIComponent(filter)}`);
      const lines = text.split("\n").map((line) => /^(.*): (\d+)$/.exec(line));
      return new Map(lines.flatMap((match) => (match === null ? [] : [[match[1] ?? "", Number(match[2])] as const])));
    },
  };
}

/** `fetch` knows no unix sockets. */
async function answer(
  adminUrl: string,
  path: string,
  method: string,
): Promise<{ readonly status: number; readonly text: string }> {
  if (!adminUrl.startsWith("/")) {
    const response = await fetch(adminUrl + path, { method });
    return { status: response.status, text: await response.text() };
  }
  const asked = request({ socketPath: adminUrl, path, method, agent: false }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, text: await readText(response) };
}

interface Listeners {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

function withFreeAdmin(bootstrap: EnvoyOptions["bootstrap"]): Readonly<Record<string, unknown>> {
  const given = typeof bootstrap === "string" ? (parse(bootstrap) as Record<string, unknown>) : bootstrap;
  if (JSON.stringify(given["admin"] ?? {}).includes('"pipe"')) return given;
  return { ...given, admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } } };
}
