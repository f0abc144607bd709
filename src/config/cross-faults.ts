/** What no single option shows: options that contradict one another. */
import { isDeepStrictEqual } from "node:util";
import { listenAddressOf, onLoopback } from "./checks.ts";
import { type Fault, pathText } from "./shape.ts";
import type { Written, WrittenFleet, WrittenListener, WrittenTls } from "./written.ts";

/** Everything that contradicts something else. Every single value must have passed its own check. */
export function crossFaults(written: Written): readonly Fault[] {
  const { hosts, placement, fleets, xds } = written;
  return [
    ...portFaults(written),
    ...repeated(
      placement.ownership.map((rule) => rule.domain),
      ["placement", "ownership"],
      "domain",
    ),
    ...overrideFaults(written),
    ...repeated(
      hosts.groups.map((group) => group.name),
      ["hosts", "groups"],
      "name",
    ),
    ...hosts.groups.flatMap((group, i) => tlsFaults(group.tls, ["hosts", "groups", i, "tls"])),
    ...repeated(
      fleets.map((fleet) => fleet.name),
      ["fleets"],
      "name",
    ),
    ...fleets.flatMap((fleet, i) => fleetFaults(fleet, ["fleets", i])),
    ...selectionFaults(fleets),
    ...(xds.tls === undefined ? provenFaults(fleets) : []),
  ];
}

function fault(path: Fault["path"], cause: string, remedy: string): Fault {
  return { path, at: "value", cause, remedy };
}

/** Values that must differ among the entries of a list, by one of their options. */
function repeated(values: readonly string[], list: Fault["path"], option: string): readonly Fault[] {
  return values.flatMap((value, i) => {
    const first = values.indexOf(value);
    if (first === i) return [];
    return [
      fault(
        [...list, i, option],
        `"${value}" is the ${option} of ${pathText([...list, first])} too`,
        "Choose another, or merge the two entries",
      ),
    ];
  });
}

function portFaults({ xds, admin }: Written): readonly Fault[] {
  const faults: Fault[] = [];
  const address = listenAddressOf(xds.address);
  const speaksPlaintext = xds.tls === undefined;
  if (address !== undefined && speaksPlaintext && !onLoopback(address) && !xds.plaintextOffLoopback)
    faults.push(
      fault(
        ["xds", "address"],
        `"${xds.address}" is off loopback, and the port speaks plaintext`,
        "Set xds.tls (signalbox certgen makes the files), or listen on 127.0.0.1; or set xds.plaintextOffLoopback: true and close the port to everybody but the Envoys",
      ),
    );
  if (!speaksPlaintext && xds.plaintextOffLoopback)
    faults.push(
      fault(
        ["xds", "plaintextOffLoopback"],
        "xds.tls is given, and nothing is spoken in plaintext",
        "Remove one of the two",
      ),
    );
  const own = [
    { path: ["xds", "address"], text: xds.address },
    { path: ["admin", "address"], text: admin.address },
    { path: ["admin", "grpcAddress"], text: admin.grpcAddress },
  ];
  for (const [i, { path, text }] of own.entries()) {
    const mine = text === undefined ? undefined : listenAddressOf(text);
    if (mine === undefined) continue;
    const other = own.slice(0, i).find(({ text }) => text !== undefined && clash(listenAddressOf(text), mine));
    if (other !== undefined)
      faults.push(fault(path, `port ${mine.port} is taken by ${pathText(other.path)}`, "Choose another port"));
  }
  return faults;
}

interface Bound {
  readonly ip: string;
  readonly port: number;
}

/** Whether two sockets cannot both be bound: one port, and one address or every address of its family. Port 0 is another one for each. */
function clash(a: Bound | undefined, b: Bound): boolean {
  if (a === undefined || a.port !== b.port || b.port === 0) return false;
  const every = (ip: string) => (ip.includes(":") ? "::" : "0.0.0.0");
  return a.ip === b.ip || a.ip === every(b.ip) || b.ip === every(a.ip);
}

function overrideFaults({ hosts }: Written): readonly Fault[] {
  return hosts.overrides.flatMap(({ address: _address, ...names }, i) => {
    const path = ["hosts", "overrides", i];
    const given = Object.entries(names).filter(([, value]) => value !== undefined);
    if (given.length !== 1) {
      const what = given.length === 0 ? "no host is named" : `${given.map(([key]) => key).join(" and ")} are given`;
      return [fault(path, what, "Name the host by exactly one of hostId, name, hostname")];
    }
    const first = hosts.overrides.findIndex((o) => isDeepStrictEqual({ ...o, address: "" }, { ...names, address: "" }));
    if (first === i) return [];
    return [fault(path, `hosts.overrides[${first}] names the same host and counts`, "Remove one of the two")];
  });
}

