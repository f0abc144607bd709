/** From the text of a configuration to settings, or to everything that is wrong with it. */
import { dirname, resolve } from "node:path";
import type { FleetSpec, UnknownHostname, UpstreamTls } from "../envoy/fleet-spec.ts";
import { yamlDocument } from "../files/yaml-documents.ts";
import type { Problem } from "../placement/problem.ts";
import { parseNetwork } from "../sources/network.ts";
import { listenAddressOf, upstreamOf } from "./checks.ts";
import { crossFaults, listenerName } from "./cross-faults.ts";
import { OPTIONS } from "./options.ts";
import type { FleetSettings, ListenAddress, Settings, SourceSettings } from "./settings.ts";
import { type Fault, pathText, shapeFaults } from "./shape.ts";
import { valueFaults, withDefaults, withoutNulls } from "./value-faults.ts";
import type { Written, WrittenFleet, WrittenListener, WrittenTls } from "./written.ts";

/** Settings, or all that is wrong, by place. */
export type Loaded = { readonly settings: Settings } | { readonly problems: readonly [Problem, ...Problem[]] };

/**
 * Reads a configuration. `file` is its path, for messages and because paths in it are relative to it. Never throws; equal texts give deeply equal settings.
 * Checks go from coarse to fine, and a finer one runs only over what passed the coarser: YAML, the shape, single values, what they say together.
 */
export function loadSettings(text: string, file: string): Loaded {
  const document = yamlDocument(text.startsWith("\uFEFF") ? text.slice(1) : text);
  if ("fault" in document) {
    const { line, column, fault } = document;
    const remedy = "Correct the YAML: indentation by spaces, a space after each colon";
    return { problems: [problemOf(file, `${file}:${line}:${column}`, "", `it cannot be parsed: ${fault}`, remedy)] };
  }
  const value = withoutNulls(document.value ?? {});
  const faults = [...shapeFaults(OPTIONS, value)];
  if (faults.length === 0) {
    const values = [...valueFaults(OPTIONS, value)];
    const written = withDefaults(OPTIONS, value) as Written;
    const more = values.length > 0 ? values : crossFaults(written);
    if (more.length === 0) return { settings: settingsOf(written, dirname(file)) };
    return refused(file, more, document.positionOf);
  }
  return refused(file, faults, document.positionOf);
}

function problemOf(file: string, place: string, field: string, cause: string, remedy: string): Problem {
  const subject = { kind: "File", namespace: "", name: file };
  return { code: "setting-invalid", subject: field === "" ? subject : { ...subject, field }, cause, remedy, place };
}

type PositionOf = Exclude<ReturnType<typeof yamlDocument>, { fault: string }>["positionOf"];

function refused(file: string, faults: readonly Fault[], positionOf: PositionOf): Loaded {
  const placed = faults.map((fault) => ({ fault, at: positionOf(fault.path, fault.at) }));
  placed.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  const [first, ...rest] = placed.map(({ fault, at }) =>
    problemOf(file, `${file}:${at.line}:${at.column}`, pathText(fault.path), fault.cause, fault.remedy),
  );
  if (first === undefined) throw new Error("a configuration refused without a fault");
  return { problems: [first, ...rest] };
}

