/** Which fleet a proxy belongs to. */
import { matchesSan } from "./san-pattern.ts";
import type { FleetSettings, ProxySelector } from "./settings.ts";

/** What a proxy says of itself. */
export interface ProxyIdentity {
  readonly id: string;
  readonly cluster: string;
  /** `node.metadata`; values that are no texts match nothing. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Names in its verified certificate, `DNS:…` and `URI:…`; undefined: it showed none. */
  readonly names: readonly string[] | undefined;
}

/** The first fleet that selects the proxy; undefined: none, and it must be given nothing (not an empty configuration, which would wipe it). */
export function fleetFor(fleets: readonly FleetSettings[], proxy: ProxyIdentity): FleetSettings | undefined {
  return fleets.find((fleet) => asksFor(fleet.proxies, proxy) && proves(fleet.proxies, proxy));
}

/** The first fleet that the proxy asks for and has no certificate for; of use where `fleetFor` finds none. */
export function fleetDenied(fleets: readonly FleetSettings[], proxy: ProxyIdentity): FleetSettings | undefined {
  return fleets.find((fleet) => asksFor(fleet.proxies, proxy) && !proves(fleet.proxies, proxy));
}

/** What it proved, which a client cannot choose. */
function proves({ sans }: ProxySelector, { names = [] }: ProxyIdentity): boolean {
  return sans.length === 0 || names.some((name) => sans.some((san) => matchesSan(san, name)));
}

/** What it says of itself, which anybody can say. */
function asksFor({ cluster, idPattern, metadata }: ProxySelector, proxy: ProxyIdentity): boolean {
  if (cluster !== undefined && cluster !== proxy.cluster) return false;
  if (idPattern !== undefined && !matchesGlob(idPattern, proxy.id)) return false;
  return Object.entries(metadata).every(
    ([key, value]) => Object.hasOwn(proxy.metadata, key) && proxy.metadata[key] === value,
  );
}

/** `*` stands for any characters, `?` for one. In time proportional to pattern and text: a proxy chooses its own id, so no regular expression is made. */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star !== -1) {
      p = star + 1; // let the last star take one character more
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
