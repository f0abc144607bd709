/**
 * The floor: what the same change costs where nothing decides anything. A delta ADS server that holds everything in memory and pushes the same bytes as
 * Signalbox would, by a function call; whatever is slower than this is Signalbox's (or its source's) own. Not a server to be used: it serves Envoys that
 * never reconnect, reject or fall behind, and removes nothing. A child process (see remote.ts).
 */
import { readFile } from "node:fs/promises";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { decode } from "../../src/codec/decode.ts";
import { encode } from "../../src/codec/encode.ts";
import type { DeltaDiscoveryRequest } from "../../src/codec/generated/messages.ts";
import type { Resource } from "../../src/codec/resource.ts";
import { versionOf } from "../../src/codec/version.ts";
import { loadSettings } from "../../src/config/load.ts";
import type { FleetSpec, Layout } from "../../src/envoy/fleet-spec.ts";
import { translateFleet, translateHostname } from "../../src/envoy/translate.ts";
import { monotonicMs } from "./clock.ts";
import { answer } from "./remote.ts";
import { hostName } from "./scenario.ts";

export type FloorCalls = {
  /** Translates everything and listens; gives the port. */
  readonly start: (what: {
    readonly configuration: string;
    readonly layout: Layout;
    readonly ports: readonly number[];
    readonly placed: ReadonlyMap<string, number>;
  }) => Promise<number>;
  /** Pushes the hostname's assignment; gives the time of the call. */
  readonly move: (to: { readonly hostname: string; readonly host: number }) => number;
  /** Pushes cluster and assignment, and the route when both are acknowledged. */
  readonly appear: (to: { readonly hostname: string; readonly host: number }) => number;
  readonly sentBytes: (argument: undefined) => number;
};

type Call = ServerDuplexStream<Buffer, Buffer>;
interface Held {
  readonly name: string;
  readonly version: string;
  readonly bytes: Uint8Array;
}

const url = (message: string): string => `type.googleapis.com/${message}`;
const CLUSTER = url("envoy.config.cluster.v3.Cluster");
const ASSIGNMENT = url("envoy.config.endpoint.v3.ClusterLoadAssignment");
const ROUTES = url("envoy.config.route.v3.RouteConfiguration");

const held = new Map<string, Map<string, Held>>();
const parts = new Map<string, Uint8Array>();
const streams = new Set<Stream>();
let spec: FleetSpec;
let layout: Layout;
let addresses: readonly string[];
let routesHead: { readonly name: string; readonly bytes: Uint8Array } | undefined;
let sentBytes = 0;

/** One Envoy. */
class Stream {
  readonly #call: Call;
  #nonce = 0;
  readonly #unanswered = new Map<string, () => void>();
  #routesUnderWay: Promise<void> | undefined;
  #routesWaiting = false;

  constructor(call: Call) {
    this.#call = call;
    call.on("error", () => streams.delete(this));
    call.on("end", () => {
      streams.delete(this);
      call.end();
    });
    call.on("data", (bytes: Buffer) => this.#take(decode("envoy.service.discovery.v3.DeltaDiscoveryRequest", bytes)));
  }

  /** Settles when it is acknowledged. */
  send(typeUrl: string, resources: readonly Held[]): Promise<void> {
    this.#nonce += 1;
    const nonce = String(this.#nonce);
    const body = encode("envoy.service.discovery.v3.DeltaDiscoveryResponse", {
      typeUrl,
      nonce,
      resources: resources.map(({ name, version, bytes }) => ({ name, version, resource: { typeUrl, value: bytes } })),
    });
    sentBytes += body.length;
    this.#call.write(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    return new Promise((settle) => this.#unanswered.set(nonce, settle));
  }

  /** Envoy rebuilds all virtual hosts for each: the newest goes when the last is acknowledged. */
  sendRoutes(): void {
    if (this.#routesUnderWay !== undefined) {
      this.#routesWaiting = true;
      return;
    }
    this.#routesWaiting = false;
    this.#routesUnderWay = this.send(ROUTES, [routes()]).then(() => {
      this.#routesUnderWay = undefined;
      if (this.#routesWaiting) this.sendRoutes();
    });
  }

  #take({ typeUrl = "", responseNonce = "", errorDetail, resourceNamesSubscribe = [] }: DeltaDiscoveryRequest): void {
    if (errorDetail !== undefined) throw new Error(`Envoy rejects: ${errorDetail.message}`);
    if (responseNonce !== "") {
      this.#unanswered.get(responseNonce)?.();
      this.#unanswered.delete(responseNonce);
    }
    if (typeUrl === ROUTES) {
      if (resourceNamesSubscribe.length > 0) this.sendRoutes();
    } else if (typeUrl === ASSIGNMENT) {
      const known = resourceNamesSubscribe.flatMap((name) => held.get(ASSIGNMENT)?.get(name) ?? []);
      if (known.length > 0) void this.send(typeUrl, known);
    } else if (responseNonce === "") void this.send(typeUrl, [...(held.get(typeUrl)?.values() ?? [])]);
  }
}

