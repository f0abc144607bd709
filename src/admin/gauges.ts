/** Metrics that are read from the running system when Prometheus asks, so that they cannot drift from it. */
import { setImmediate as breath } from "node:timers/promises";
import { Gauge, type Registry } from "prom-client";
import { isCurrent } from "./answers.ts";
import type { AdminModel, FleetFacts, ProxyFacts } from "./model.ts";

/** Registers the gauges; gives the function that reads them all anew. It breathes between fleets, since each may have 100,000 hostnames. */
export function gaugesOf(model: AdminModel, registry: Registry): () => Promise<void> {
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> =>
    new Gauge({ name: `signalbox_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const ready = gauge("ready", "1 once proxies are served.", []);
  const stale = gauge(
    "source_stale_seconds",
    "How long what is known may have been out of date; 0 while it is not.",
    [],
  );
  const claimed = gauge("hostnames_claimed", "Hostnames that anybody claims.", []);
  const hostnames = gauge("hostnames", "Hostnames that exist on a fleet.", ["fleet"]);
  const empty = gauge("hostnames_without_endpoint", "Of these, those that answer 503 since nothing serves them.", [
    "fleet",
  ]);
  const endpoints = gauge("endpoints", "Endpoints over all hostnames of a fleet.", ["fleet", "phase"]);
  const problems = gauge("problems", "Problems that owners or administrators should put right.", ["code"]);
  const proxies = gauge("proxies", "Connected proxies.", ["fleet", "transport"]);
  const current = gauge("proxies_current", "Connected proxies that have acknowledged everything there is for them.", [
    "fleet",
  ]);
  const rejecting = gauge("proxies_rejecting", "Connected proxies that hold back at something they rejected.", [
    "fleet",
  ]);
  gauge("build_info", "1; the version is the label.", ["version", "node"]).set(
    { version: model.version, node: process.version },
    1,
  );

  const readFleet = ({ name, exposed }: FleetFacts): void => {
    const counts = { ready: 0, draining: 0, empty: 0 };
    for (const seen of exposed.values()) {
      if (seen.endpoints.length === 0) counts.empty += 1;
      for (const { phase } of seen.endpoints) counts[phase] += 1;
    }
    hostnames.set({ fleet: name }, exposed.size);
    empty.set({ fleet: name }, counts.empty);
    endpoints.set({ fleet: name, phase: "ready" }, counts.ready);
    endpoints.set({ fleet: name, phase: "draining" }, counts.draining);
  };
  const readProxies = (fleet: string, connected: readonly ProxyFacts[]): void => {
    const own = connected.filter((proxy) => proxy.fleet === fleet);
    for (const transport of ["ads-delta", "ads-sotw", "separate-delta", "separate-sotw"] as const)
      proxies.set({ fleet, transport }, own.filter((proxy) => proxy.transport === transport).length);
    current.set({ fleet }, own.filter(isCurrent).length);
    rejecting.set({ fleet }, own.filter(({ types }) => types.some(({ rejected }) => rejected.length > 0)).length);
  };
  return async () => {
    ready.set(model.readiness().ready ? 1 : 0);
    stale.set((model.stale()?.forMs ?? 0) / 1000);
    claimed.set(model.placement.size);
    // Fleets and codes that are gone since the last time must not linger.
    for (const one of [hostnames, empty, endpoints, problems, proxies, current, rejecting]) one.reset();
    for (const { code } of model.problems()) problems.inc({ code });
    const connected = model.proxies();
    for (const fleet of model.fleets()) {
      readFleet(fleet);
      readProxies(fleet.name, connected);
      await breath();
    }
  };
}
