/** What the servers under comparison hold: the same hostnames, translated once, and the same moves. */
import { readFile } from "node:fs/promises";
import type { Resource } from "../../../src/codec/resource.ts";
import { loadSettings } from "../../../src/config/load.ts";
import type { FleetSpec } from "../../../src/envoy/fleet-spec.ts";
import { type Translation, translateFleet, translateHostname } from "../../../src/envoy/translate.ts";
import { hostName } from "../scenario.ts";
import type { Change } from "./subject.ts";

const VARIANT = { layout: "scoped", source: { kind: "ads" }, endpoints: "eds" } as const;

export class Content {
  readonly #spec: FleetSpec;

  constructor(spec: FleetSpec) {
    this.#spec = spec;
  }

  /** Of the first fleet of a configuration. */
  static async of(configuration: string): Promise<Content> {
    const loaded = loadSettings(await readFile(configuration, "utf8"), configuration);
    if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
    const [fleet] = loaded.settings.fleets;
    if (fleet === undefined) throw new Error(`${configuration} has no fleet`);
    return new Content(fleet.spec);
  }

  /** Listeners, and everything of these hostnames. */
  everything(placed: ReadonlyMap<string, number>): readonly Resource[] {
    const resources = [...resourcesOf(translateFleet(this.#spec, VARIANT))];
    for (const [hostname, host] of placed)
      resources.push(...this.hostname({ hostname, host, workloadId: `w-${hostname}` }));
    return resources;
  }

  /** Cluster, assignment and scope of a hostname whose one replica is `workloadId` on `host`. */
  hostname({ hostname, host, workloadId }: Change): readonly Resource[] {
    const endpoint = {
      address: `127.0.0.1:${20_000 + host}`,
      phase: "ready" as const,
      authority: hostname,
      weight: 1,
      workloadId,
      hostId: hostName(host),
      hostGroup: "default",
    };
    const exposed = { hostname, owner: "bench", protocolGroup: "default", endpoints: [endpoint] };
    return resourcesOf(translateHostname(this.#spec, VARIANT, exposed));
  }
}

function resourcesOf(translation: Translation): readonly Resource[] {
  if (!translation.ok) throw new Error(JSON.stringify(translation.problems));
  return translation.resources;
}
