/** What a configuration and objects come to, without a server: read once, placed once. */
import { loadSettings } from "../config/load.ts";
import type { FleetSettings, Settings } from "../config/settings.ts";
import { readSettings } from "../config/watch.ts";
import { nearest } from "../placement/nearest.ts";
import type { Placement } from "../placement/placement.ts";
import { Placer } from "../placement/placer.ts";
import type { Problem } from "../placement/problem.ts";
import type { RecordChange } from "../placement/records.ts";
import { AddressStage } from "../sources/address-stage.ts";
import { configOption } from "./config-option.ts";
import { didYouMean } from "./did-you-mean.ts";
import { type ReadObjects, readObjects, sourceOf } from "./objects.ts";
import { Refusal } from "./refusal.ts";

/** What a command was given to read. */
export interface OfflineInput {
  /** The file that the settings are from; undefined: every option has its default. */
  readonly config: string | undefined;
  readonly settings: Settings;
  /** Files and folders with objects; none: the folder that the configuration names. */
  readonly paths: readonly string[];
  /** Gives up reading. */
  readonly stop: AbortSignal;
}

export interface Offline {
  readonly read: ReadObjects;
  readonly placement: Placement;
  /** Of objects, addresses and placement, each with its place in a file where that is known. */
  readonly problems: readonly Problem[];
}

/** Of commands that read once. */
export const CONFIG_OPTION = configOption("Signalbox's configuration; its source.folder is read if no path is given");

/** Settings that cannot be used; a command prints the problems and fails. */
export interface Unusable {
  readonly unusable: readonly Problem[];
}

/**
 * Settings from a file, or the defaults.
 * @throws Refusal never for what is in the file: that is told as problems.
 */
export async function settingsFrom(config: string | undefined): Promise<Settings | Unusable> {
  const loaded = config === undefined ? loadSettings("source: {folder: .}", "defaults") : await readSettings(config);
  return "settings" in loaded ? loaded.settings : { unusable: loaded.problems };
}

/**
 * Reads, resolves hosts that have names (as the server would, within `hosts.dnsFirstMs`), and places.
 * @throws Refusal if there is nothing to read, or a path cannot be read.
 */
export async function readOffline({ config, settings, paths, stop }: OfflineInput): Promise<Offline> {
  const read = await readObjects(paths.length > 0 ? paths : [folderOf(config, settings)], stop);
  const { changes, problems } = await located(settings, read);
  const placer = new Placer(settings.placement.policy);
  placer.apply(changes);
  const later = [...problems, ...placer.problems()].map((one) => placedIn(read, withHostMeant(one, placer.index)));
  return { read, placement: placer.placement, problems: [...read.problems, ...later] };
}

/** The named fleet, or all of them. @throws Refusal if there is none of that name. */
export function fleetsNamed(settings: Settings, name: string | undefined): readonly FleetSettings[] {
  if (name === undefined) return settings.fleets;
  const fleet = settings.fleets.find((candidate) => candidate.name === name);
  if (fleet !== undefined) return [fleet];
  const names = settings.fleets.map((candidate) => candidate.name);
  throw new Refusal(
    `There is no fleet ${JSON.stringify(name)}`,
    didYouMean(name, names) ?? `There are: ${names.join(", ")}`,
  );
}

function folderOf(config: string | undefined, { source }: Settings): string {
  if (config !== undefined && source.kind === "folder") return source.folder;
  if (config === undefined)
    throw new Refusal(
      "There is nothing to read",
      "Name files or folders with objects, or a configuration with source.folder by --config",
      { exitCode: 2 },
    );
  throw new Refusal(
    `${config} has its objects in Kubernetes, and this command reads files only`,
    "Name files or folders with objects, for instance what kubectl get -o yaml printed",
  );
}

/** Records with the addresses of hosts, and what is wrong with those. */
async function located(
  settings: Settings,
  read: ReadObjects,
): Promise<{ readonly changes: readonly RecordChange[]; readonly problems: readonly Problem[] }> {
  const changes: RecordChange[] = [];
  const problems = new Map<string, readonly Problem[]>();
  const stage = new AddressStage(sourceOf(read), settings.hosts);
  const synced = Promise.withResolvers<void>();
  await stage.start((batch) => {
    changes.push(...batch.changes);
    for (const report of batch.problems) problems.set(report.about, report.problems);
    if (batch.synced) synced.resolve();
  });
  await synced.promise;
  await stage.stop();
  return { changes, problems: [...problems.values()].flat() };
}

/** Slips in a hostId are letters; with more, all IDs that are counted up would be near each other. */
const MOST_SLIPS = 2;

/**
 * `host-unknown` with the hostId that may be meant. Only here: among the hosts of a cluster nobody writes IDs by hand, and placement would have to look
 * at all of them again whenever a Host comes or goes.
 */
function withHostMeant(problem: Problem, index: Placer["index"]): Problem {
  const hostId = problem.code === "host-unknown" ? (index.workload(problem.subject)?.hostId ?? "") : "";
  const known = hostId === "" ? [] : Array.from(index.hosts.records(), (host) => host.hostId).sort();
  const meant = nearest(hostId, known, MOST_SLIPS);
  return meant === undefined ? problem : { ...problem, remedy: `Did you mean ${meant}? ${problem.remedy}` };
}

/** With the place of its object, where the problem knows none better. */
function placedIn({ places }: ReadObjects, problem: Problem): Problem {
  const { kind, namespace, name } = problem.subject;
  const place = problem.place ?? places.get(`${kind}/${namespace}/${name}`);
  return place === undefined ? problem : { ...problem, place };
}
