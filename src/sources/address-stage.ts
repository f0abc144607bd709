/** Between a source and placement: gives every Host the addresses at which it can be reached. */
import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../placement/problem.ts";
import { type HostRecord, type RecordChange, recordKey } from "../placement/records.ts";
import {
  type AddressOverride,
  addressText,
  advertisedTarget,
  overrideTarget,
  type Target,
  type TargetVerdict,
} from "./address.ts";
import { quoted } from "./hostname.ts";
import { type Lookup, systemLookup } from "./lookup.ts";
import { type AddressCheck, addressCheck, parseNetwork } from "./network.ts";
import { NameResolver, type Resolution } from "./resolver.ts";
import type { Batch, HostDescription, ObjectChange, ObjectSource, RecordSource, Sink } from "./source.ts";

/** Where hosts are, in the administrator's words. */
export interface AddressSettings {
  /** CIDR networks that hosts may be in; none: any but the special ones. See addressCheck. Those that are no network are ignored (src/config reports them). */
  readonly allowedNetworks: readonly string[];
  /** Addresses instead of advertised ones; the first that matches a Host counts. */
  readonly overrides: readonly AddressOverride[];
  /** Time between two DNS questions for a name, in ms; a TTL below it counts. */
  readonly dnsRefreshMs: number;
  /** How long a Host waits for the first answer before it counts as without address, in ms. */
  readonly dnsFirstMs: number;
}

/** Problems by what they are about. */
type Reports = Map<string, readonly Problem[]>;

interface StagedHost {
  description: HostDescription;
  verdict: TargetVerdict;
  /** The DNS name that is followed for it. */
  name: string | undefined;
  /** What was given of it last; undefined while its first address is awaited. */
  given: HostRecord | undefined;
  /** Problems of the object itself, and all that was reported last. */
  own: readonly Problem[];
  reported: readonly Problem[];
}

/**
 * A source of records over a source of objects; whatever is no Host passes as it is.
 * - A Host with a literal address, or a name that is known, passes in the batch it came in. One with a new name is withheld until the name is resolved, at
 *   most `dnsFirstMs`; `synced` waits for those as well, so the first complete state has all addresses that could be had.
 * - A Host that was given keeps its addresses until those of a changed name are known.
 * - Every address, whoever gave it, must pass the allowed networks.
 * - What is of one time passes whole before what is of a later one does: a Host of the past that is gone by now is given with its addresses, then taken back.
 */
export class AddressStage implements RecordSource {
  readonly #source: ObjectSource;
  readonly #resolver: NameResolver;
  #settings: AddressSettings;
  #usable: AddressCheck;
  readonly #hosts = new Map<string, StagedHost>();
  readonly #byName = new Map<string, Set<string>>();
  /** Hosts not given yet. Those that came before the source was synced hold back `synced`. */
  readonly #awaited = new Set<string>();
  readonly #dirty = new Set<string>();
  /** When what passed last was so; undefined: now. */
  #asOfMs: number | undefined;
  /** Of a later time than Hosts that are awaited. */
  readonly #later: Batch<ObjectChange>[] = [];
  #sink: Sink<RecordChange> | undefined;
  #soon: NodeJS.Immediate | undefined;
  #sourceSynced = false;
  #synced = false;
  #stale: string | undefined;

  constructor(source: ObjectSource, settings: AddressSettings, lookup: Lookup = systemLookup()) {
    this.#source = source;
    this.#settings = settings;
    this.#usable = checkOf(settings);
    const { dnsRefreshMs: refreshMs, dnsFirstMs: firstMs } = settings;
    const changed = (name: string) => this.#resolved(name);
    this.#resolver = new NameResolver({ lookup, usable: this.#usable, refreshMs, firstMs, changed });
  }

