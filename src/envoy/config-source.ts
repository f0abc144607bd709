/** Where an Envoy of a variant asks for configuration that other configuration refers to. */
import type { ConfigSource } from "../codec/generated/messages.ts";
import { durationOf } from "./duration.ts";
import type { XdsSource } from "./fleet-spec.ts";

/**
 * The source for one kind of resource. `fetchTimeoutMs` bounds how long Envoy waits for its first answer before it goes on without; 0 waits for ever,
 * so that an Envoy without routes is not ready.
 */
export function configSourceOf(source: XdsSource, fetchTimeoutMs: number): ConfigSource {
  const initialFetchTimeout = durationOf(fetchTimeoutMs);
  if (source.kind === "ads") return { ads: {}, initialFetchTimeout, resourceApiVersion: "V3" };
  return {
    apiConfigSource: {
      apiType: source.kind === "separate-delta" ? "DELTA_GRPC" : "GRPC",
      transportApiVersion: "V3",
      grpcServices: [{ envoyGrpc: { clusterName: source.xdsCluster } }],
      setNodeOnFirstMessageOnly: true, // honoured by SotW always, by delta since Envoy 1.38: a node is some kilobytes, and EDS has a stream per cluster
    },
    initialFetchTimeout,
    resourceApiVersion: "V3",
  };
}
