/** The laboratory's side of the load. */
import { type Remote, startRemote } from "../../bench/remote.ts";
import type { Door, LoadCalls, Record } from "./load-process.ts";
import type { RequestKind } from "./request-kind.ts";
import type { Site } from "./site.ts";

export class Load {
  readonly #remote: Remote<LoadCalls> = startRemote<LoadCalls>("../lab/load/load-process.ts");
  readonly #perSecond: number;
  #sites: readonly Site[] = [];
  #doors: readonly Door[] = [];

  /** `perSecond` requests of all kinds together. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Begins, with requests of these kinds. */
  async start(sites: readonly Site[], doors: readonly Door[], kinds: readonly RequestKind[]): Promise<void> {
    this.#sites = sites;
    this.#doors = doors;
    await this.#remote.ask("start", { sites, doors, kinds, perSecond: this.#perSecond });
  }

  /** Sends no more requests through this door, as a balancer does with a proxy that leaves. Requests under way go on. */
  async leave(name: string): Promise<void> {
    await this.#through(this.#doors.filter((door) => door.name !== name));
  }

  /** Sends requests through this door too. */
  async enter(door: Door): Promise<void> {
    await this.#through([...this.#doors, door]);
  }

  async #through(doors: readonly Door[]): Promise<void> {
    this.#doors = doors;
    await this.#remote.ask("through", doors);
  }

  /** Asks this site too. */
  async include(site: Site): Promise<void> {
    this.#sites = [...this.#sites, site];
    await this.#remote.ask("among", this.#sites);
  }

  /** Other answers are right for these hostnames from now on: for requests under way, in addition to those before. Fulfilled when that holds. */
  async expect(sites: readonly Site[]): Promise<void> {
    const now = new Map(sites.map((site) => [site.hostname, site]));
    this.#sites = this.#sites.map((site) => now.get(site.hostname) ?? site);
    await this.#remote.ask("among", this.#sites);
  }

  /** Asks this site no more. */
  async exclude(hostname: string): Promise<void> {
    this.#sites = this.#sites.filter((site) => site.hostname !== hostname);
    await this.#remote.ask("among", this.#sites);
  }

  /** What has ended since the start or the last time it was taken; for who runs so long that not everything can be kept. */
  async take(): Promise<Record> {
    return await this.#remote.ask("take", undefined);
  }

  /** Fulfilled with all outcomes since the start (or those not taken), when the last request has ended. */
  async stop(): Promise<Record> {
    return await this.#remote.ask("stop", undefined);
  }

  async end(): Promise<void> {
    await this.#remote.stop();
  }
}
