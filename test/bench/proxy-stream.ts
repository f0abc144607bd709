/**
 * A proxy that costs next to nothing, so that a thousand fit beside what they measure: delta ADS over one connection of its own, as Envoy asks (listeners,
 * clusters, the assignments of all clusters it is told of, scoped routes or route configurations), everything acknowledged at once and thrown away.
 */
import { type ClientHttp2Session, connect } from "node:http2";
import { encode } from "../../src/codec/encode.ts";
import type { DeltaDiscoveryRequest } from "../../src/codec/generated/messages.ts";
import { ROUTES_NAME } from "../../src/envoy/names.ts";

const url = (message: string): string => `type.googleapis.com/${message}`;
const LISTENER = url("envoy.config.listener.v3.Listener");
const CLUSTER = url("envoy.config.cluster.v3.Cluster");
const ASSIGNMENT = url("envoy.config.endpoint.v3.ClusterLoadAssignment");

/** What is read of a response: no resource is looked into. */
interface Head {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly names: readonly string[];
}

/** Connects; resolves when it has acknowledged listeners, clusters, assignments and routes. Ends with the process. */
export function openProxy(xdsPort: number, id: string, layout: "rds" | "scoped"): Promise<void> {
  const routes =
    layout === "rds"
      ? url("envoy.config.route.v3.RouteConfiguration")
      : url("envoy.config.route.v3.ScopedRouteConfiguration");
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${xdsPort}`, {
    settings: { initialWindowSize: 262_144 },
  });
  const stream = session.request({
    ":method": "POST",
    ":path": "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
    "content-type": "application/grpc",
    te: "trailers",
  });
  const send = (request: DeltaDiscoveryRequest): void => {
    const body = encode("envoy.service.discovery.v3.DeltaDiscoveryRequest", request);
    const prefix = Buffer.alloc(5); // not compressed, then the length
    prefix.writeUInt32BE(body.length, 1);
    stream.write(Buffer.concat([prefix, body]));
  };
  return new Promise((settle, reject) => {
    const missing = new Set([LISTENER, CLUSTER, ASSIGNMENT, routes]);
    session.on("error", reject);
    stream.on("error", reject);
    stream.on("close", () => reject(new Error(`the stream of ${id} was closed`)));
    let unread: Buffer[] = [];
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      unread.push(chunk);
      bytes += chunk.length;
      for (let next = messageIn(unread, bytes); next !== undefined; next = messageIn(unread, bytes)) {
        unread = [next.rest];
        bytes = next.rest.length;
        const { typeUrl, nonce, names } = headOf(next.message);
        send({ typeUrl, responseNonce: nonce });
        if (typeUrl === CLUSTER && names.length > 0) send({ typeUrl: ASSIGNMENT, resourceNamesSubscribe: names });
        missing.delete(typeUrl);
        if (missing.size === 0) settle();
      }
    });
    const node = {
      id,
      cluster: "bench",
      userAgentName: "envoy",
      userAgentBuildVersion: { version: { majorNumber: 1, minorNumber: 40, patch: 0 } },
    };
    send({ node, typeUrl: CLUSTER });
    send({ typeUrl: LISTENER });
    send({ typeUrl: routes, resourceNamesSubscribe: layout === "rds" ? [ROUTES_NAME] : [] });
  });
}

/** The first whole gRPC message of what has come, and what follows it. */
function messageIn(chunks: readonly Buffer[], bytes: number) {
  if (bytes < 5) return undefined;
  const first = chunks[0] as Buffer;
  const head = first.length >= 5 ? first : Buffer.concat(chunks);
  const end = 5 + head.readUInt32BE(1);
  if (bytes < end) return undefined;
  const all = chunks.length === 1 ? first : Buffer.concat(chunks);
  return { message: all.subarray(5, end), rest: all.subarray(end) };
}

/** DeltaDiscoveryResponse: resources 2 (each with its name 3), type_url 4, nonce 5; all are length-delimited. */
function headOf(message: Buffer): Head {
  let typeUrl = "";
  let nonce = "";
  const names: string[] = [];
  for (const [field, content] of fieldsOf(message)) {
    if (field === 2) for (const [inner, name] of fieldsOf(content)) if (inner === 3) names.push(name.toString());
    if (field === 4) typeUrl = content.toString();
    if (field === 5) nonce = content.toString();
  }
  return { typeUrl, nonce, names };
}

function* fieldsOf(message: Buffer): Generator<readonly [field: number, content: Buffer]> {
  for (let at = 0; at < message.length; ) {
    const [tag, afterTag] = varintAt(message, at);
    const [length, start] = varintAt(message, afterTag);
    if ((tag & 7) !== 2) throw new Error(`field ${tag >> 3} of a response is not length-delimited`);
    yield [tag >> 3, message.subarray(start, start + length)];
    at = start + length;
  }
}

function varintAt(message: Buffer, from: number): readonly [value: number, end: number] {
  let value = 0;
  for (let at = from, scale = 1; ; at++, scale *= 128) {
    const byte = message[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at + 1];
  }
}
