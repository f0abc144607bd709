/** gRPC service definitions by name: requests are bytes that the session decodes, responses are pieces that were encoded by hand. */
import type { MethodDefinition, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { TypeUrl } from "../codec/resource.ts";
import { Scratch } from "./content/scratch.ts";
import type { Response } from "./protocol/channel.ts";
import { SEPARATE_SERVICES } from "./protocol/type-urls.ts";
import type { Call } from "./session.ts";

const AGGREGATED = "envoy.service.discovery.v3.AggregatedDiscoveryService";

/** What answers the streams; `onlyType` is undefined for aggregated ones. */
export interface StreamHandlers {
  readonly delta: (call: Call, onlyType: TypeUrl | undefined) => void;
  readonly sotw: (call: Call, onlyType: TypeUrl | undefined) => void;
}

/** One service with its implementation, as grpc-js takes them. */
export interface Service {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** The aggregated service and all separate ones. */
export function servicesOf(handlers: StreamHandlers): readonly Service[] {
  const services = [
    serviceOf(AGGREGATED, "StreamAggregatedResources", "DeltaAggregatedResources", undefined, handlers),
  ];
  for (const { service, stream, delta, type } of SEPARATE_SERVICES)
    services.push(serviceOf(service, stream, delta, type, handlers));
  return services;
}

function serviceOf(
  service: string,
  sotw: string,
  delta: string,
  onlyType: TypeUrl | undefined,
  handlers: StreamHandlers,
): Service {
  return {
    definition: { [sotw]: method(service, sotw), [delta]: method(service, delta) },
    implementation: {
      [sotw]: (call: Call) => handlers.sotw(call, onlyType),
      [delta]: (call: Call) => handlers.delta(call, onlyType),
    },
  };
}

type Outgoing = Pick<Response, "pieces" | "bytes">;

/** Of this process: messages are put together one at a time. */
const scratch = new Scratch();

function method(service: string, name: string): MethodDefinition<Buffer, Outgoing> {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path: `/${service}/${name}`,
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    // grpc-js copies what this gives behind a prefix of five bytes before it does anything else (1.14.7), so the next message may have the same memory.
    responseSerialize: ({ pieces, bytes }) => scratch.joined(pieces, bytes),
    responseDeserialize: (bytes) => ({ pieces: [bytes], bytes: bytes.length }),
  };
}