function routes(): Held {
  const names = [...parts.keys()].sort();
  const bytes = Buffer.concat([
    routesHead?.bytes ?? Buffer.alloc(0),
    ...names.map((name) => parts.get(name) as Uint8Array),
  ]);
  return { name: routesHead?.name ?? "", version: versionOf(bytes), bytes };
}

function hold(resource: Resource): void {
  const { kind, type, name, version, bytes } = resource;
  if (kind === "part") parts.set(name, bytes);
  else if (kind === "composed") routesHead = { name, bytes };
  else {
    const ofType = held.get(type) ?? new Map<string, Held>();
    held.set(type, ofType.set(name, { name, version, bytes }));
  }
}

/** What a hostname is made of, now held. */
function translated(hostname: string, host: number): readonly Resource[] {
  const endpoint = {
    address: addresses[host] ?? "",
    phase: "ready" as const,
    authority: hostname,
    weight: 1,
    workloadId: `w-${hostname}`,
    hostId: hostName(host),
    hostGroup: "default",
  };
  const exposed = { hostname, owner: "bench", protocolGroup: "default", endpoints: [endpoint] };
  const translation = translateHostname(spec, { layout, source: { kind: "ads" }, endpoints: "eds" }, exposed);
  if (!translation.ok) throw new Error(JSON.stringify(translation.problems));
  for (const resource of translation.resources) hold(resource);
  return translation.resources;
}

function push(resources: readonly Resource[], type: string): Promise<unknown> {
  const chosen = resources.filter((resource) => resource.type === type);
  return Promise.all([...streams].map((stream) => stream.send(type, chosen)));
}

function appear(hostname: string, host: number): void {
  const resources = translated(hostname, host);
  const route = resources.find(({ type }) => type !== CLUSTER && type !== ASSIGNMENT);
  void Promise.all([push(resources, CLUSTER), push(resources, ASSIGNMENT)]).then(() => {
    if (route === undefined || route.kind === "part") for (const stream of streams) stream.sendRoutes();
    else void push(resources, route.type);
  });
}

const same = (bytes: Buffer): Buffer => bytes;
const METHOD = {
  path: "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
  requestStream: true,
  responseStream: true,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

answer<FloorCalls>({
  start: async ({ configuration, layout: wanted, ports, placed }) => {
    const loaded = loadSettings(await readFile(configuration, "utf8"), configuration);
    if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
    const fleet = loaded.settings.fleets[0];
    if (fleet === undefined) throw new Error("no fleet");
    spec = fleet.spec;
    layout = wanted;
    addresses = ports.map((port) => `127.0.0.1:${port}`);
    const own = translateFleet(spec, { layout, source: { kind: "ads" }, endpoints: "eds" });
    if (!own.ok) throw new Error(JSON.stringify(own.problems));
    for (const resource of own.resources) hold(resource);
    for (const [hostname, host] of placed) translated(hostname, host);
    const server = new Server({ "grpc.max_receive_message_length": -1 });
    server.addService({ delta: METHOD }, { delta: (call: Call) => streams.add(new Stream(call)) });
    return await new Promise<number>((fulfil, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error === null ? fulfil(port) : reject(error),
      );
    });
  },
  move: ({ hostname, host }) => {
    const at = monotonicMs();
    void push(translated(hostname, host), ASSIGNMENT);
    return at;
  },
  appear: ({ hostname, host }) => {
    const at = monotonicMs();
    appear(hostname, host);
    return at;
  },
  sentBytes: () => sentBytes,
});