  async start(sink: Sink<RecordChange>): Promise<void> {
    this.#sink = sink;
    await this.#source.start((batch) => {
      this.#later.push(batch);
      this.#passOn();
    });
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
    clearImmediate(this.#soon);
    await this.#source.stop();
    this.#resolver.stop();
  }

  /** Takes other networks and overrides, and gives what changes by them. The DNS intervals stay as they were. */
  setSettings(settings: AddressSettings): void {
    this.#settings = settings;
    this.#usable = checkOf(settings);
    this.#resolver.setUsable(this.#usable);
    for (const [key, host] of this.#hosts) this.#aim(key, host, host.description);
    this.#flush([], new Map(), this.#stale);
    this.#passOn();
  }

  #passOn(): void {
    for (let [next] = this.#later; next !== undefined; [next] = this.#later) {
      if (this.#asOfMs !== undefined && next.asOfMs !== this.#asOfMs && this.#awaited.size > 0) return;
      this.#later.shift();
      this.#pass(next);
    }
  }

  #pass(batch: Batch<ObjectChange>): void {
    if (this.#sink === undefined) return; // stopped: nothing may be followed any more
    const changes: RecordChange[] = [];
    const reports: Reports = new Map();
    for (const change of batch.changes) {
      if ("remove" in change) {
        if (change.remove.kind !== "Host" || this.#drop(recordKey(change.remove), reports)) changes.push(change);
      } else if (change.put.kind === "Host") this.#put(change.put);
      else changes.push({ put: change.put });
    }
    for (const { about, problems } of batch.problems) {
      const host = this.#hosts.get(about);
      if (host === undefined) reports.set(about, problems);
      else {
        host.own = problems;
        this.#dirty.add(about);
      }
    }
    this.#sourceSynced = batch.synced;
    this.#asOfMs = batch.asOfMs;
    this.#flush(changes, reports, batch.stale);
  }

  #put(description: HostDescription): void {
    const key = recordKey(description);
    let host = this.#hosts.get(key);
    if (host === undefined) {
      host = {
        description,
        verdict: this.#verdictOf(description),
        name: undefined,
        given: undefined,
        own: [],
        reported: [],
      };
      this.#hosts.set(key, host);
      this.#awaited.add(key);
    }
    this.#aim(key, host, description);
  }

  /** Points a host at where its description and the settings say it is. */
  #aim(key: string, host: StagedHost, description: HostDescription): void {
    host.description = description;
    host.verdict = this.#verdictOf(description);
    const target = targetOf(host.verdict);
    const name = target?.kind === "name" ? target.name : undefined;
    this.#dirty.add(key);
    if (name === host.name) return;
    if (name !== undefined) {
      this.#byName.set(name, (this.#byName.get(name) ?? new Set()).add(key));
      this.#resolver.follow(name);
    }
    this.#leave(key, host);
    host.name = name;
  }

  #leave(key: string, host: StagedHost): void {
    if (host.name === undefined) return;
    this.#resolver.unfollow(host.name);
    const users = this.#byName.get(host.name);
    users?.delete(key);
    if (users?.size === 0) this.#byName.delete(host.name);
  }

  /** Forgets a host; whether it was ever given. */
  #drop(key: string, reports: Reports): boolean {
    const host = this.#hosts.get(key);
    if (host === undefined) return false;
    this.#leave(key, host);
    this.#hosts.delete(key);
    this.#awaited.delete(key);
    this.#dirty.delete(key);
    // The object may be there still, and only be no Host any more: what its source says of it goes on alone.
    if (!isDeepStrictEqual(host.own, host.reported)) reports.set(key, host.own);
    return host.given !== undefined;
  }

  #verdictOf({ hostId, name, advertisedHostname, advertisedPort }: HostDescription): TargetVerdict {
    const hostname = advertisedHostname.toLowerCase();
    const override = this.#settings.overrides.find(
      (o) => o.hostId === hostId || o.name === name || (hostname !== "" && o.hostname === hostname),
    );
    return override === undefined
      ? advertisedTarget(advertisedHostname, advertisedPort)
      : overrideTarget(override.address, advertisedPort);
  }

  /** Answers come in crowds at the start: they are given together. */
  #resolved(name: string): void {
    for (const key of this.#byName.get(name) ?? []) this.#dirty.add(key);
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#flush([], new Map(), this.#stale);
      this.#passOn();
    });
  }

  /** Gives the changes, and those of all dirty hosts. */
  #flush(changes: RecordChange[], reports: Reports, stale: string | undefined): void {
    for (const key of this.#dirty) {
      const host = this.#hosts.get(key);
      if (host !== undefined) this.#settle(key, host, changes, reports);
    }
    this.#dirty.clear();
    const synced = this.#synced || (this.#sourceSynced && this.#awaited.size === 0);
    const news = changes.length > 0 || reports.size > 0 || synced !== this.#synced || stale !== this.#stale;
    this.#synced = synced;
    this.#stale = stale;
    if (!news) return;
    const problems = Array.from(reports, ([about, list]) => ({ about, problems: list }));
    const past = this.#asOfMs === undefined ? {} : { asOfMs: this.#asOfMs };
    this.#sink?.({ changes, problems, synced, stale, ...past });
  }

  #settle(key: string, host: StagedHost, changes: RecordChange[], reports: Reports): void {
    const target = targetOf(host.verdict);
    const resolution = target === undefined ? undefined : this.#resolutionOf(target);
    const pending = resolution?.pending === true;
    if (!pending || host.given !== undefined) {
      const known = resolution?.ips.map((ip) => addressText({ ip, port: target?.port ?? 0 })).sort() ?? [];
      const record = recordOf(host.description, pending ? (host.given?.addresses ?? []) : known);
      if (!isDeepStrictEqual(record, host.given)) changes.push({ put: record });
      host.given = record;
      this.#awaited.delete(key);
    }
    const all = [...host.own, ...(pending ? [] : addressProblems(host, resolution))];
    if (isDeepStrictEqual(all, host.reported)) return;
    host.reported = all;
    reports.set(key, all);
  }

  #resolutionOf(target: Target): Resolution {
    if (target.kind === "name") return this.#resolver.resolutionOf(target.name);
    const reason = this.#usable(target.ip);
    if (reason === undefined) return { pending: false, ips: [target.ip], failure: undefined, refused: [] };
    return { pending: false, ips: [], failure: undefined, refused: [[target.ip, reason]] };
  }
}