function tlsFaults(tls: WrittenTls | undefined, path: Fault["path"]): readonly Fault[] {
  if (tls === undefined) return [];
  if (tls.caFile === "" && !tls.insecureSkipVerify)
    return [
      fault(
        path,
        "certificates cannot be verified without caFile",
        "Set caFile to the CA certificates on the Envoy's machine, or insecureSkipVerify: true",
      ),
    ];
  if (tls.caFile !== "" && tls.insecureSkipVerify)
    return [
      fault([...path, "insecureSkipVerify"], "caFile is given, and nothing is to be verified", "Remove one of the two"),
    ];
  return [];
}

function fleetFaults(fleet: WrittenFleet, path: Fault["path"]): readonly Fault[] {
  const forwardTls = tlsFaults(fleet.unknownHostname?.forward?.tls, [...path, "unknownHostname", "forward", "tls"]);
  return [...forwardTls, ...listenerFaults(fleet.listeners, [...path, "listeners"]), ...statsFaults(fleet, path)];
}

/** The listener that Contour's bootstrap makes necessary stands beside those that are written. */
function statsFaults({ contour, listeners }: WrittenFleet, path: Fault["path"]): readonly Fault[] {
  const stats = contour === undefined ? undefined : listenAddressOf(contour.statsAddress);
  if (stats === undefined) return [];
  const taken = listeners.findIndex(({ address, port }) => clash({ ip: address, port }, stats));
  const namesake = listeners.findIndex((listener) => listenerName(listener) === "stats-health");
  const at = [...path, "listeners", taken];
  return [
    ...(taken === -1
      ? []
      : [
          fault(
            [...path, "contour", "statsAddress"],
            `port ${stats.port} is taken by ${pathText(at)}`,
            "Choose another port or address",
          ),
        ]),
    ...(namesake === -1
      ? []
      : [
          fault(
            [...path, "listeners", namesake],
            '"stats-health" is the name of the listener for probes',
            "Give it another name",
          ),
        ]),
  ];
}

function listenerFaults(listeners: readonly WrittenListener[], path: Fault["path"]): readonly Fault[] {
  const bound = listeners.map(({ address, port }): Bound => ({ ip: address, port }));
  return bound.flatMap((mine, i) => {
    const other = bound.slice(0, i).findIndex((theirs) => clash(theirs, mine));
    if (other !== -1)
      return [
        fault(
          [...path, i, "port"],
          `port ${mine.port} is taken by ${pathText([...path, other])}`,
          "Choose another port or address",
        ),
      ];
    const name = listenerName(listeners[i]);
    const namesake = listeners.findIndex((listener) => listenerName(listener) === name);
    if (namesake === i) return [];
    return [
      fault([...path, i], `"${name}" is the name of ${pathText([...path, namesake])} too`, "Give it another name"),
    ];
  });
}

/** Its name: as written, else made of the port. */
export function listenerName(listener: WrittenListener | undefined): string {
  return listener?.name ?? `http-${listener?.port ?? 0}`;
}

/** Fleets that no proxy can belong to, because one before takes all of theirs. */
function selectionFaults(fleets: readonly WrittenFleet[]): readonly Fault[] {
  return fleets.flatMap((fleet, i) => {
    const before = fleets.findIndex(
      (other, j) =>
        j < i && (!Object.values(other.proxies).some(isGiven) || isDeepStrictEqual(other.proxies, fleet.proxies)),
    );
    if (before === -1) return [];
    const cause = `no proxy can belong to it: fleets[${before}] (${fleets[before]?.name}) comes first and takes all of them`;
    return [fault(["fleets", i, "proxies"], cause, "Tell the fleets apart by proxies, the one for all others last")];
  });
}

/** In plaintext nobody can prove a name. */
function provenFaults(fleets: readonly WrittenFleet[]): readonly Fault[] {
  return fleets.flatMap(({ proxies }, i) =>
    proxies.sans.length === 0
      ? []
      : [
          fault(
            ["fleets", i, "proxies", "sans"],
            "no proxy can prove a name to a port that speaks plaintext",
            "Set xds.tls, or remove sans",
          ),
        ],
  );
}

function isGiven(criterion: unknown): boolean {
  return typeof criterion === "object" && criterion !== null
    ? Object.keys(criterion).length > 0
    : criterion !== undefined;
}
