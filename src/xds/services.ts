/** Which gRPC method serves what: the paths of the aggregated and the separate services. */
import type { TypeUrl } from "../codec/resource.ts";
import type { Handler } from "./transport/connection.ts";
import { SEPARATE_SERVICES } from "./type-urls.ts";

const AGGREGATED = "envoy.service.discovery.v3.AggregatedDiscoveryService";

/** What answers the streams; `onlyType` is undefined for aggregated ones. */
export type StreamHandlers = Readonly<Record<"delta" | "sotw", (onlyType: TypeUrl | undefined) => Handler>>;

/** What serves each path. */
export function servicesOf({ delta, sotw }: StreamHandlers): ReadonlyMap<string, Handler> {
  const services = new Map([
    [`/${AGGREGATED}/StreamAggregatedResources`, sotw(undefined)],
    [`/${AGGREGATED}/DeltaAggregatedResources`, delta(undefined)],
  ]);
  for (const { service, stream, delta: incremental, type } of SEPARATE_SERVICES) {
    services.set(`/${service}/${stream}`, sotw(type));
    services.set(`/${service}/${incremental}`, delta(type));
  }
  return services;
}
