/**
 * Resources handed to an Envoy through files instead of the xDS server, so that the translation can be tried without it: Envoy watches each file and
 * takes what is moved over it. Sources inside the resources are pointed at the files; nothing else is touched.
 */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { anyOf, unpack } from "../../src/codec/any.ts";
import { decode } from "../../src/codec/decode.ts";
import { encode } from "../../src/codec/encode.ts";
import type { Any, ConfigSource, Listener } from "../../src/codec/generated/messages.ts";
import type { Resource } from "../../src/codec/resource.ts";
import { bootstrapOf } from "../../src/envoy/bootstrap.ts";
import { ASSIGNMENT_TYPE, CLUSTER_TYPE, LISTENER_TYPE, ROUTES_TYPE, SCOPE_TYPE } from "../../src/envoy/names.ts";

/** One way by which resources reach an Envoy. */
export interface Delivery {
  /** What an Envoy is started with, so that it asks this delivery. */
  readonly bootstrap: Readonly<Record<string, unknown>>;
  /** These and no others from now on. Fulfilled when they are on their way; Envoy takes them soon after. */
  deliver(resources: readonly Resource[]): Promise<void>;
  stop(): Promise<void>;
}

/** In the order in which Envoy should see them: what is referred to before what refers. Assignments come first, in a file each: Envoy takes one per file. */
const FILES: readonly (readonly [type: string, file: string])[] = [
  [CLUSTER_TYPE, "cds.pb"],
  [ROUTES_TYPE, "rds.pb"],
  [SCOPE_TYPE, "srds.pb"],
  [LISTENER_TYPE, "lds.pb"],
];

export async function fileDelivery(): Promise<Delivery> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-delivery-"));
  const written = new Map<string, string>();
  const put = async (type: string, file: string, messages: readonly Any[]): Promise<void> => {
    const response = encode("envoy.service.discovery.v3.DiscoveryResponse", { typeUrl: type, resources: messages });
    const content = Buffer.from(response).toString("base64");
    if (written.get(file) === content) return;
    written.set(file, content);
    await writeFile(join(folder, `${file}.new`), response);
    await rename(join(folder, `${file}.new`), join(folder, file));
  };
  const deliver = async (resources: readonly Resource[]): Promise<void> => {
    for (const { type, name, bytes } of resources)
      if (type === ASSIGNMENT_TYPE) await put(type, assignmentFile(name), [{ typeUrl: type, value: bytes }]);
    for (const [type, file] of FILES)
      await put(
        type,
        file,
        messagesOf(type, resources).map((any) => pointedAt(folder, any)),
      );
  };
  await deliver([]);
  const source = (file: string) => ({ path_config_source: { path: join(folder, file) }, resource_api_version: "V3" });
  const bootstrap = {
    ...bootstrapOf({
      fleet: "test",
      nodeId: "test",
      nodeCluster: "test",
      xdsAddress: "127.0.0.1:1",
      adminAddress: "127.0.0.1:0",
      transport: "delta-ads",
      tls: undefined,
      probeAddress: undefined,
    }),
    dynamic_resources: { lds_config: source("lds.pb"), cds_config: source("cds.pb") },
  };
  return { bootstrap, deliver, stop: () => rm(folder, { recursive: true, force: true }) };
}

const assignmentFile = (cluster: string): string => `${encodeURIComponent(cluster)}.pb`;

/** The messages of a type, a composed one with all of its parts. */
function messagesOf(type: string, resources: readonly Resource[]): readonly Any[] {
  return resources
    .filter((resource) => resource.type === type && resource.kind !== "part")
    .map((resource) => {
      const parts = resources
        .filter((part) => part.kind === "part" && part.type === type && part.of === resource.name)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
      return { typeUrl: type, value: Buffer.concat([resource, ...parts].map(({ bytes }) => bytes)) };
    });
}

function pointedAt(folder: string, any: Any): Any {
  const file = (name: string): ConfigSource => ({
    pathConfigSource: { path: join(folder, name) },
    initialFetchTimeout: { seconds: 5 },
    resourceApiVersion: "V3",
  });
  const value = any.value ?? new Uint8Array(0);
  if (any.typeUrl === CLUSTER_TYPE) {
    const cluster = decode("envoy.config.cluster.v3.Cluster", value);
    if (cluster.type !== "EDS") return any;
    return anyOf("envoy.config.cluster.v3.Cluster", {
      ...cluster,
      edsClusterConfig: { edsConfig: file(assignmentFile(cluster.name ?? "")) },
    });
  }
  if (any.typeUrl !== LISTENER_TYPE) return any;
  const listener = decode("envoy.config.listener.v3.Listener", value);
  return anyOf("envoy.config.listener.v3.Listener", withManagers(listener, file));
}

function withManagers(listener: Listener, file: (name: string) => ConfigSource): Listener {
  const filterChains = listener.filterChains?.map((chain) => ({
    ...chain,
    filters: chain.filters?.map((filter) => {
      const found = unpack(filter.typedConfig ?? {});
      if (found?.type !== "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager")
        return filter;
      const { rds, scopedRoutes, ...rest } = found.message;
      const typedConfig = anyOf(found.type, {
        ...rest,
        ...(rds === undefined ? {} : { rds: { ...rds, configSource: file("rds.pb") } }),
        ...(scopedRoutes === undefined
          ? {}
          : { scopedRoutes: { ...scopedRoutes, scopedRds: { scopedRdsConfigSource: file("srds.pb") } } }),
      });
      return { ...filter, typedConfig };
    }),
  }));
  return { ...listener, filterChains };
}
