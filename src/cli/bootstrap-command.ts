/** The command `bootstrap`: the file with which an Envoy joins a fleet. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { fleetFor } from "../config/fleet-selector.ts";
import { nameLike } from "../config/san-pattern.ts";
import type { FleetSettings, Settings } from "../config/settings.ts";
import {
  AddressFault,
  type BootstrapOptions,
  type BootstrapTls,
  type BootstrapTransport,
  bootstrapOf,
} from "../envoy/bootstrap.ts";
import { xdsSecretsOf } from "../envoy/xds-secrets.ts";
import { problemText } from "../placement/problem.ts";
import { addressText } from "../sources/address.ts";
import { command } from "./command.ts";
import { configOption } from "./config-option.ts";
import { fleetsNamed, settingsFrom } from "./offline.ts";
import { Refusal } from "./refusal.ts";

export const bootstrapCommand = command({
  name: "bootstrap",
  operands: "",
  arity: { min: 0, max: 0 },
  options: {
    config: configOption("Signalbox's configuration, for its fleets and its xDS address"),
    fleet: { type: "string", short: "f", value: "name", summary: "the fleet (default: the first)" },
    "xds-address": {
      type: "string",
      value: "address",
      summary: "host:port at which Envoy reaches Signalbox (default: xds.address)",
    },
    id: {
      type: "string",
      value: "id",
      summary:
        "node id; --service-node of Envoy comes before it (default: what the fleet selects, else the fleet's name)",
    },
    cluster: {
      type: "string",
      value: "cluster",
      summary: "node cluster (default: what the fleet selects, else the fleet's name)",
    },
    "admin-address": {
      type: "string",
      value: "address",
      default: "127.0.0.1:9901",
      summary: "Envoy's admin interface; it can stop Envoy",
    },
    "probe-address": {
      type: "string",
      value: "address",
      summary: "where GET /ready and /stats/prometheus alone are answered",
    },
    transport: {
      type: "string",
      choices: ["delta-ads", "sotw-ads", "separate-delta", "separate-sotw"],
      default: "delta-ads",
      summary: "how Envoy asks for its configuration",
    },
    "tls-ca": {
      type: "string",
      value: "file",
      summary: "on Envoy's machine: CA of Signalbox's certificate; with it, xDS is spoken over mTLS",
    },
    "tls-cert": { type: "string", value: "file", summary: "on Envoy's machine: its own certificate" },
    "tls-key": { type: "string", value: "file", summary: "on Envoy's machine: its own key" },
    "tls-server-name": { type: "string", value: "name", summary: "the name in Signalbox's certificate" },
    "max-connections": { type: "string", value: "number", summary: "downstream connections at most (default 50000)" },
    "max-heap-bytes": {
      type: "string",
      value: "bytes",
      summary: "heap at which Envoy begins to refuse requests (default: no such limit)",
    },
    folder: {
      type: "string",
      value: "folder",
      summary:
        "writes envoy.yaml here instead of printing it; with --tls-*, also two files by which Envoy follows its certificates (the folder must be the same on Envoy's machine)",
    },
    output: { type: "string", short: "o", choices: ["yaml", "json"], default: "yaml", summary: "how it is written" },
  },
  examples: [
    [
      "signalbox bootstrap --config examples/quickstart/signalbox.yaml > envoy.yaml",
      "for: envoy --config-path envoy.yaml --service-node edge-1",
    ],
    ["signalbox bootstrap --fleet default --xds-address signalbox.wasmcloud-system:18000", "for an Envoy in a cluster"],
  ],
  run: async ({ options }, terminal) => {
    const settings = await settingsFrom(options.config);
    if ("unusable" in settings) {
      for (const problem of settings.unusable) terminal.err(problemText(problem));
      return 1;
    }
    const [fleet] = fleetsNamed(settings, options.fleet);
    if (fleet === undefined) throw new Error("settings without a fleet");
    const folder = options.folder === undefined ? undefined : resolve(terminal.cwd, options.folder);
    const given: BootstrapOptions = {
      fleet: fleet.name,
      nodeId: options.id ?? usualId(fleet),
      nodeCluster: options.cluster ?? fleet.proxies.cluster ?? fleet.name,
      xdsAddress: options["xds-address"] ?? xdsAddressOf(settings),
      adminAddress: options["admin-address"],
      transport: options.transport as BootstrapTransport, // `choices` lets no other pass
      tls: tlsOf(options, folder),
      probeAddress: options["probe-address"],
      ...numberOf("maxConnections", "max-connections", options["max-connections"]),
      ...numberOf("maxHeapBytes", "max-heap-bytes", options["max-heap-bytes"]),
    };
    const bootstrap = bootstrapFrom(given);
    if (settings.xds.tls !== undefined && given.tls === undefined)
      terminal.err(
        "Note: Signalbox speaks TLS (xds.tls), and refuses this Envoy without --tls-ca, --tls-cert, --tls-key and --tls-server-name",
      );
    warnUnlessSelected(settings, fleet, given, terminal.err);
    if (options.id === undefined)
      terminal.err(
        `Note: the node id is ${JSON.stringify(given.nodeId)}. Give each Envoy its own by --service-node, or Signalbox's log cannot tell them apart`,
      );
    if (folder !== undefined) {
      const files = new Map<string, unknown>([
        ["envoy.yaml", bootstrap],
        ...(given.tls === undefined ? [] : xdsSecretsOf(given.tls)),
      ]);
      await writeAll(folder, files);
      return 0;
    }
    if (given.tls !== undefined)
      terminal.err("Note: Envoy reads these certificates when it starts. With --folder it follows them while it runs");
    terminal.out(options.output === "json" ? JSON.stringify(bootstrap, undefined, 2) : stringify(bootstrap).trimEnd());
    return 0;
  },
});

/** Envoy refuses to start without one ("node 'id' and 'cluster' are required", measured on 1.40.0); its command line may still give another. */
function usualId({ name, proxies: { idPattern } }: FleetSettings): string {
  return idPattern?.replaceAll(/[*?]/g, "1") || name;
}