function checkOf(settings: AddressSettings): AddressCheck {
  return addressCheck(settings.allowedNetworks.flatMap((text) => parseNetwork(text) ?? []));
}

function targetOf(verdict: TargetVerdict): Target | undefined {
  return "target" in verdict ? verdict.target : undefined;
}

function recordOf(description: HostDescription, addresses: readonly string[]): HostRecord {
  const { advertisedHostname: _hostname, advertisedPort: _port, ...rest } = description;
  return { ...rest, addresses, held: false };
}

function addressProblems({ description, verdict }: StagedHost, resolution: Resolution | undefined): readonly Problem[] {
  const { namespace, name, advertisedHostname, advertisedPort } = description;
  const subject = (field: string) => ({ kind: "Host", namespace, name, field });
  if (!("target" in verdict)) {
    const [field, value] =
      verdict.part === "port" ? ["httpPort", String(advertisedPort)] : ["hostname", quoted(advertisedHostname)];
    return [
      { code: "address-missing", subject: subject(field), cause: `${value} ${verdict.reason}`, remedy: verdict.remedy },
    ];
  }
  if (resolution === undefined) return [];
  const { target } = verdict;
  const problems = resolution.refused.map(([ip, reason]): Problem => {
    const what = target.kind === "name" ? `${quoted(target.name)} resolves to ${ip}, which` : `${ip}`;
    const remedy = `If hosts are meant to be there, add ${ip}/${ip.includes(":") ? 128 : 32} to hosts.allowedNetworks`;
    return { code: "address-refused", subject: subject("hostname"), cause: `${what} ${reason}`, remedy };
  });
  if (target.kind === "name" && resolution.failure !== undefined && problems.length === 0) {
    const kept =
      resolution.ips.length > 0 ? `; ${resolution.ips.join(", ")} stays in use from the last good answer` : "";
    const remedy =
      "Correct DNS, start the host with --host-name set to an IP address, or set an override in hosts.overrides";
    const cause = `${quoted(target.name)} cannot be resolved (${resolution.failure})${kept}`;
    problems.push({ code: "address-unresolved", subject: subject("hostname"), cause, remedy });
  }
  return problems;
}
