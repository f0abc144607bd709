/** Fleets as tests of the model need them. */
import type { Variant } from "../../src/envoy/fleet-spec.ts";
import type { FleetDefinition } from "../../src/model/fleet-model.ts";
import type { Exposure } from "../../src/placement/fleet.ts";

export const EVERYTHING: Exposure = {
  namespaces: [],
  hostnames: [],
  labels: {},
  annotations: {},
  environments: [],
  hostGroups: [],
};

export const RDS: Variant = { layout: "rds", source: { kind: "ads" }, endpoints: "eds" };
export const SCOPED: Variant = { layout: "scoped", source: { kind: "ads" }, endpoints: "eds" };

/** A fleet with one listener that exposes everything, in layout rds, unless a test says otherwise. */
export function fleet(
  name: string,
  differing: Partial<FleetDefinition> & { readonly exposes?: Partial<Exposure> } = {},
): FleetDefinition {
  const { exposes, ...rest } = differing;
  return {
    view: { name, exposes: { ...EVERYTHING, ...exposes }, contaminated: "refuse" },
    spec: {
      name,
      listeners: [
        { name: "http", address: "127.0.0.1", port: 8080, trustedHops: 0, proxyProtocol: false, tls: undefined },
      ],
      unknownHostname: { respond: { status: 404, body: "" } },
      hostGroups: [],
      traffic: {
        connectTimeoutMs: 1_000,
        routeTimeoutMs: 0,
        streamIdleTimeoutMs: 300_000,
        hedgeAfterMs: 10_000,
        retries: 3,
      },
      contour: undefined,
      accessLog: true,
    },
    first: RDS,
    ...rest,
  };
}
