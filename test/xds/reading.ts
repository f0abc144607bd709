/** What tests read from delta responses, and a proxy that is up. */
import { decode } from "../../src/codec/decode.ts";
import type { DeltaDiscoveryResponse } from "../../src/codec/generated/messages.ts";
import { DeltaClient } from "./client.ts";
import { ASSIGNMENT, CLUSTER, LISTENER, ROUTE, ROUTES } from "./resources.ts";
import type { Running } from "./running-server.ts";

export const names = (response: DeltaDiscoveryResponse): readonly string[] =>
  (response.resources ?? []).map((resource) => resource.name ?? "").sort();

/** Names of the virtual hosts in the only resource of a response. */
export function hosts(response: DeltaDiscoveryResponse): readonly string[] {
  const [resource] = response.resources ?? [];
  const body = decode("envoy.config.route.v3.RouteConfiguration", resource?.resource?.value ?? new Uint8Array());
  return (body.virtualHosts ?? []).map((host) => host.name ?? "");
}

export const versions = (response: DeltaDiscoveryResponse): Record<string, string> =>
  Object.fromEntries((response.resources ?? []).map(({ name = "", version = "" }) => [name, version]));

/** A fresh Envoy: clusters, their assignments, listeners, routes; everything acknowledged. */
export async function started(on: Running, hostnames: readonly string[]): Promise<DeltaClient> {
  const client = new DeltaClient({ port: on.port });
  client.subscribe(CLUSTER, []);
  await client.accept(CLUSTER);
  client.subscribe(ASSIGNMENT, hostnames);
  await client.accept(ASSIGNMENT);
  client.subscribe(LISTENER, []);
  await client.accept(LISTENER);
  client.subscribe(ROUTE, [ROUTES]);
  await client.accept(ROUTE);
  return client;
}
