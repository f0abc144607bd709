/** Keeps the addresses of names up to date. */
import { canonicalIp } from "./address.ts";
import type { Answer, Lookup } from "./lookup.ts";
import type { AddressCheck } from "./network.ts";

/** What is known of a name. */
export interface Resolution {
  /** The first answer is still out, and not overdue yet. */
  readonly pending: boolean;
  /** Usable addresses of one family, sorted, canonical; the last good ones while nobody can say. */
  readonly ips: readonly string[];
  /** Why there is no newer answer, or none at all; undefined after a good one. */
  readonly failure: string | undefined;
  /** Addresses it has that may not be used, with the reason. */
  readonly refused: readonly (readonly [ip: string, reason: string])[];
}

/** How names are resolved. */
export interface ResolverOptions {
  readonly lookup: Lookup;
  readonly usable: AddressCheck;
  /** Time between two questions for a name, in ms; less where its answer says so. */
  readonly refreshMs: number;
  /** After so many ms without a first answer a name counts as having none, in ms. The question stays out. */
  readonly firstMs: number;
  /** What is known of a name changed. */
  readonly changed: (name: string) => void;
}

interface Entry {
  users: number;
  resolution: Resolution;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  asking: boolean;
  /** Asked with a check that is no longer the current one. */
  outdated: boolean;
}

/** Never ask for a name more often than this, whatever its answer says. */
const MIN_REFRESH_MS = 1_000;
/** Names asked for at once: a resolver drops questions that come by the thousand. */
const QUESTIONS_AT_ONCE = 50;

const PENDING: Resolution = { pending: true, ips: [], failure: undefined, refused: [] };

/**
 * One entry per name, however many use it. Its states, by `resolution`:
 * - pending: asked, no answer. Left by an answer, or by the clock after `firstMs` (then: failed without addresses).
 * - good: usable addresses. Left by an answer without any (failed, last good addresses kept).
 * - failed: asked again at growing intervals up to `refreshMs`. Left by a good answer.
 * An answer that the name has no address any more keeps the last good ones too: a name that was removed by mistake must not cut off its host, and a host
 * that is really gone is found by its missing heartbeats.
 * IPv4 is preferred: only where no IPv4 address is usable, and that for certain, IPv6 is asked for, so that a family does not change on one lost answer.
 */
export class NameResolver {
  readonly #options: ResolverOptions;
  #usable: AddressCheck;
  readonly #entries = new Map<string, Entry>();
  readonly #queue: string[] = [];
  #asked = 0;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#usable = options.usable;
  }

  /** Begins to follow a name, or counts one more user of it. */
  follow(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) {
      entry.users++;
      return;
    }
    const { firstMs } = this.#options;
    const timer = setTimeout(() => this.#overdue(name), firstMs);
    this.#entries.set(name, { users: 1, resolution: PENDING, failures: 0, timer, asking: false, outdated: false });
    this.#ask(name);
  }

  /** One user less; the last one ends it. */
  unfollow(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined || --entry.users > 0) return;
    clearTimeout(entry.timer);
    this.#entries.delete(name);
  }

  /** What is known of a followed name. */
  resolutionOf(name: string): Resolution {
    return this.#entries.get(name)?.resolution ?? PENDING;
  }

  /** Other addresses may be used from now on: those known are filtered at once, and every name is asked for again. */
  setUsable(usable: AddressCheck): void {
    this.#usable = usable;
    for (const [name, entry] of this.#entries) {
      entry.outdated = true;
      entry.resolution = { ...entry.resolution, ips: entry.resolution.ips.filter((ip) => usable(ip) === undefined) };
      this.#ask(name);
    }
  }

  /** Ends everything. */
  stop(): void {
    for (const entry of this.#entries.values()) clearTimeout(entry.timer);
    this.#entries.clear();
    this.#queue.length = 0;
  }

  #overdue(name: string): void {
    const entry = this.#entries.get(name);
    if (entry?.resolution.pending !== true) return;
    this.#set(name, entry, { ...PENDING, pending: false, failure: `no answer for ${this.#options.firstMs} ms` });
  }

  #ask(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.asking) return;
    entry.asking = true;
    if (this.#asked >= QUESTIONS_AT_ONCE) this.#queue.push(name);
    else void this.#question(name, entry);
  }

  async #question(name: string, entry: Entry): Promise<void> {
    this.#asked++;
    entry.outdated = false;
    const { resolution, ttlMs } = await this.#resolve(name, entry.resolution);
    this.#asked--;
    entry.asking = false;
    this.#nextInQueue();
    if (this.#entries.get(name) !== entry) return; // nobody follows it any more
    if (entry.outdated) return this.#ask(name);
    clearTimeout(entry.timer);
    entry.failures = resolution.failure === undefined ? 0 : entry.failures + 1;
    const { refreshMs } = this.#options;
    const pause = entry.failures === 0 ? (ttlMs ?? refreshMs) : MIN_REFRESH_MS * 2 ** Math.min(entry.failures - 1, 16);
    entry.timer = setTimeout(() => this.#ask(name), Math.min(refreshMs, Math.max(pause, MIN_REFRESH_MS)));
    this.#set(name, entry, resolution);
  }

  #nextInQueue(): void {
    for (let name = this.#queue.shift(); name !== undefined; name = this.#queue.shift()) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      void this.#question(name, entry);
      return;
    }
  }

  async #resolve(
    name: string,
    last: Resolution,
  ): Promise<{ readonly resolution: Resolution; readonly ttlMs: number | undefined }> {
    const v4 = await this.#options.lookup(name, 4);
    const sorted4 = this.#sort(v4);
    if (sorted4.ips.length > 0)
      return { resolution: { pending: false, failure: undefined, ...sorted4 }, ttlMs: ttlOf(v4) };
    if (v4.kind === "failed" && last.ips.length > 0)
      return { resolution: { ...last, failure: v4.cause }, ttlMs: undefined };

    const v6 = await this.#options.lookup(name, 6);
    const sorted6 = this.#sort(v6);
    const refused = [...sorted4.refused, ...sorted6.refused];
    if (sorted6.ips.length > 0)
      return { resolution: { pending: false, ips: sorted6.ips, failure: undefined, refused }, ttlMs: ttlOf(v6) };
    const failed = [v4, v6].flatMap((answer) => (answer.kind === "failed" ? [answer.cause] : []));
    const failure = failed[0] ?? (refused.length > 0 ? "no address of it may be used" : "it has no address");
    // What may not be used is refused, not missing: then there is nothing to be kept.
    const kept = refused.length > 0 && failed.length === 0 ? [] : last.ips;
    return { resolution: { pending: false, ips: kept, failure, refused }, ttlMs: undefined };
  }

  #sort(answer: Answer): Pick<Resolution, "ips" | "refused"> {
    const all = answer.kind === "found" ? answer.ips.flatMap((ip) => canonicalIp(ip) ?? []) : [];
    const verdicts = [...new Set(all)].sort().map((ip) => [ip, this.#usable(ip)] as const);
    return {
      ips: verdicts.flatMap(([ip, reason]) => (reason === undefined ? [ip] : [])),
      refused: verdicts.flatMap(([ip, reason]) => (reason === undefined ? [] : [[ip, reason] as const])),
    };
  }

  #set(name: string, entry: Entry, resolution: Resolution): void {
    entry.resolution = resolution;
    this.#options.changed(name);
  }
}

function ttlOf(answer: Answer): number | undefined {
  return answer.kind === "found" ? answer.ttlMs : undefined;
}
