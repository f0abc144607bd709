/** The fleet of a client, by what it says and what it has proved. */
import { fleetDenied, fleetFor, type ProxyIdentity } from "../config/fleet-selector.ts";
import type { FleetSettings } from "../config/settings.ts";
import type { Denial, ProxyClient } from "../xds/observer.ts";

/** Names of a certificate told one by one. */
const TOLD_NAMES = 5;

/** The first fleet that has it; a denial where it asks for one that its certificate does not admit it to, and none other has it. */
export function fleetOf(
  fleets: readonly FleetSettings[],
  { node, names }: Pick<ProxyClient, "node" | "names">,
): FleetSettings | Denial | undefined {
  const proxy: ProxyIdentity = {
    ...{ id: node.id, cluster: node.cluster, names },
    metadata: Object.fromEntries(node.metadata),
  };
  const found = fleetFor(fleets, proxy);
  if (found !== undefined) return found;
  const asked = fleetDenied(fleets, proxy);
  if (asked === undefined) return undefined;
  const { name, proxies } = asked;
  const wanted = `fleet ${name} asks for a certificate with ${proxies.sans.join(" or ")}`;
  return { fleet: name, denied: `${wanted}, and ${shown(names)}` };
}

function shown(names: readonly string[] | undefined): string {
  if (names === undefined) return "none was shown";
  if (names.length === 0) return "the one shown has no name";
  const more = names.length > TOLD_NAMES ? ` and ${names.length - TOLD_NAMES} more` : "";
  return `the one shown has ${names.slice(0, TOLD_NAMES).join(", ")}${more}`;
}
