/** The names that a workload spec registers on its host. Rule: ARCHITECTURE, placement 1. */
import type { RegisteredName, Registration } from "../placement/records.ts";
import { type Fields, type Parsed, vocabulary } from "./fields.ts";
import { checkHostname, quoted } from "./hostname.ts";

/** Where a workload spec stands, and the Service (same namespace) that it belongs to; "" without one. */
export interface SpecPlace {
  readonly spec: Parsed;
  readonly at: string;
  readonly namespace: string;
  readonly service: string;
  /** Path of the Service's name. */
  readonly serviceAt: string;
}

const SPEC = vocabulary(
  ["hostInterfaces", "hostSelector", "hostId", "environment", "kubernetes"],
  ["components", "service", "volumes"],
);
const SELECTOR = vocabulary(["hostgroup"]);
const ENTRY = vocabulary(
  ["namespace", "package", "interfaces", "config", "configFrom", "secretFrom"],
  ["name", "version"],
);
const CONFIG = vocabulary(["host", "host-aliases"]);
const KUBERNETES = vocabulary(["service"]);
const SERVICE = vocabulary(["name"]);

/** `kubernetes.service.name` of a spec: the Service that the operator keeps for its workloads; "" without one. */
export function serviceOf(fields: Fields, spec: Parsed, at: string): string {
  const kubernetes = fields.object(spec, "kubernetes", at);
  fields.keys(kubernetes, `${at}.kubernetes`, KUBERNETES);
  const service = fields.object(kubernetes, "service", `${at}.kubernetes`);
  fields.keys(service, `${at}.kubernetes.service`, SERVICE);
  return fields.text(service, "name", `${at}.kubernetes.service`);
}

/**
 * Names as a host registers them (wasmCloud 2.7.0): of the first `wasi:http` entry that serves requests, `host` and then `host-aliases`, the latter
 * replaced by the operator where there is a Service. A host does not start a component without a valid `host`, so its aliases count for nothing then.
 */
export function registrationOf(fields: Fields, place: SpecPlace): Registration {
  const { spec, at } = place;
  fields.keys(spec, at, SPEC);
  const selector = fields.object(spec, "hostSelector", at);
  fields.keys(selector, `${at}.hostSelector`, SELECTOR);
  const wish = {
    hostGroup: fields.text(selector, "hostgroup", `${at}.hostSelector`),
    environment: fields.text(spec, "environment", at),
  };
  let names: Names | undefined;
  for (const [entry, entryAt] of fields.objects(spec, "hostInterfaces", at)) {
    const handlers = handlersOf(fields, entry, entryAt);
    if (handlers.length > 0) names ??= namesOf(fields, place, entry, entryAt, handlers);
  }
  return { ...wish, ...(names ?? NO_NAMES) };
}

type Names = Pick<Registration, "names" | "operatorAlias">;

const NO_NAMES: Names = { names: [], operatorAlias: undefined };

/** The interfaces of an entry by which requests come in: `incoming-handler` (WASI 0.2), `handler` (0.3). */
function handlersOf(fields: Fields, entry: Parsed, at: string): readonly string[] {
  fields.keys(entry, at, ENTRY);
  const namespace = requiredText(fields, entry, "namespace", at);
  const name = requiredText(fields, entry, "package", at);
  const interfaces = interfacesOf(fields, entry, at);
  if (namespace === "wasi" && name === "http") {
    for (const [i, one] of interfaces.entries())
      fields.word(one, `${at}.interfaces[${i}]`, INTERFACES, "is no interface of wasi:http");
    return interfaces.filter((one) => INTERFACES.read.includes(one));
  }
  // One of the two alone says little: others have a package http, and wasi has other packages.
  const serving = interfaces.some((one) => INTERFACES.read.includes(one));
  if (name === "http" || serving)
    fields.word(namespace, `${at}.namespace`, NAMESPACES, "has no interface that is routed");
  if (namespace === "wasi" || serving) fields.word(name, `${at}.package`, PACKAGES, "has no interface that is routed");
  return [];
}

const NAMESPACES = vocabulary(["wasi"]);
const PACKAGES = vocabulary(["http"]);
const INTERFACES = vocabulary(["incoming-handler", "handler"], ["outgoing-handler", "types", "proxy", "client"]);