function settingsOf(written: Written, directory: string): Settings {
  const { saved, xds, admin, placement, hosts } = written;
  const groups = hosts.groups.map(({ name, tls, protocol }) => ({ name, tls: tlsOf(tls), protocol }));
  const fleets =
    written.fleets.length > 0 ? written.fleets : [withDefaults(fleetOption(), { name: "default" }) as WrittenFleet];
  return {
    source: sourceOf(written.source, directory),
    saved: { ...saved, file: saved.file === undefined ? undefined : resolve(directory, saved.file) },
    xds: { ...xds, address: addressOf(xds.address), tls: xdsTlsOf(xds.tls, directory) },
    admin: {
      address: addressOf(admin.address),
      grpcAddress: admin.grpcAddress === undefined ? undefined : addressOf(admin.grpcAddress),
    },
    log: written.log,
    placement: { policy: { ownership: placement.ownership }, hold: placement.hold },
    hosts: {
      allowedNetworks: hosts.allowedNetworks.flatMap((text) => parseNetwork(text)?.text ?? []),
      overrides: hosts.overrides.map((o) => ({ ...o, hostname: o.hostname?.toLowerCase() })),
      groups,
      dnsRefreshMs: hosts.dnsRefreshMs,
      dnsFirstMs: hosts.dnsFirstMs,
    },
    fleets: fleets.map((fleet) => fleetSettings(fleet, groups)),
  };
}

function fleetOption() {
  const { fleets } = OPTIONS.options;
  if (fleets?.type !== "list") throw new Error("the option table has no list of fleets");
  return fleets.of;
}

function sourceOf({ folder, kubernetes }: Written["source"], directory: string): SourceSettings {
  if (folder !== undefined) return { kind: "folder", folder: resolve(directory, folder) };
  const { namespaces = [], kubeconfig, context, events = true, leaseNamespace } = kubernetes ?? {};
  return {
    kind: "kubernetes",
    namespaces,
    kubeconfig: kubeconfig === undefined ? undefined : resolve(directory, kubeconfig),
    context,
    events,
    leaseNamespace,
  };
}

function xdsTlsOf(tls: Written["xds"]["tls"], directory: string): Settings["xds"]["tls"] {
  if (tls === undefined) return undefined;
  const { certFile, keyFile, caFile, maxConnectionAgeMs } = tls;
  const [cert, key, ca] = [certFile, keyFile, caFile].map((file) => resolve(directory, file)) as [
    string,
    string,
    string,
  ];
  return { certFile: cert, keyFile: key, caFile: ca, maxConnectionAgeMs };
}

function addressOf(text: string): ListenAddress {
  const address = listenAddressOf(text);
  if (address === undefined) throw new Error(`not an address: ${text}`); // its check has let it pass
  return address;
}

function tlsOf(tls: WrittenTls | undefined): UpstreamTls | undefined {
  return tls === undefined ? undefined : { sni: tls.sni, caFile: tls.caFile, clientCertificate: tls.clientCertificate };
}

const DEFAULT_LISTENER = { address: "0.0.0.0", port: 8080, trustedHops: 0, proxyProtocol: false, tls: undefined };

function fleetSettings(fleet: WrittenFleet, hostGroups: FleetSpec["hostGroups"]): FleetSettings {
  const { name, proxies, exposes, contaminated, layout, endpoints, xdsCluster, traffic, accessLog } = fleet;
  const listeners: readonly WrittenListener[] =
    fleet.listeners.length > 0
      ? fleet.listeners
      : [{ ...DEFAULT_LISTENER, name: fleet.contour === undefined ? undefined : "ingress_http" }];
  const spec: FleetSpec = {
    name,
    listeners: listeners.map((listener) => ({ ...listener, name: listenerName(listener) })),
    unknownHostname: unknownHostnameOf(fleet.unknownHostname),
    hostGroups,
    traffic,
    contour: fleet.contour === undefined ? undefined : { statsAddress: addressOf(fleet.contour.statsAddress) },
    accessLog,
  };
  return { name, proxies, view: { name, exposes, contaminated }, layout, endpoints, xdsCluster, spec };
}

function unknownHostnameOf(written: WrittenFleet["unknownHostname"]): UnknownHostname {
  if (written?.forward === undefined) return { respond: written?.respond ?? { status: 404, body: "" } };
  const upstream = upstreamOf(written.forward.address);
  if (upstream === undefined) throw new Error(`not an address: ${written.forward.address}`); // its check has let it pass
  return { forward: { ...upstream, tls: tlsOf(written.forward.tls) } };
}
