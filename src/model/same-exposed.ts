/** Whether a fleet would notice. */
import type { Endpoint, ExposedHostname } from "../placement/fleet.ts";

/** Equal in everything that reaches Envoy. Two undefined are equal: the hostname is unknown before and after. */
export function sameExposed(a: ExposedHostname | undefined, b: ExposedHostname | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (a.owner !== b.owner || a.protocolGroup !== b.protocolGroup) return false;
  if (a.endpoints.length !== b.endpoints.length) return false;
  return a.endpoints.every((endpoint, index) => sameEndpoint(endpoint, b.endpoints[index]));
}

function sameEndpoint(a: Endpoint, b: Endpoint | undefined): boolean {
  return (
    b !== undefined &&
    a.address === b.address &&
    a.authority === b.authority &&
    a.phase === b.phase &&
    a.weight === b.weight &&
    a.workloadId === b.workloadId &&
    a.hostId === b.hostId &&
    a.hostGroup === b.hostGroup
  );
}