function requiredText(fields: Fields, entry: Parsed, key: "namespace" | "package", at: string): string {
  const value = fields.text(entry, key, at);
  if (entry[key] === undefined || entry[key] === null)
    fields.report(
      "object-invalid",
      `${at}.${key}`,
      "it is missing",
      "Set it; to serve requests, write namespace: wasi and package: http",
    );
  return value;
}

function interfacesOf(fields: Fields, entry: Parsed, at: string): readonly string[] {
  const list = fields.list(entry, "interfaces", at);
  if (list.length === 0 && (Array.isArray(entry["interfaces"]) || entry["interfaces"] === undefined))
    fields.report(
      "object-invalid",
      `${at}.interfaces`,
      "it is missing or empty",
      "Name at least one; [incoming-handler] serves requests",
    );
  const names: string[] = [];
  for (const [i, name] of list.entries())
    if (typeof name === "string") names.push(name);
    else fields.wrong(`${at}.interfaces[${i}]`, name, "a text");
  return names;
}

function namesOf(fields: Fields, place: SpecPlace, entry: Parsed, at: string, handlers: readonly string[]): Names {
  const config = fields.object(entry, "config", at);
  fields.keys(config, `${at}.config`, CONFIG);
  const indirect = reportIndirect(fields, entry, at);
  const host = hostOf(fields, config, at, indirect);
  if (host === undefined && !indirect) return NO_NAMES;
  // The operator does so for incoming-handler only, and writes it into its message to the host, not into the object.
  const operated = place.service !== "" && handlers.includes("incoming-handler");
  const aliases = operated ? serviceAliases(fields, place, config, at) : writtenAliases(fields, config, at);
  const all = host === undefined ? aliases : [host, ...aliases];
  const names = all.filter((name, i) => all.findIndex((other) => other.hostname === name.hostname) === i);
  return { names, operatorAlias: operated ? aliases[0]?.hostname : undefined };
}

/** Whether ConfigMaps or Secrets have a say: the operator merges them over `config`, and neither is read here. */
function reportIndirect(fields: Fields, entry: Parsed, at: string): boolean {
  let indirect = false;
  for (const key of ["configFrom", "secretFrom"]) {
    if (fields.list(entry, key, at).length === 0) continue;
    indirect = true;
    const what = key === "configFrom" ? "ConfigMaps" : "Secrets";
    fields.report(
      "hostname-indirect",
      `${at}.${key}`,
      `${what} may set or replace host and host-aliases, and are not read`,
      "Write host and host-aliases in config",
    );
  }
  return indirect;
}

function hostOf(fields: Fields, config: Parsed, at: string, indirect: boolean): RegisteredName | undefined {
  const host = fields.text(config, "host", `${at}.config`);
  const missing = config["host"] === undefined || config["host"] === null;
  if (!missing) return typeof config["host"] === "string" ? nameOf(fields, host, `${at}.config.host`) : undefined;
  if (indirect) return undefined;
  const cause =
    config["address"] === undefined
      ? "no hostname is given"
      : "no hostname is given; config.address is read by no host";
  fields.report("hostname-missing", `${at}.config.host`, cause, "Set it to the hostname that clients ask for");
  return undefined;
}

function writtenAliases(fields: Fields, config: Parsed, at: string): RegisteredName[] {
  const path = `${at}.config.host-aliases`;
  return fields
    .text(config, "host-aliases", `${at}.config`)
    .split(",")
    .map((alias) => alias.trim())
    .filter((alias) => alias !== "")
    .flatMap((alias) => nameOf(fields, alias, path) ?? []);
}

function serviceAliases(fields: Fields, place: SpecPlace, config: Parsed, at: string): RegisteredName[] {
  if (typeof config["host-aliases"] === "string" && config["host-aliases"] !== "")
    fields.report(
      "hostname-replaced",
      `${at}.config.host-aliases`,
      `${quoted(config["host-aliases"])} is not registered: the operator replaces aliases by those of the Service ${quoted(place.service)}`,
      "Give each further hostname a workload of its own, or remove spec.kubernetes.service",
    );
  const alias = `${place.service}.${place.namespace}`;
  return [alias, `${alias}.svc`].flatMap((name) => nameOf(fields, name, place.serviceAt) ?? []);
}

function nameOf(fields: Fields, text: string, path: string): RegisteredName | undefined {
  const verdict = checkHostname(text);
  if ("name" in verdict) return verdict.name;
  fields.report("hostname-invalid", path, `${quoted(text)} ${verdict.reason}`, verdict.remedy);
  return undefined;
}
