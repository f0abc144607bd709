/** `signalbox serve` as its own process on a folder of its own: what a user would start. */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Child, startChild } from "../../src/cli/child.ts";
import { PATIENCE_MS } from "../patience.ts";

export const MAIN: string = join(import.meta.dirname, "../../src/main.ts");

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

export interface Serving {
  readonly folder: string;
  readonly child: Child;
  readonly xdsPort: number;
  readonly adminUrl: string;
  /** Writes an object file as an editor that renames does. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Replaces the configuration. */
  configure(text: string): Promise<void>;
  log(): readonly LogLine[];
  /** Waits for a line whose message is this, `after` how many earlier ones. Fails with the log if it never comes. */
  told(message: string, after?: number): Promise<LogLine>;
  /** An answer of the admin address, as text. */
  admin(path: string): Promise<string>;
  stop(): Promise<void>;
}

export interface ServingOptions {
  readonly test: TestContext;
  /** YAML below `fleets:`; source, xds and admin are set up on free loopback ports, and loopback hosts are allowed. */
  readonly fleets?: string | undefined;
  /** More top-level YAML. */
  readonly more?: string;
  /** Instead of an xDS address on a free port. */
  readonly xds?: string;
  readonly objects?: Readonly<Record<string, string>>;
  /** A script of the shell that ends in `exec "$@"`, which is `signalbox serve`: `ulimit -n 100; exec "$@"`. */
  readonly script?: string;
}

const ANY_FLEET = "  - {name: edge, listeners: [{name: http, address: 127.0.0.1, port: 0}]}";

/** The configuration of a test. */
export function configText({
  fleets = ANY_FLEET,
  more = "",
  xds = 'xds: {address: "127.0.0.1:0"}',
}: Omit<ServingOptions, "test" | "objects" | "script">): string {
  return [
    "source: {folder: objects}",
    xds,
    'admin: {address: "127.0.0.1:0"}',
    ...(more.includes("hosts:") ? [] : ['hosts: {allowedNetworks: ["127.0.0.0/8", "::1/128"]}']),
    more,
    "fleets:",
    fleets,
  ].join("\n");
}

/** Starts it and waits until it listens. Ended with the test. */
export async function serving(options: ServingOptions): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-serve-"));
  await mkdir(join(folder, "objects"));
  const write = async (name: string, text: string): Promise<void> => {
    const path = join(folder, name);
    await writeFile(`${path}.new~`, text);
    await rename(`${path}.new~`, path);
  };
  for (const [name, text] of Object.entries(options.objects ?? {})) await write(`objects/${name}`, text);
  await write("signalbox.yaml", configText(options));
  const { script } = options;
  const serve = [process.execPath, MAIN, "serve", "--config", join(folder, "signalbox.yaml")];
  const [command = "", ...args] = script === undefined ? serve : ["/bin/sh", "-c", script, "sh", ...serve];
  const child = await startChild({ name: "signalbox serve", command, args });
  const stop = async (): Promise<void> => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  options.test.after(stop);
  const log = (): readonly LogLine[] =>
    child
      .lastLines()
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  const told = async (message: string, after = 0): Promise<LogLine> => {
    const until = performance.now() + PATIENCE_MS;
    while (performance.now() < until && child.running) {
      const line = log().filter(({ msg }) => msg === message)[after];
      if (line !== undefined) return line;
      await sleep(10);
    }
    throw new Error(`"${message}" was not told (${after} before it). The log:\n${child.lastLines().join("\n")}`);
  };
  const listening = await told("listening");
  const adminUrl = `http://${listening["admin"]}`;
  return {
    folder,
    child,
    xdsPort: Number(String(listening["xds"]).split(":").at(-1)),
    adminUrl,
    write: (name, text) => write(`objects/${name}`, text),
    remove: (name) => rm(join(folder, "objects", name)),
    configure: (text) => write("signalbox.yaml", text),
    log,
    told,
    admin: async (path) => (await fetch(adminUrl + path)).text(),
    stop,
  };
}

/** YAML of a Host at an address. */
export function hostYaml(name: string, address: string, port: number, more = ""): string {
  return `apiVersion: runtime.wasmcloud.dev/v1alpha1
kind: Host
metadata: {name: ${name}, labels: {hostgroup: default}}
hostId: id-${name}
hostname: "${address}"
httpPort: ${port}
${more}`;
}

/** YAML of a Workload that serves a hostname on a Host. */
export function workloadYaml(name: string, hostname: string, on: string, namespace = "default"): string {
  return `apiVersion: runtime.wasmcloud.dev/v1alpha1
kind: Workload
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  hostId: id-${on}
  hostInterfaces:
    - {namespace: wasi, package: http, interfaces: [incoming-handler], config: {host: ${hostname}}}
`;
}

/** Reads a file of the project. */
export const projectFile = (path: string): Promise<string> =>
  readFile(join(import.meta.dirname, "../..", path), "utf8");
