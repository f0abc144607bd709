/** What a golden input comes to: the whole way from objects as users write them to resources as Envoy reads them. */
import { stringify } from "yaml";
import { messageNameOf } from "../../src/codec/any.ts";
import { type JsonValue, toJson } from "../../src/codec/json.ts";
import type { Resource } from "../../src/codec/resource.ts";
import { loadSettings } from "../../src/config/load.ts";
import type { FleetSettings, Settings } from "../../src/config/settings.ts";
import { XDS_CLUSTER } from "../../src/envoy/bootstrap.ts";
import { type Translation, translateFleet, translateHostname } from "../../src/envoy/translate.ts";
import { type ProxyAbilities, type ProxyTransport, variantOf } from "../../src/envoy/variant.ts";
import { viewOf } from "../../src/placement/exposure.ts";
import type { Placement } from "../../src/placement/placement.ts";
import { Placer } from "../../src/placement/placer.ts";
import { type Problem, problemText } from "../../src/placement/problem.ts";
import type { RecordChange } from "../../src/placement/records.ts";
import { AddressStage } from "../../src/sources/address-stage.ts";
import { fileObjects } from "../../src/sources/file-objects.ts";
import type { ObjectChange, ObjectSource } from "../../src/sources/source.ts";

/** The shape of `*.in.yaml`. */
export interface GoldenInput {
  /** What signalbox.yaml says, without `source`. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly objects: readonly unknown[];
  /** Which proxies ask, each of them of every fleet. Default: delta-ads, 1.40. */
  readonly proxies?: readonly { readonly transport: ProxyTransport; readonly version: string }[];
  /** Kinds of resources to show (the last part of the type). Default: all. */
  readonly show?: readonly string[];
}

/** The shape of `*.out.yaml`. */
export interface GoldenOutput {
  readonly problems: readonly string[];
  readonly fleets: readonly {
    readonly fleet: string;
    readonly proxy: string;
    readonly layout: string;
    readonly because: string;
    readonly resources: readonly JsonValue[];
  }[];
}

const CURRENT = [{ transport: "delta-ads", version: "1.40" }] as const;

/** Throws if the configuration itself is refused: that is for the tests of src/config. */
export async function translatedCase({ config, objects, proxies = CURRENT, show }: GoldenInput): Promise<GoldenOutput> {
  const loaded = loadSettings(stringify({ source: { folder: "objects" }, ...config }), "signalbox.yaml");
  if ("problems" in loaded) throw new Error(loaded.problems.map(problemText).join("\n"));
  const { placement, problems } = await placed(loaded.settings, objects);
  const fleets = loaded.settings.fleets.flatMap((fleet) =>
    proxies.map(({ transport, version }) => {
      const [major, minor] = version.split(".").map(Number);
      const build = { major: major ?? 0, minor: minor ?? 0 };
      const { layout, because, resources } = resourcesFor(fleet, { transport, build }, placement);
      const shown = resources.filter(({ type }) => show === undefined || show.includes(type.split(".").at(-1) ?? ""));
      return { fleet: fleet.name, proxy: `${transport} ${version}`, layout, because, resources: shown.map(jsonOf) };
    }),
  );
  return { problems: problems.map(problemText), fleets };
}

async function placed(
  settings: Settings,
  objects: readonly unknown[],
): Promise<{ readonly placement: Placement; readonly problems: readonly Problem[] }> {
  const puts: ObjectChange[] = [];
  const problems: Problem[] = [];
  for (const found of fileObjects("objects.yaml", stringify({ apiVersion: "v1", kind: "List", items: objects }))) {
    if ("record" in found) problems.push(...found.problems);
    if ("record" in found && found.record !== undefined) puts.push({ put: found.record });
    if ("fault" in found) problems.push(found.fault);
    if ("remark" in found) problems.push(found.remark);
  }
  const source: ObjectSource = {
    start: async (sink) => sink({ changes: puts, problems: [], synced: true, stale: undefined }),
    stop: async () => {},
  };
  // Addresses in golden inputs are literal; whoever writes a name there gets an unresolved Host, the same on every machine.
  const stage = new AddressStage(source, settings.hosts, async () => ({ kind: "none" }));
  const changes: RecordChange[] = [];
  const synced = Promise.withResolvers<void>();
  await stage.start((batch) => {
    changes.push(...batch.changes);
    for (const report of batch.problems) problems.push(...report.problems);
    if (batch.synced) synced.resolve();
  });
  await synced.promise;
  await stage.stop();
  const placer = new Placer(settings.placement.policy);
  placer.apply(changes);
  return { placement: placer.placement, problems: [...problems, ...placer.problems()] };
}

function resourcesFor(
  fleet: FleetSettings,
  proxy: ProxyAbilities,
  placement: Placement,
): { readonly layout: string; readonly because: string; readonly resources: readonly Resource[] } {
  const { xdsCluster = XDS_CLUSTER, layout, endpoints } = fleet;
  const { variant, because } = variantOf(
    { unknownHostname: fleet.spec.unknownHostname, layout, endpoints, xdsCluster },
    proxy,
  );
  const exposed = [...placement.values()].map((one) => viewOf(fleet.view, one)).filter((one) => one !== undefined);
  const hostnames = exposed.toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1));
  const translations: Translation[] = [
    translateFleet(fleet.spec, variant),
    ...hostnames.map((one) => translateHostname(fleet.spec, variant, one)),
  ];
  const resources = translations.flatMap((translation) => {
    if (translation.ok) return translation.resources;
    throw new Error(translation.problems.map(problemText).join("\n"));
  });
  return { layout: variant.layout, because, resources };
}

/** The resource with the relations that the xDS server keeps, then as Envoy reads it. A virtual host shows as its part of the RouteConfiguration. */
function jsonOf({ type, name, version, bytes, requires, ...more }: Resource): JsonValue {
  const message = messageNameOf(type);
  if (message === undefined) throw new Error(`a resource of a type that the codec does not know: ${type}`);
  return {
    resource: `${more.kind} ${message.split(".").at(-1)} ${name}`,
    version,
    bytes: bytes.length,
    ...(requires.length === 0 ? {} : { requires: requires.map((one) => one.name) }),
    message: toJson(message, bytes),
  };
}