/** How an address is called where it is typed. */
const OPTION_OF = {
  xdsAddress: "--xds-address",
  adminAddress: "--admin-address",
  probeAddress: "--probe-address",
} as const;

function bootstrapFrom(given: BootstrapOptions): Record<string, unknown> {
  try {
    return bootstrapOf(given);
  } catch (error) {
    if (!(error instanceof AddressFault)) throw error;
    const { option, wrong, remedy } = error;
    throw new Refusal(`${OPTION_OF[option]}: ${wrong}`, remedy, { cause: error, exitCode: 2 });
  }
}

function xdsAddressOf({ xds: { address } }: Settings): string {
  if (address.ip !== "0.0.0.0" && address.ip !== "::" && address.port !== 0) return addressText(address);
  throw new Refusal(
    `xds.address is ${addressText(address)}, which is no address to connect to`,
    "Give the one at which this Envoy reaches Signalbox by --xds-address",
  );
}

type TlsOptions = Readonly<Record<"tls-ca" | "tls-cert" | "tls-key" | "tls-server-name", string | undefined>>;

function tlsOf(options: TlsOptions, secretsFolder: string | undefined): BootstrapTls | undefined {
  const { "tls-ca": caFile, "tls-cert": certFile, "tls-key": keyFile, "tls-server-name": serverName } = options;
  const all = { "--tls-ca": caFile, "--tls-cert": certFile, "--tls-key": keyFile, "--tls-server-name": serverName };
  const missing = Object.entries(all).filter(([, value]) => value === undefined);
  if (missing.length === 4) return undefined;
  if (caFile !== undefined && certFile !== undefined && keyFile !== undefined && serverName !== undefined)
    return { caFile, certFile, keyFile, serverName, secretsFolder };
  const names = missing.map(([name]) => name).join(" and ");
  throw new Refusal(`mTLS needs ${names} too`, "Give all four of them, or none", { exitCode: 2 });
}

async function writeAll(folder: string, files: ReadonlyMap<string, unknown>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, content] of files) await writeFile(join(folder, name), stringify(content));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Refusal(`--folder: ${folder} cannot be written to: ${words}`, "Choose another folder", { cause: error });
  }
}

function numberOf(property: "maxConnections" | "maxHeapBytes", option: string, text: string | undefined) {
  if (text === undefined) return {};
  if (/^\d{1,15}$/.test(text)) return { [property]: Number(text) };
  throw new Refusal(`--${option} cannot be ${JSON.stringify(text)}`, "Give a whole number", { exitCode: 2 });
}

/** A bootstrap whose node another fleet selects, or none, would get another configuration than asked for, or nothing at all. */
function warnUnlessSelected(
  { fleets }: Settings,
  fleet: FleetSettings,
  { nodeId: id, nodeCluster: cluster }: BootstrapOptions,
  warn: (text: string) => void,
): void {
  const selected = fleetFor(fleets, {
    ...{ id, cluster, metadata: { fleet: fleet.name } },
    names: fleet.proxies.sans.map(nameLike), // its certificate is another's business
  });
  if (selected === fleet) return;
  const by = selected === undefined ? "no fleet selects it" : `fleet ${selected.name} selects it`;
  const { cluster: wanted, idPattern, metadata } = fleet.proxies;
  const criteria = JSON.stringify({ cluster: wanted, idPattern, metadata });
  warn(
    `Note: with node id ${JSON.stringify(id)} and cluster ${JSON.stringify(cluster)} ${by}. Fleet ${fleet.name} selects ${criteria}: ` +
      "give --id and --cluster that fit, or add metadata to node in the file",
  );
}
